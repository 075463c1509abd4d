-- A service as a process of this machine, where no engine of containers is (public as
-- ggen.local_service): a free port is handed to it, it is ready before anybody uses it, and it ends
-- with its whole process group, also when ggen-lua is killed.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local environment = require("ggen.environment")
local fs = require("ggen.core.fs")
local net = require("ggen.core.net")
local output = require("ggen.core.output")
local process = require("ggen.core.process")
local readiness = require("ggen.readiness")
local schema = require("ggen.schema")

local M = {}

local HOST = "127.0.0.1"
local KEPT = 4096 -- bytes of its last output, for messages
local TRIES = 3 -- somebody else may take the port between our look and its own

-- Without a way to be ready: the port that it was given accepts.
local function ready_field()
  local fields = {}
  for name, field in pairs(readiness.schema.fields) do fields[name] = field end
  return { type = "record", fields = fields, default = {},
    desc = "When it is ready: one of port, log, http (may have ${PORT} in it), cmd; without one,"
      .. " when the port that it was given accepts",
    check = function(value)
      local ways = 0
      for _, way in ipairs({ "port", "log", "http", "cmd" }) do
        if value[way] then ways = ways + 1 end
      end
      if ways > 1 then return "say one of port, log, http and cmd" end
    end }
end

local text = { type = "string" }

---What may be said of such a service, for params of plugins (schema.lua).
M.schema = { type = "record", fields = {
  run = { type = "union", required = true, expects = "a command or an argv",
    any_of = { text, { type = "list", of = text, check = function(value)
      if #value == 0 then return "a command needs at least the program's name" end
    end } },
    desc = "The command that starts it, and stays; it gets PORT, HOST and DIR (a directory of its"
      .. " own, removed at the end)" },
  ready = ready_field(),
  env = { type = "map", of = { type = "union", expects = "a text or a number",
    any_of = { text, { type = "number" } } }, desc = "More variables for it" },
  cwd = { type = "string", desc = "Where it runs (default: the project's directory)" },
  grace = { type = "duration", default = "5s", desc = "Between the request to end and the kill" },
} }

---@class ggen.LocalService
---@field host string
---@field port integer
---@field dir string a directory of its own
---@field pid integer?
---@field package _handle userdata?
local Service = { __name = "ggen.LocalService" }
Service.__index = Service

---@return boolean alive
function Service:alive() return self._result == nil end

---Why it is not alive, as a message says it.
---@return string?
function Service:ending()
  local result = self._result
  if not result then return nil end
  local why = result.error and result.error.message
    or result.signal and "signal " .. result.signal or ("exit code %d"):format(result.code)
  local last = self._tail:match("([^\n]+)\n*$")
  return last and ("%s: %s"):format(why, last) or why
end

---Ends it with all that it started.
---@async
function Service:stop()
  if not self._result then
    self._handle:kill("TERM")
    local _, first = async.race({
      function() self._ended:wait() end,
      function() async.sleep(self._grace) end,
    })
    if first == 2 then
      self._handle:kill("KILL")
      self._ended:wait()
    end
  end
  if self.dir then fs.remove(self.dir, { recursive = true }) end
end

local function environment_of(self, spec)
  local env = environment.base()
  env.PORT, env.HOST, env.DIR = ("%d"):format(self.port), self.host, self.dir
  for name, value in pairs(spec.env or {}) do env[name] = tostring(value) end
  return env
end

local function argv_or_shell(command)
  if type(command) == "table" then return command, nil end
  return nil, command
end

local function begin(self, spec, options)
  local feed
  local ready = spec.ready
  if ready.log then feed, self.seen = readiness.watch(ready.log) end
  local argv, shell = argv_or_shell(spec.run)
  local request = { argv = argv, shell = shell, env = environment_of(self, spec),
    cwd = spec.cwd or options.cwd, grace = spec.grace,
    output = output.callback(function(stream, bytes)
      self._tail = (self._tail .. bytes):sub(-KEPT)
      if feed then feed(bytes) end
      if options.on_output then options.on_output(stream, bytes) end
    end) }
  local handle, message = process.run(request, function(result)
    self._result = result
    self._ended:resolve()
    if self._is_ready and options.on_end then options.on_end(self:ending()) end
  end)
  if not handle then
    self._result = { code = 127, error = { message = message } }
    self._ended:resolve()
    return
  end
  self._handle, self.pid = handle, handle:pid()
end

-- Runs a command beside it, in the same environment.
local function run_beside(self, spec, options, command)
  local argv, shell = argv_or_shell(command)
  return async.await(function(resume)
    local handle = process.run({ argv = argv, shell = shell, env = environment_of(self, spec),
      cwd = spec.cwd or options.cwd, capture = 1 }, function(result) resume(result.code) end)
    if not handle then resume(127) end
    return handle
  end)
end

local function await_ready(self, spec, options)
  local ready = {}
  for name, value in pairs(spec.ready) do ready[name] = value end
  if ready.http then ready.http = (ready.http:gsub("%${PORT}", self.port)) end
  if not (ready.port or ready.http or ready.log or ready.cmd) then ready.port = self.port end
  return readiness.wait(ready, {
    seen = self.seen,
    run = function(command) return run_beside(self, spec, options, command) end,
    ended = function()
      self._ended:wait()
      return ("it ended before it was ready (%s)"):format(self:ending())
    end,
  })
end

local function try(spec, options)
  local dir, message = fs.make_temp_dir("ggen-service")
  if not dir then return nil, message end
  local port = spec.ready.port
  if not port then
    port, message = net.free_port()
    if not port then return nil, message end
  end
  local self = setmetatable({ host = HOST, port = port, dir = dir, _tail = "", _grace = spec.grace,
    _ended = async.future() }, Service)
  begin(self, spec, options)
  local ok, ready, why, kind = pcall(await_ready, self, spec, options)
  if ok and ready then
    self._is_ready = true
    return self
  end
  if ok then
    self:stop()
  elseif self._handle then -- cancelled: nothing is waited for any more
    self._handle:close()
    fs.remove(dir, { recursive = true })
  end
  if not ok then error(ready, 0) end
  local taken = kind == "ended" and not spec.ready.port
    and self._tail:lower():find("in use", 1, true)
  return nil, why, taken
end

---Starts a service and waits until it is ready.
---@async
---@param spec { run: string|string[], ready: table?, env: table?, cwd: string?, grace: number? } as
---in `ggen.local_service.schema`
---@param options? { cwd: string?, on_output: (fun(stream: string, bytes: string))?,
---on_end: (fun(why: string))? } on_end: it ended by itself, once it was ready
---@return ggen.LocalService? service
---@return string? message
function M.start(spec, options)
  local checked, wrong, where = schema.check(M.schema, spec)
  if checked == nil then error("local_service.start: " .. schema.message(wrong, where), 2) end
  local service, message, taken
  for _ = 1, TRIES do
    service, message, taken = try(checked, options or {})
    if service or not taken then break end
  end
  return service, message
end

return M
