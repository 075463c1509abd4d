-- The host's end of a process with a plugin: calls of its functions, which wait on the loop or for
-- an answer at once, and what the process asks meanwhile. The process may do anything: every
-- message is looked at, and one that hangs, floods, dies or talks nonsense is ended.
--
-- Messages are lists of values. To the process: "call" id fn ...; "now" id fn ..., for which all
-- else waits; "reply" id ok ...; "waits" id, when the reply takes its time; "load" id name text
-- chunk borrowed. From it: "return" id ok identities ...; and questions, "call" "method" "get"
-- "api" "value" "module" "borrowed", each with id, the call that it is asked in, and arguments. ok:
-- true, false with a message, nil for cancelled. Each call and each reply is followed by one
-- message of the process, when it stops: so it is known whether it is busy. "release" list: in both
-- directions.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local fault = require("ggen.fault")
local harmless = require("ggen.harmless")
local peer = require("ggen.isolation.peer")
local sandbox = require("ggen.core.sandbox")
local timer = require("ggen.core.timer")

local M = {}

local CANCELLED = async.CANCELLED
-- Those that there are now: a test may turn the clock of all others, and the process goes by none.
local monotonic, start_timer = clock.monotonic, timer.start
local START = 10 -- seconds for a process to be there
local LIMIT = 10 -- seconds that a call may compute
local NEVER = 1e6
local MEMORY = 256 * 1024 * 1024
local CPU = 3600 -- seconds of processor time; what counts is the limit of a call

---@class ggen.Link
---@field package _name string of the plugin
---@field package _channel userdata
---@field package _refs ggen.Peer
---@field package _services table<string, function> what it may ask for
---@field package _limit number
---@field package _calls table<integer, table> that it has not returned from
---@field package _last integer id of the last call
---@field package _owed integer messages that are to come
---@field package _since number since when it computes
---@field package _threads table<integer, table> questions that are being worked on
---@field package _blocking table[] calls that are waited for without the loop, the innermost last
---@field package _later table[] messages that came meanwhile
---@field package _released boolean? the last message was a release
---@field package _ended string? why there is no process any more
local Link = {}
Link.__index = Link

-- Which parts are missing, as a text; nil when it is whole.
local function missing(landlock, seccomp)
  if landlock ~= 0 and seccomp then return nil end
  return landlock ~= 0 and "seccomp" or seccomp and "Landlock" or "Landlock and seccomp"
end

-- How long a call may compute: less than after what the run is ended (GGEN_PLUGIN_LIMIT), since
-- here there is a process to end instead.
local function limit_of(options)
  if options.limit then return options.limit end
  local text = os.getenv("GGEN_PLUGIN_LIMIT")
  if text == "off" then return NEVER end
  local usual = text and text ~= ""
    and require("ggen.units").duration(tonumber(text) or text) or LIMIT
  return usual * 0.9
end

local function may_be_weaker(options)
  return options.weaker or os.getenv("GGEN_SANDBOX") == "weaker"
end

-- An error of the host, as a plugin may catch it: a text.
local function text_of(value)
  if type(value) == "string" then return value end
  return fault.is(value) and tostring(value) or "error of the host"
end

-- The end -----------------------------------------------------------------------------------------

local function wake(self)
  local calls = self._calls
  self._calls = {}
  for _, call in pairs(calls) do
    if call.resume then call.resume(false, self._ended) end
  end
  for _, entry in pairs(self._threads) do entry.thread:cancel() end
  self._threads = {}
end

local function stop_timer(self)
  if self._timer then self._timer:close() end
  self._timer = nil
end

local function somebody_waits(self)
  for _, call in pairs(self._calls) do
    if not call.cancelled then return true end
  end
  return next(self._threads) ~= nil
end

-- Ends the process. Those who wait are told by the loop: this may happen in the midst of anything.
local function fail(self, why, gone)
  if self._ended then return end
  local how = self._channel:close(gone)
  self._ended = why .. (how and (" (%s)"):format(how) or "")
  stop_timer(self)
  if somebody_waits(self) then start_timer(0, function() wake(self) end) end
end

function Link:is_open() return not self._ended end

---Ends the process.
function Link:close() fail(self, "its process has been closed") end

-- Messages ----------------------------------------------------------------------------------------

local function too_long(self)
  fail(self, ("it computed for more than %g s, and its process was ended"):format(self._limit))
end

local function watch_out(self)
  if self._timer or #self._blocking > 0 then return end
  self._timer = start_timer(self._limit, function()
    self._timer = nil
    if self._ended or self._owed == 0 then return end
    if monotonic() - self._since >= self._limit then too_long(self) else watch_out(self) end
  end)
end

-- Sends; raises when something cannot be passed, or there is nobody any more.
local function send(self, ...)
  if self._ended then error(self._ended, 0) end
  local list = self._refs and self._refs:releases()
  if list then self._channel:send(self._limit, "release", list) end
  local ok, message, kind = self._channel:send(self._limit, ...)
  if ok then return end
  if kind == "value" or kind == "limit" and message:find("32 MiB", 1, true) then
    error(message, 0)
  elseif kind == "timeout" then too_long(self)
  elseif kind == "limit" then fail(self, message .. ", and its process was ended")
  else fail(self, "its process has ended", true) end
  error(self._ended, 0)
end

-- Sends what the process has to answer.
local function give_work(self, ...)
  send(self, ...)
  if self._owed == 0 then self._since = monotonic() end
  self._owed = self._owed + 1
end

local function nonsense(self, what)
  fail(self, ("it sent what it never should (%s), and its process was ended"):format(
    harmless.line(tostring(what)):sub(1, 100)))
end

-- A message has come: who has computed is charged for it.
local function charge(self, call)
  local now = monotonic()
  self._owed = self._owed - 1
  if self._owed < 0 then return nonsense(self, "a message that nobody waits for") end
  if call then
    call.busy = call.busy + now - self._since
    if call.busy > self._limit then return too_long(self) end
  end
  self._since = now
  if self._owed == 0 then stop_timer(self) end
end

local function keep_loop(self)
  if self._ended or not self._watched then return end
  local needed = next(self._calls) ~= nil or next(self._threads) ~= nil or #self._later > 0
  if needed ~= self._kept then
    self._kept = needed
    self._channel:keep_loop(needed)
  end
end

-- Answers a question of the process.
local function reply(self, id, ok, ...)
  if self._ended then return end
  local sent, problem
  if ok then sent, problem = pcall(give_work, self, "reply", id, true, ...)
  elseif (...) == CANCELLED then sent, problem = pcall(give_work, self, "reply", id, nil)
  else sent, problem = pcall(give_work, self, "reply", id, false, text_of((...))) end
  if not sent and not self._ended then
    pcall(give_work, self, "reply", id, false, text_of(problem))
  end
  if not self._ended then watch_out(self) end
end

-- What must not wait, and what is over, does not.
local function may_wait(self, call)
  return call ~= nil and not call.cancelled and #self._blocking == 0
end

-- Works on a question in a coroutine of its own.
local function answer(self, service, id, call, ...)
  local arguments, count = { ... }, select("#", ...)
  local ended, problem
  local thread = async.run(function() return service(unpack(arguments, 1, count)) end,
    function(ok, ...)
      ended = true
      self._threads[id] = nil
      if problem then return reply(self, id, false, problem) end
      reply(self, id, ok, ...)
    end)
  if ended then return end
  if may_wait(self, call) then
    self._threads[id] = { thread = thread, call = call }
    pcall(send, self, "waits", id)
  else
    if not (call and call.cancelled) then problem = "this waits, and the method must not" end
    thread:cancel()
  end
end

local function is_number(id) return type(id) == "number" and id >= 1 and id % 1 == 0 end

local function returned(self, call, ok, ids, ...)
  if ok then
    if type(ids) == "table" then
      for i = 1, select("#", ...) do
        local id, value = ids[tostring(i)], (select(i, ...))
        if is_number(id) and type(value) == "table" and not self._refs.known[value] then
          self._refs:stand_in(id, value)
        end
      end
    end
    return call.resume(true, ...)
  end
  if ok == nil then return call.resume(false, CANCELLED) end
  local message = ...
  return call.resume(false, type(message) == "string" and message or "it failed without a message")
end

-- Of another call than the one that is waited for: its turn comes later.
local function set_aside(self, what, id, of, ...)
  self._later[#self._later + 1] = { n = select("#", ...), what, id, of, ... }
end

-- Carries out one message. `only`: the call that is waited for without the loop; what belongs to
-- others is left until later then: it could change what the caller is in the midst of.
local function carry_out(self, only, what, id, of, ...)
  if what == "release" then
    -- One at most goes before a message.
    if self._released or type(id) ~= "table" then return nonsense(self, what) end
    self._released = true
    return self._refs:let_go(id)
  end
  self._released = false
  if not is_number(id) then return nonsense(self, what) end
  if what == "return" then
    local call = self._calls[id]
    if not call then return nonsense(self, "an answer to no question") end
    if only and call ~= only then return set_aside(self, what, id, of, ...) end
    charge(self, call)
    if self._ended then return end
    self._calls[id] = nil
    returned(self, call, of, ...)
    return keep_loop(self)
  end
  local service = self._services[what]
  if not service or self._threads[id] then return nonsense(self, what) end
  local call = self._calls[of]
  if only and call ~= only then return set_aside(self, what, id, of, ...) end
  charge(self, call)
  if self._ended then return end
  answer(self, service, id, call, ...)
  return keep_loop(self)
end

-- Takes a message. False: there is none.
local function take(self, only, seconds)
  local function taken(ok, ...)
    if ok then
      carry_out(self, only, ...)
      return true
    end
    local message, kind = ...
    if kind == "timeout" then return false end
    if kind == "io" then fail(self, "its process has ended", true)
    else nonsense(self, message) end
    return true
  end
  return taken(self._channel:receive(seconds))
end

local function carry_out_later(self)
  local list = self._later
  self._later = {}
  for _, message in ipairs(list) do
    if self._ended then return end
    carry_out(self, nil, unpack(message, 1, 3 + message.n))
  end
  keep_loop(self)
end

local function on_message(self)
  if #self._blocking > 0 then return end
  repeat until self._ended or not take(self, nil, 0)
end

-- What came while nothing but one answer was waited for: with it more may have been read, of which
-- the loop does not hear any more.
local function go_on_later(self)
  if self._ended or #self._later == 0 and not self._channel:waiting() then return end
  start_timer(0, function()
    carry_out_later(self)
    if self._watched and not self._ended then on_message(self) end
  end)
end

-- Calls -------------------------------------------------------------------------------------------

local function new_call(self, what, ...)
  local id = self._last + 1
  self._last = id
  local call = { id = id, busy = 0 }
  give_work(self, what, id, ...)
  self._calls[id] = call
  return call
end

local function results(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

-- Waits for the answer, and for nothing else.
local function call_at_once(self, what, ...)
  local blocking = self._blocking
  local result, count
  local call = new_call(self, what, ...)
  call.resume = function(...) result, count = { ... }, select("#", ...) end
  blocking[#blocking + 1] = call
  local ending = monotonic() + self._limit
  while not result and not self._ended do
    local left = ending - monotonic()
    if left <= 0 or not take(self, call, left) and not result then too_long(self) end
  end
  blocking[#blocking] = nil
  self._calls[call.id] = nil
  if #blocking == 0 then go_on_later(self) end
  if not result then error(self._ended, 0) end
  if self._owed > 0 then watch_out(self) end
  return results(unpack(result, 1, count))
end

local function cancel(self, call)
  call.cancelled = true
  call.resume = function() end
  for id, entry in pairs(self._threads) do
    if entry.call == call then
      self._threads[id] = nil
      entry.thread:cancel()
    end
  end
end

-- Waits on the loop.
local function call_on_loop(self, what, ...)
  local call = new_call(self, what, ...)
  if not self._watched then
    self._watched, self._kept = true, true
    self._channel:watch(function() on_message(self) end)
  end
  keep_loop(self)
  watch_out(self)
  return results(async.await(function(resume)
    call.resume = resume
    return { close = function() cancel(self, call) end }
  end))
end

local function waits_on_loop(self)
  return #self._blocking == 0 and async.can_wait() and coroutine.isyieldable()
    and not require("ggen.loading").current()
end

-- A function of the plugin.
local function function_of(self, id)
  local fn
  fn = function(...)
    if waits_on_loop(self) then return call_on_loop(self, "call", fn, ...) end
    return call_at_once(self, "now", fn, ...)
  end
  return fn, id
end

---The same function, which never waits on the loop.
---@param fn function of the plugin
---@return function
function Link:at_once(fn)
  return function(...) return call_at_once(self, "now", fn, ...) end
end

-- Start -------------------------------------------------------------------------------------------

local function start(self, options)
  local channel, message = sandbox.start()
  if not channel then error("its process could not be started: " .. message, 0) end
  self._channel = channel
  local parts = options.parts or {}
  send(self, "start", { memory = options.memory or MEMORY, cpu = CPU,
    landlock = parts.landlock ~= false, seccomp = parts.seccomp ~= false })
  local ok, ready, landlock, seccomp = channel:receive(START)
  if not ok or ready ~= "ready" or not landlock then
    fail(self, "its process could not be started", not ok)
    error(self._ended .. (ok and seccomp and ": " .. tostring(seccomp) or ""), 0)
  end
  local lacking = missing(landlock, seccomp)
  if lacking and not may_be_weaker(options) then
    self:close()
    error(("it is to run in a sandbox, and this kernel has no %s (GGEN_SANDBOX=weaker runs it in a"
      .. " process without)"):format(lacking), 0)
  end
end

---Starts a process.
---@param name string of the plugin
---@param services table<string, function>
---@param shown ggen.Offered
---@param options ggen.ProcessOptions
---@return ggen.Link raises when it cannot be
function M.new(name, services, shown, options)
  local self = setmetatable({ _name = name, _services = services, _calls = {}, _last = 0,
    _owed = 0, _since = 0, _threads = {}, _blocking = {}, _later = {},
    _limit = limit_of(options) }, Link)
  start(self, options)
  self._refs = peer.new(function(value, nested) return shown:describe(value, nested) end,
    function(class, id)
      if class ~= "function" then error("a reference that is none", 0) end
      return function_of(self, id)
    end)
  self._refs:attach(self._channel, true)
  return self
end

---Runs the plugin's file.
---@param text string
---@param chunk_name string
---@param borrowed string[]? functions of Lua's libraries that it asks for
---@return any plugin what it returned; raises what it raises
function Link:load(text, chunk_name, borrowed)
  return call_at_once(self, "load", self._name, text, chunk_name, borrowed)
end

return M
