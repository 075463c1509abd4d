-- An exchange over HTTP/1.1 after which the connection belongs to the caller, which libcurl cannot
-- give: as the calls of container engines that attach to something. No TLS, no proxies.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local head = require("ggen.http_head")
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")

local M = {}

local MOST_HEAD = 64 * 1024 -- bytes
local MOST_BODY = 1024 * 1024 -- of an answer that refuses
local MOST_INTERIM = 8 -- answers such as "100 Continue"

local OPTIONS = { type = "record", fields = {
  unix_socket = { type = "string" },
  host = { type = "string" },
  port = { type = "number", min = 1, max = 65535 },
  method = { type = "string", default = "POST" },
  path = { type = "string", required = true },
  headers = { type = "map", of = { type = "any" }, default = {} },
  body = { type = "string", default = "" },
  timeout = { type = "duration", default = 60 },
} }

-- Readers are { connection =, bytes = what has come and was not used yet }.

-- One more piece; false at the end, and when the connection broke.
local function more(self)
  local chunk, message = async.await(function(resume)
    local asked, problem = self.connection:read(resume)
    if not asked then resume(nil, problem) end
    return self.connection
  end)
  if chunk then self.bytes = self.bytes .. chunk end
  return chunk ~= nil, message
end

-- The next `size` bytes; fewer when there are no more.
local function take(self, size)
  local parts, have = { self.bytes }, #self.bytes
  while have < size do
    self.bytes = ""
    if not more(self) then break end
    parts[#parts + 1] = self.bytes
    have = have + #self.bytes
  end
  local bytes = table.concat(parts)
  self.bytes = bytes:sub(size + 1)
  return bytes:sub(1, size)
end

-- The next line without its end; nil when it is too long or there is none.
local function take_line(self)
  local from = 1
  while true do
    local last = self.bytes:find("\n", from, true)
    if last then
      local line = self.bytes:sub(1, last - 1):gsub("\r$", "")
      self.bytes = self.bytes:sub(last + 1)
      return line
    end
    from = #self.bytes + 1
    if from > 4096 or not more(self) then return nil end
  end
end

-- Of a body in chunks as much as came and is whole.
local function take_chunks(self)
  local parts, have = {}, 0
  while have < MOST_BODY do
    local digits = (take_line(self) or ""):match("^(%x+)")
    local size = digits and #digits <= 8 and tonumber(digits, 16) or 0
    if size == 0 then break end
    parts[#parts + 1] = take(self, math.min(size, MOST_BODY - have))
    have = have + size
    take_line(self)
  end
  return table.concat(parts)
end

local function take_body(self, answer)
  if answer.status == 204 or answer.status == 304 then return "" end
  if head.chunked(answer.headers) then return take_chunks(self) end
  return take(self, math.min(head.length(answer.headers) or MOST_BODY, MOST_BODY))
end

-- Reads to the end of a head.
local function take_head(self)
  local from = 1
  while true do
    local last = head.ending(self.bytes, from)
    if last and last <= MOST_HEAD then
      local text = self.bytes:sub(1, last)
      self.bytes = self.bytes:sub(last + 1)
      local answer, message = head.parse(text)
      if not answer then return nil, message, "protocol" end
      local _, problem = head.length(answer.headers)
      if problem then return nil, problem, "protocol" end
      return answer
    end
    if last or #self.bytes > MOST_HEAD then
      return nil, "the head of the answer is above 64 KiB", "limit"
    end
    from = #self.bytes
    local came, message = more(self)
    if not came then
      return nil, message or (from == 0 and "the connection was closed without an answer"
        or "the connection was closed within the head of the answer"), "closed"
    end
  end
end

-- Whether the connection is ours now. An answer of 200 that has a length is only an answer.
local function taken_over(answer)
  if answer.status == 101 then return true end
  return answer.status == 200 and not head.chunked(answer.headers)
    and not answer.headers["content-length"]
end

local function connect(options)
  local net = require("ggen.core.net")
  local connection
  local message = async.await(function(resume)
    local problem
    if options.unix_socket then
      connection, problem = net.connect_unix(options.unix_socket, resume)
    else
      connection, problem = net.connect(options.host, options.port, resume)
    end
    if not connection then resume(problem) end
    return connection
  end)
  if not message then return connection end
  if connection then connection:close() end
  return nil, message, "refused"
end

local function exchange(options, request)
  local connection, message, kind = connect(options)
  if not connection then return nil, message, kind end
  local reader = { connection = connection, bytes = "" }
  -- It goes out while the answer is awaited: who refuses may do so before it has read all.
  connection:write(request)
  local answer
  for _ = 1, MOST_INTERIM do
    answer, message, kind = take_head(reader)
    if not answer or answer.status == 101 or answer.status >= 200 then break end
  end
  if answer and taken_over(answer) then
    answer.body = ""
    return { connection = connection, rest = reader.bytes }, nil, nil, answer
  end
  if answer then
    answer.body = take_body(reader, answer)
    message = ("the answer was %d %s"):format(answer.status, answer.reason):gsub(" $", "")
    kind = answer.status < 200 and "protocol" or "status"
  end
  connection:close()
  return nil, message, kind, answer
end

-- The text of the request, or why there can be none.
local function request_text(options)
  if not head.is_token(options.method) then
    return nil, ("the method %q is no word"):format(options.method)
  end
  if not options.path:find("^/[^%c%s]*$") then
    return nil, ("the path %q does not begin with \"/\", or has blanks in it"):format(options.path)
  end
  local given = {}
  local lines = { ("%s %s HTTP/1.1"):format(options.method, options.path) }
  local function add(name, value)
    given[name:lower()] = true
    lines[#lines + 1] = name .. ": " .. value
  end
  for _, name in ipairs(sorted.keys(options.headers)) do
    local value = tostring(options.headers[name])
    if not head.is_token(name) then
      return nil, ("%q cannot be the name of a header"):format(name)
    end
    if value:find("[%z\r\n]") then
      return nil, ("the header %s has a line break or a NUL byte in it"):format(name)
    end
    add(name, value)
  end
  local host = options.host
    and ("%s:%d"):format(options.host:find(":") and "[" .. options.host .. "]" or options.host,
      options.port)
  local defaults = { "Host", host or "localhost", "Connection", "Upgrade", "Upgrade", "tcp",
    "User-Agent", "ggen-lua/" .. require("ggen.version"), "Content-Length", #options.body }
  for i = 1, #defaults, 2 do
    if not given[defaults[i]:lower()] then add(defaults[i], defaults[i + 1]) end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. options.body
end

local function within(seconds, fn)
  if seconds == 0 then return { fn() } end
  return (async.race({ function() return { fn() } end, function() async.sleep(seconds) end }))
end

---@async
---@param options ggen.HttpUpgrade
---@return ggen.Stream? stream
---@return ggen.HttpResponse|string response or message
---@return ggen.HttpProblem|"status"? problem
---@return ggen.HttpResponse? response
function M.upgrade(options)
  local checked, message, where = schema.check(OPTIONS, options)
  if not checked then error("ggen.http.upgrade: " .. schema.message(message, where), 3) end
  if (checked.unix_socket == nil) == (checked.host == nil or checked.port == nil) then
    error("ggen.http.upgrade: either unix_socket, or host and port", 3)
  end
  local function failed(text, problem, response)
    return nil, ("%s %s over %s: %s"):format(checked.method, checked.path:match("^[^?]*"),
      checked.unix_socket or checked.host .. ":" .. checked.port, text), problem, response
  end
  local request
  request, message = request_text(checked)
  if not request then return failed(message, "invalid") end
  local result = within(checked.timeout, function() return exchange(checked, request) end)
  if not result then
    return failed(("no answer within %g s"):format(checked.timeout), "timeout")
  end
  local taken = result[1]
  if not taken then return failed(result[2], result[3], result[4]) end
  return require("ggen.raw_stream").new(taken.connection, taken.rest), result[4]
end

return M
