-- A container engine that answers: the calls, the version that both speak, and what is counted.
-- What can be asked is in the files beside this one (containers, images, exec, ...); each gives
-- methods of the same class.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local errors = require("ggen.std.docker.errors")

---An engine that docker.connect found. All that asks waits; what the engine refuses is
---`nil, message, kind`, and wrong arguments raise. One engine may be asked by many tasks at once.
---@class ggen.docker.Engine
---@field name "podman"|"docker"|string
---@field version string of the engine
---@field api_version string that is spoken: the newest that both know
---@field endpoint ggen.docker.Endpoint
---@field requests integer how many were made
---@field connections integer how many connections were made for them
---@field package _timeout number
---@field package _connect_timeout number
---@field package _closed boolean?
local Engine = {}

-- The newest version of the API that this client was written for, and the oldest.
local NEWEST, OLDEST = { 1, 47 }, { 1, 41 }

-- podman's own API: of its version 4, the first that speaks 1.41.
local LIBPOD = "/v4.0.0/libpod"

---@param text string for one part of a path or a value of a query
---@return string
local function escaped(text)
  return (text:gsub("[^%w._~-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- ?a=1&b=2 in the order of the names; false and nil leave one out, true is 1.
local function query_text(query)
  local names, parts = {}, {}
  for name, value in pairs(query or {}) do
    if value ~= false then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = query[name]
    if value == true then value = "1" end
    if type(value) == "table" then value = assert(ggen.json.encode(value)) end
    parts[i] = name .. "=" .. escaped(tostring(value))
  end
  return #parts > 0 and "?" .. table.concat(parts, "&") or ""
end

---@class docker.Call
---@field doing string what a message begins with: "start container db"
---@field about? string what a 404 says is missing
---@field query? table<string, any>
---@field body? any encoded as JSON; a text goes as it is
---@field body_file? string
---@field content_type? string of a body that is no JSON
---@field headers? table<string, string>
---@field timeout? number seconds; 0 is no limit
---@field max_bytes? number
---@field libpod? boolean of podman's own API
---@field on_data? fun(bytes: string): boolean? takes the body of a good answer; false ends it

-- The parts of a request that a plain one and a stream share.
local function request_of(engine, method, path, call)
  local endpoint = engine.endpoint
  local headers = call.headers or {}
  local request = { method = method, headers = headers, timeout = call.timeout or engine._timeout,
    connect_timeout = engine._connect_timeout }
  path = path .. query_text(call.query)
  if call.libpod then
    path = LIBPOD .. path
  elseif engine.api_version and path ~= "/_ping" then
    path = "/v" .. engine.api_version .. path
  end
  if call.body ~= nil then
    local is_text = type(call.body) == "string"
    request.body = is_text and call.body or assert(ggen.json.encode(call.body))
    headers["Content-Type"] = call.content_type or "application/json"
  elseif call.body_file then
    request.body_file = call.body_file
    headers["Content-Type"] = call.content_type
  elseif method == "POST" then
    headers["Content-Type"] = "application/json"
  end
  request.unix_socket = endpoint.unix_socket
  return request, path
end

-- What is the same for all requests of a call that cannot be made.
local function refused_early(engine, call)
  if engine._closed then return call.doing .. ": this engine was closed", "closed" end
end

-- The host of a URL; of a socket it is only a header.
local function authority(endpoint)
  local host = endpoint.host
  if not host then return "engine" end
  return ("%s:%d"):format(host:find(":", 1, true) and "[" .. host .. "]" or host, endpoint.port)
end

---One call and its whole answer; a status of 400 and more is a refusal.
---@async
---@param method string
---@param path string "/containers/json"
---@param call docker.Call
---@return ggen.HttpResponse?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:_call(method, path, call)
  local message, kind = refused_early(self, call)
  if message then return nil, message, kind end
  local request, target = request_of(self, method, path, call)
  local endpoint = self.endpoint
  local scheme = endpoint.tls and "https://" or "http://"
  request.url = scheme .. authority(endpoint) .. target
  if endpoint.tls then
    for name, value in pairs(endpoint.tls) do request[name] = value end
  end
  request.max_bytes, request.on_data = call.max_bytes, call.on_data
  self.requests = self.requests + 1
  local response, text, problem = ggen.http.request(request)
  if not response then
    return nil, errors.of_problem(call.doing, endpoint.shown, text, problem)
  end
  if not response.reused then self.connections = self.connections + 1 end
  if response.status >= 400 then
    return nil, errors.of_answer(call.doing, response.status, response.body, call.about)
  end
  return response
end

---The same, of an answer that is JSON.
---@async
---@param method string
---@param path string
---@param call docker.Call
---@return table? value
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:_ask(method, path, call)
  local response, message, kind = self:_call(method, path, call)
  if not response then return nil, message, kind end
  local value, problem = ggen.json.decode(response.body)
  if type(value) ~= "table" then
    return nil, ("%s: what the engine at %s answered is not what was asked for: %s"):format(
      call.doing, self.endpoint.shown, ggen.delivery.said(problem or response.body, 200)),
      "protocol"
  end
  return value
end

---The same, of a call that only does something: true.
---@async
---@param method string
---@param path string
---@param call docker.Call
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:_do(method, path, call)
  local response, message, kind = self:_call(method, path, call)
  if not response then return nil, message, kind end
  return true
end

---A call whose connection becomes a stream of bytes in both directions.
---@async
---@param path string
---@param call docker.Call
---@return table? raw what ggen.http.upgrade gives
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:_upgrade(path, call)
  local message, kind = refused_early(self, call)
  if message then return nil, message, kind end
  local endpoint = self.endpoint
  if endpoint.tls then
    return nil, ("%s: the engine at %s is reached by TLS, and over that nothing can be written to "
      .. "a process; use one that listens on a socket"):format(call.doing, endpoint.shown),
      "no_engine"
  end
  call.headers = { Connection = "Upgrade", Upgrade = "tcp" }
  local request, target = request_of(self, "POST", path, call)
  request.path, request.host, request.port = target, endpoint.host, endpoint.port
  request.timeout, request.connect_timeout = self._timeout, nil
  self.requests, self.connections = self.requests + 1, self.connections + 1
  local raw, text, problem, refusal = ggen.http.upgrade(request)
  if raw then return raw end
  if refusal then
    return nil, errors.of_answer(call.doing, refusal.status, refusal.body or "", call.about)
  end
  return nil, errors.of_problem(call.doing, endpoint.shown, text, problem)
end

---Asks whether it answers.
---@async
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:ping()
  return self:_do("GET", "/_ping", { doing = "ping" })
end

---What the engine says of itself and its machine, as the API has it.
---@async
---@return table?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:info() return self:_ask("GET", "/info", { doing = "ask for /info" }) end

---Asks nothing more: later calls are refused. Its connections end with the program.
function Engine:close() self._closed = true end

local function numbers(version)
  local major, minor = tostring(version):match("^(%d+)%.(%d+)")
  if major then return { tonumber(major), tonumber(minor) } end
end

local function older(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end

-- Takes the name and the versions out of the headers of a ping.
local function introduce(engine, headers)
  local shown = engine.endpoint.shown
  local theirs = numbers(headers["api-version"])
  if not theirs then
    return nil, ("what answers at %s is no container engine (it names no Api-Version)"):format(
      shown), "protocol"
  end
  local name, version = (headers.server or ""):match("^(%w+)/(%S+)")
  engine.name = (headers["libpod-api-version"] or name == "Libpod") and "podman"
    or (name or "docker"):lower()
  engine.version = version or headers["libpod-api-version"] or "?"
  if older(theirs, OLDEST) then
    return nil, ("the engine at %s (%s %s) speaks version %d.%d of the API, and %d.%d is the oldest"
      .. " that will do: Docker 20.10, podman 4.0 and later have it"):format(shown, engine.name,
      engine.version, theirs[1], theirs[2], OLDEST[1], OLDEST[2]), "protocol"
  end
  local spoken = older(theirs, NEWEST) and theirs or NEWEST
  engine.api_version = ("%d.%d"):format(spoken[1], spoken[2])
  return engine
end

local M = { Engine = Engine, escaped = escaped }

-- Methods that other files give, each of the same class.
local PARTS = { "containers", "exec", "images", "logs", "volumes", "wait" }

local metatable

local function with_parts()
  if metatable then return metatable end
  for _, part in ipairs(PARTS) do
    for name, method in pairs(require("ggen.std.docker." .. part)) do Engine[name] = method end
  end
  metatable = { __index = Engine, __name = "ggen.docker.Engine" }
  return metatable
end

---Asks who is at an endpoint.
---@async
---@param endpoint ggen.docker.Endpoint
---@param timeout number of each call, in seconds
---@param connect_timeout number
---@return ggen.docker.Engine?
---@return string? message
---@return ggen.docker.Kind? kind
function M.connect(endpoint, timeout, connect_timeout)
  local engine = setmetatable({ endpoint = endpoint, requests = 0, connections = 0,
    _timeout = timeout, _connect_timeout = connect_timeout }, with_parts())
  local response, message, kind = engine:_call("GET", "/_ping", { doing = "connect",
    timeout = connect_timeout })
  if not response then return nil, message, kind end
  return introduce(engine, response.headers)
end

return M
