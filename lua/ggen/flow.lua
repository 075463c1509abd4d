-- The life of a task, from its turn to its result: conditions, hooks, what is there already, the
-- executor, again while it may. Read flow() first. Does not know how the turn came and what becomes
-- of the plan afterwards (run.lua).
-- SPDX-License-Identifier: MIT
local account = require("ggen.account")
local clock = require("ggen.core.clock")
local conditions = require("ggen.conditions")
local context = require("ggen.context")
local lanes = require("ggen.lanes")
local registry = require("ggen.registry")

local M = {}

-- Whoever runs it; the only one that there is needs not to be asked.
local function executor_of(run, task)
  local list = run.executors
  if #list == 1 and not list[1].impl.accepts then return list[1] end
  return require("ggen.executors").choose(list, task)
end

local function execute(run, task)
  local ctx = context.new(run, task)
  if task.spec.service and not run.options.dry_run then return run.services:start(task, ctx) end
  local executor, problem = executor_of(run, task)
  if not executor then return { code = 1, message = problem or "no executor accepts it" } end
  local ok, result = registry.call_in(lanes.of(task), executor, "run", task, ctx)
  if not ok then return { code = 1, message = result, usage = ctx.used } end
  local code = type(result) == "table" and result.code
  if type(code) == "number" and code >= 0 and code % 1 == 0 then
    -- What the run itself says of a task is not the plugin's to say.
    result.status, result.told, result.attempts = nil, nil, nil
    result.usage = ctx:usage_of(result)
    return result
  end
  local wrong = "plugin %q, method run: it must return a result with a code (a whole number), "
    .. "it returned %s"
  local what = type(result) == "table" and "code = " .. tostring(code) or type(result)
  return { code = 1, message = wrong:format(executor.name, what) }
end

-- Nobody leases anything of most runs.
local function run_once(run, task)
  if not (run.leases and task.spec.leases) then return execute(run, task) end
  return run.leases:with(task, execute, run, task)
end

local function try(run, task)
  local retries = task.spec.retries
  if not retries then return run_once(run, task) end
  if type(retries) == "number" then
    retries = { count = retries, delay = 1, factor = 2, max_delay = 60 }
  end
  local delay, used = retries.delay, nil
  for attempt = 1, retries.count + 1 do
    local result = run_once(run, task)
    used = used and require("ggen.usage").add(used, result.usage) or result.usage
    result.attempts, result.usage = attempt, used
    if result.code == 0 or attempt > retries.count or run.waits.interrupted
      or result.kind == "no_engine" then
      return result
    end
    -- What it had may be why it failed.
    if run.leases then run.leases:let_go(task, false) end
    run.events:emit("on_task_retry", task, account.clean(result), attempt, delay)
    run.waits:sleep(delay, lanes.of(task))
    delay = math.min(delay * retries.factor, retries.max_delay)
  end
end

---Runs the task, again after a failure when it may.
---@async
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.TaskResult
function M.attempt(run, task)
  local began = clock.monotonic()
  if run.leases then run.leases:something_runs() end
  local result = try(run, task)
  if run.options.dry_run then return result end
  result.began, result.ran = began, clock.monotonic() - began
  -- That others had what it leases is no time of its own.
  local waited = run.leases and task.spec.leases and run.leases:waited(task)
  if waited then result.waited, result.ran = waited, math.max(0, result.ran - waited) end
  return result
end

-- The result of a task: one that is there already, or that of running it.
local function make(run, task)
  if not run.cache then return M.attempt(run, task) end
  if run.options.dry_run then
    local prediction, reason = require("ggen.predict").task(run.cache, run.project, task)
    if prediction == "fresh" then
      return { code = 0, dry_run = true, commands = {}, cache = "fresh" }
    elseif prediction == "restore" then
      return { code = 0, dry_run = true, commands = {}, prediction = prediction, reason = reason }
    end
    local result = M.attempt(run, task)
    result.prediction, result.reason = prediction, reason
    return result
  end
  local entry = run.cache:find(run, task)
  if entry.result then return entry.result end
  local began = clock.monotonic()
  local result = M.attempt(run, task)
  return run.cache:keep(run, task, entry, result,
    clock.monotonic() - began - (result.waited or 0))
end

local function life(run, task)
  if task.phase then
    local result = run.hooks:phase(task)
    if run.cache then run.cache:passed(task) end
    return result
  end
  if task.spec.when ~= nil then
    local holds, reason = conditions.holds(task, context.new(run, task))
    if run.cache then run.cache:something_ran() end
    if not holds then
      if run.cache then run.cache:passed(task, "skipped") end
      return { status = "skipped", code = 0, message = reason }
    end
  end

  local started = run.account:start(task)
  local good, message = run.hooks:call(task, "before")
  local result = good and make(run, task) or { code = 1, message = message }
  if run.options.dry_run then
    -- What would run is shown in its order.
    result.status = result.code == 0 and "ok" or "failed"
    run.account:finish(task, result, started)
    result.told = true
  end
  if result.code == 0 then
    good, message = run.hooks:call(task, "after")
    if not good then result = { code = 1, message = message, usage = result.usage } end
  end
  result.status = result.code == 0 and "ok" or "failed"
  return result, started
end

-- Whatever becomes of the task, what it leases is given back.
local function give_back(run, task, ok, result, started)
  local kind
  -- A service has it until the end of the run.
  if not (ok and result.service) then kind = run.leases:let_go(task, ok and result.code == 0) end
  if not ok then error(result, 0) end
  if result.code ~= 0 then result.kind = result.kind or kind end
  return result, started
end

---Runs in a coroutine of its own and may wait anywhere.
---@async
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.TaskResult
---@return number? started monotonic seconds
function M.flow(run, task)
  if not (run.leases and task.spec.leases) then return life(run, task) end
  return give_back(run, task, pcall(life, run, task))
end

---A task that is left out is passed over when its turn comes.
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.TaskResult
function M.pass(run, task)
  if run.cache then run.cache:leave_out(task) end
  return { status = "ok", code = 0, told = true }
end

return M
