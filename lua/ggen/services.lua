-- Services of a run: tasks that stay running beside the others. A service counts as done when it
-- is ready; it is ended after all tasks, in the reverse order of the starts.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local output = require("ggen.core.output")

local M = {}

local START_TIME = 0.02 -- seconds that a service without `ready` is given to fail at once

---@class ggen.Services
---@field package _run table
---@field package _list table[] those that were started, in order
local Services = {}
Services.__index = Services

---@param run table
---@return ggen.Services
function M.new(run)
  return setmetatable({ _run = run, _list = {} }, Services)
end

local function connects(host, port)
  local net = require("ggen.core.net")
  local conn
  local message = async.await(function(resume)
    conn = net.connect(host, port, resume)
    return conn
  end)
  if message then
    conn:close()
    return nil
  end
  return conn
end

-- GET with the least that a server accepts; only the status line matters.
local function answers(url)
  local authority, path = url:match("^http://([^/]+)(.*)$")
  local host, port = authority:match("^(.-):(%d+)$")
  local conn = connects(host or authority, tonumber(port) or 80)
  if not conn then return false end
  local request = ("GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n"):format(
    path == "" and "/" or path, authority)
  local head = ""
  conn:write(request) -- that it did not go out is said to the reader, too
  while not head:find("\n", 1, true) and #head < 4096 do
    local chunk = async.await(function(resume)
      if not conn:read(resume) then resume() end
      return conn
    end)
    if not chunk then break end
    head = head .. chunk
  end
  conn:close()
  local status = tonumber(head:match("^HTTP/%S+%s+(%d%d%d)"))
  return status ~= nil and status >= 200 and status < 400
end

-- Asks again and again; nothing tells us when a server begins to listen.
local function until_true(interval, check)
  while not check() do async.sleep(interval) end
end

-- One way to wait for each kind of readiness; each returns when the service is ready.
local waits = {}

function waits.port(_, ready)
  until_true(ready.interval, function()
    local conn = connects(ready.host, ready.port)
    if conn then conn:close() end
    return conn ~= nil
  end)
end

function waits.http(_, ready)
  until_true(ready.interval, function() return answers(ready.http) end)
end

function waits.cmd(service, ready)
  local command = ready.cmd
  until_true(ready.interval, function()
    local result = service.context:process({
      argv = type(command) == "table" and command or nil,
      shell = type(command) == "string" and command or nil,
    })
    return result.code == 0
  end)
end

function waits.log(service) service.seen:wait() end

-- Passes the output on to the log and looks for a text in it, also across two pieces.
local function watch_log(service, log, text)
  service.seen = async.future()
  local tail, found = "", false
  return output.callback(function(stream, bytes)
    log:write(stream, bytes)
    if found then return end
    local window = tail .. bytes
    if window:find(text, 1, true) then
      found, tail = true, ""
      service.seen:resolve()
    else
      tail = window:sub(-#text)
    end
  end)
end

-- What is waited for, as a message says it.
local SIGNS = { port = "port %s", http = "%s", cmd = "%s", log = "%q in its output" }

local function await_ready(service, ready)
  local kind = ready.port and "port" or ready.http and "http" or ready.cmd and "cmd" or "log"
  local what = ready[kind]
  if type(what) == "table" then what = table.concat(what, " ") end
  local _, first = async.race({
    function() service.ended:wait() end,
    function() waits[kind](service, ready) end,
    function() async.sleep(ready.timeout) end,
    function() service.context:interrupted() end,
  })
  if first == 4 then return nil, "interrupted before it was ready" end
  if first == 1 then
    local result = service.result
    return nil, ("it ended before it was ready (%s)"):format(result.message
      or ("exit code %d"):format(result.code))
  end
  if first == 3 then
    return nil, ("it was not ready within %s (%s)"):format(
      require("ggen.units").format_duration(ready.timeout), SIGNS[kind]:format(what))
  end
  return true
end

---Starts a service and waits until it is ready.
---@async
---@param task ggen.Task
---@param context ggen.Context
---@return ggen.Result
function Services:start(task, context)
  local steps = context.steps
  if #steps ~= 1 or steps[1].fn then
    return { code = 1, message = "a service is one command, not a list and not a function" }
  end
  local ready = task.spec.ready
  local service = {
    task = task, context = context, started = clock.monotonic(), ended = async.future(),
  }
  local log = context:log()
  local sink = ready and ready.log and watch_log(service, log, ready.log) or log
  async.run(function()
    return context:process({
      argv = steps[1].argv, shell = steps[1].shell, shell_program = steps[1].shell_program,
      output = sink,
    }, function(handle) service.handle = handle end)
  end, function(ok, result)
    service.result = ok and result or { code = 1, message = tostring(result) }
    if service.is_ready and not service.stopping then self:_died(service) end
    service.ended:resolve()
  end)
  self._list[#self._list + 1] = service
  if ready then
    local good, message = await_ready(service, ready)
    if not good then
      local result = service.result
      self:_stop(service)
      return { code = result and result.code ~= 0 and result.code or 1, message = message,
        usage = service.result.usage }
    end
  else
    -- A program that does not exist is known on the next turn of the loop.
    async.race({ function() service.ended:wait() end, function() async.sleep(START_TIME) end })
    if service.result then
      service.stopping = true
      local result = service.result
      return { code = result.code ~= 0 and result.code or 1, usage = result.usage,
        message = result.message or ("it ended at once (exit code %d)"):format(result.code) }
    end
  end
  service.is_ready = true
  return { code = 0, service = true }
end

-- A service that ends while others may still need it.
function Services:_died(service)
  service.stopping = true
  local why = service.result.message or ("exit code %d"):format(service.result.code)
  self._run:service_died(service.task, {
    status = "failed", code = service.result.code ~= 0 and service.result.code or 1, service = true,
    message = ("the service ended before the run did (%s)"):format(why),
  }, service.started)
end

function Services:_stop(service)
  service.stopping = true
  if not service.result then
    service.handle:kill("TERM")
    local _, first = async.race({
      function() service.ended:wait() end,
      function() async.sleep(service.task.spec.grace or 5) end,
    })
    if first == 2 then
      service.handle:kill("KILL")
      service.ended:wait()
    end
  end
end

---@return integer count services that are ready and running
function Services:count()
  local count = 0
  for _, service in ipairs(self._list) do
    if service.is_ready and not service.stopping then count = count + 1 end
  end
  return count
end

---Ends all services, the last started first.
---@async
---@return { task: ggen.Task, started: number, result: ggen.Result }[] stopped
function Services:stop_all()
  local stopped = {}
  for i = #self._list, 1, -1 do
    local service = self._list[i]
    if service.is_ready and not service.stopping then
      self:_stop(service)
      stopped[#stopped + 1] = service
    end
  end
  self._list = {}
  return stopped
end

return M
