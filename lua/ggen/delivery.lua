-- Sends letters over HTTP beside a run: one after another, again after a failure that may pass, and
-- never in anybody's way. What is unsent at the end goes to an outbox, which the next run sends
-- first. Knows nothing of what the letters say.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local outbox = require("ggen.outbox")

local M = {}

local FIRST_WAIT, LONGEST_WAIT = 1, 30 -- seconds between two attempts; it doubles
local MOST = { files = 64, bytes = 8 * 1024 * 1024 } -- of the outbox, and of what waits in memory
local MOST_TEXT = 200 -- bytes of what a server says that are handed on

-- Answers after which another attempt makes sense; after all others it does not.
local MAY_PASS = { [429] = true, [502] = true, [503] = true, [504] = true }
-- Requests that cannot be made as things are: the next run may be set up better.
local NOT_NOW = { invalid = true, unsupported = true, tls = true }

---@class ggen.Delivery
local Delivery = { __name = "ggen.Delivery" }
Delivery.__index = Delivery

---@class ggen.DeliveryReport
---@field sent integer letters
---@field kept integer letters that a later run will send
---@field lost integer letters that nobody will
---@field problem string? the last thing that went wrong
---@field note string? what the server had to say about a letter that it took

---@param options ggen.DeliveryOptions
---@return ggen.Delivery
function M.new(options)
  local clock = require("ggen.core.clock")
  local self = setmetatable({
    _request = options.request, _answered = options.answered,
    _ask = options.ask or require("ggen.http").request, _sleep = options.sleep or async.sleep,
    _now = options.now or clock.monotonic, _jitter = options.jitter,
    _queue = {}, _bytes = 0, _failures = 0, _not_before = 0,
    _report = { sent = 0, kept = 0, lost = 0 },
  }, Delivery)
  self._outbox = outbox.open(options.dir, options.name, options.limits or MOST,
    options.unix or clock.unix)
  self._most = (options.limits or MOST).bytes
  return self
end

---Sends what earlier runs left behind.
function Delivery:resume()
  for _, letter in ipairs(self._outbox:take()) do self._queue[#self._queue + 1] = letter end
  self:_work()
end

---Sends a letter when its turn comes.
---@param kind string letters and digits; for `request`
---@param body string
function Delivery:post(kind, body)
  if self._finished then return end
  self._queue[#self._queue + 1] = { kind = kind, body = body }
  self._bytes = self._bytes + #body
  -- The first one may be on its way.
  while self._bytes > self._most and #self._queue > 2 do
    self._report.lost = self._report.lost + 1
    self:_remove(2)
  end
  self:_work()
end

function Delivery:_remove(at)
  local letter = table.remove(self._queue, at)
  if letter.body and not letter.file then self._bytes = self._bytes - #letter.body end
  self._outbox:remove(letter)
end

function Delivery:_work()
  if self._thread or #self._queue == 0 then return end
  self._done = async.future()
  -- A marker first: the coroutine may be through before run() returns.
  self._thread = true
  local done = self._done
  local thread = async.run(function() self:_send_all() end, function(ok, problem)
    self._thread = nil
    if not ok and problem ~= async.CANCELLED then
      self._report.problem = tostring(problem)
      self._stopped = true
    end
    done:resolve()
  end)
  if self._thread then self._thread = thread end
end

-- The time in which an answer asks to be left alone: seconds, or a date (RFC 9110, 10.2.3).
local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
  Oct = 10, Nov = 11, Dec = 12 }

---@param text string? the header
---@param now number seconds since 1970
---@return number? seconds
function M.retry_after(text, now)
  if not text then return nil end
  if text:find("^%d+$") then return tonumber(text) end
  local day, month, year, hour, minute, second =
    text:match("^%a+, (%d%d) (%a+) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  if not day or not MONTHS[month] then return nil end
  -- Days since 1970 by the civil calendar, with years that begin in March.
  local m = MONTHS[month]
  local y = tonumber(year) - (m <= 2 and 1 or 0)
  local of_year = math.floor((153 * (m + (m > 2 and -3 or 9)) + 2) / 5) + tonumber(day) - 1
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400) + of_year
    - 719468
  return math.max(days * 86400 + hour * 3600 + minute * 60 + second - now, 0)
end

-- Without passwords.
local function shown(url) return (url:gsub("://[^/@]*@", "://"):gsub("[?#].*$", "")) end

---What somebody else says, as one short line that can be shown: without control characters, and
---not cut within a letter.
---@param text string
---@param most integer? bytes (200)
---@return string
function M.said(text, most)
  most = most or MOST_TEXT
  -- C1 controls (U+0080 to U+009F) are two bytes of UTF-8.
  text = text:sub(1, most * 4):gsub("\194[\128-\159]", " "):gsub("[%c%s]+", " "):gsub("^ ", "")
  if #text > most then
    text = text:sub(1, most):gsub("[\192-\255][\128-\191]*$", "")
  end
  return (text:gsub(" $", ""))
end

-- What a server says about its answer.
local function said(url, response)
  local text = M.said(response.body)
  local value = require("ggen.core.json").decode(response.body)
  if type(value) == "table" and type(value.message) == "string" then
    text = M.said(value.message)
  end
  return ("%s answered %d%s"):format(shown(url), response.status, text ~= "" and ": " .. text or "")
end

-- Nothing more is sent before that.
function Delivery:_wait_after_failure(response)
  self._failures = self._failures + 1
  local wait = math.min(FIRST_WAIT * 2 ^ (self._failures - 1), LONGEST_WAIT)
  local random = self._jitter and self._jitter()
    or tonumber(require("ggen.random").hex(1), 16) / 255
  wait = wait * (0.8 + 0.4 * random)
  local asked = response and M.retry_after(response.headers["retry-after"],
    require("ggen.core.clock").unix())
  self._not_before = self._now() + (asked or wait)
end

-- Takes the answer to the first letter; returns whether the others can be sent.
function Delivery:_take(url, response, message, problem)
  local report = self._report
  if response and response.status >= 200 and response.status < 300 then
    report.sent = report.sent + 1
    self._failures = 0
    local note = self._answered and self._answered(self._queue[1].kind, response)
    if note then report.note = note end
    self:_remove(1)
  elseif response and not MAY_PASS[response.status] then
    report.lost, report.problem = report.lost + 1, said(url, response)
    self:_remove(1)
  else
    report.problem = response and said(url, response) or message
    if NOT_NOW[problem] then
      self._stopped = true
      return false
    end
    self:_wait_after_failure(response)
  end
  return true
end

function Delivery:_send_all()
  while #self._queue > 0 and not self._stopped do
    local wait = self._not_before - self._now()
    if wait > 0 then
      if self._deadline and self._not_before >= self._deadline then return end
      self._waiting = true
      self._sleep(wait)
      self._waiting = false
    end
    local letter = self._queue[1]
    letter.body = letter.body or self._outbox:read(letter)
    if letter.body then
      local request = self._request(letter.kind)
      request.method, request.body = request.method or "POST", letter.body
      self._asking = request.url
      local response, message, problem = self._ask(request)
      self._asking = nil
      self._heard = self._heard or response ~= nil
      if not self:_take(request.url, response, message, problem) then return end
    else
      self:_remove(1) -- somebody else took it away
    end
  end
end

---Waits until all is sent, but not for long; then nothing is sent any more, and what is left goes
---to the outbox. For a server that let another run wait in vain lately it does not wait at all.
---@async
---@param seconds number
---@return ggen.DeliveryReport
function Delivery:finish(seconds)
  if self._finished then return self._report end
  if self._thread and seconds > 0 and not self._heard and self._outbox:in_doubt() then
    seconds, self._quiet = 0, true
  end
  self._deadline = self._now() + seconds
  local in_vain = self._waiting and self._not_before >= self._deadline
  if self._thread and not in_vain and seconds > 0 then
    async.race({ function() self._done:wait() end, function() self._sleep(seconds) end })
    if self._asking and not self._heard then self._outbox:waited(false) end
  end
  if self._heard then self._outbox:waited(true) end
  return self:close()
end

---Ends it at once.
---@return ggen.DeliveryReport
function Delivery:close()
  if self._finished then return self._report end
  self._finished = true
  local report = self._report
  -- A server that has answered before is only slower than we are.
  if self._asking and not self._heard and not self._quiet then
    report.problem = report.problem or shown(self._asking) .. " has not answered yet"
  end
  if self._thread then self._thread:cancel() end
  local lost, message = self._outbox:keep(self._queue)
  report.lost, report.kept = report.lost + lost, math.max(#self._queue - lost, 0)
  if message then
    report.problem = report.problem and report.problem .. "; " .. message or message
  end
  self._queue = {}
  return report
end

return M
