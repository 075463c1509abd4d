-- Services of a run: tasks that stay running beside the others. A service counts as done when it
-- is ready; it is ended after all tasks, in the reverse order of the starts.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local output = require("ggen.core.output")
local readiness = require("ggen.readiness")

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

-- Passes the output on to the log and looks for a text in it.
local function watch_log(service, log, text)
  local feed
  feed, service.seen = readiness.watch(text)
  return output.callback(function(stream, bytes)
    log:write(stream, bytes)
    feed(bytes)
  end)
end

-- What is to be waited for has ended, or nobody wants it any more.
local function await_end(service)
  local _, first = async.race({
    function() service.ended:wait() end,
    function() service.context:interrupted() end,
  })
  if first == 2 then return "interrupted before it was ready" end
  local result = service.result
  return ("it ended before it was ready (%s)"):format(result.message
    or ("exit code %d"):format(result.code))
end

local function await_ready(service, ready)
  return readiness.wait(ready, {
    seen = service.seen,
    ended = function() return await_end(service) end,
    run = function(command)
      return service.context:process({
        argv = type(command) == "table" and command or nil,
        shell = type(command) == "string" and command or nil,
      }).code
    end,
  })
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
