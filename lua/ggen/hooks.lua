-- Hooks of tasks and phases. Which order and how many at once is for the hooks plugin to say; here
-- is what a hook is and that a hook task runs once in a run.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local budget = require("ggen.budget")
local context = require("ggen.context")
local hook_view = require("ggen.hook_view")
local lanes = require("ggen.lanes")
local registry = require("ggen.registry")
local turns = require("ggen.turns")

local M = {}

---@class ggen.ProjectHook plugins see a ggen.Hook of it (hook_view.lua)
---@field name string the id of its task, or where its function is declared
---@field index integer? of its task
---@field fn fun(ctx: ggen.UserContext)?

---@class ggen.HookLists
---@field before ggen.ProjectHook[]
---@field after ggen.ProjectHook[]

---@class ggen.Hooks
local Hooks = {}
Hooks.__index = Hooks

---@param run ggen.Run
---@param plugin ggen.Instance
---@return ggen.Hooks
function M.new(run, plugin)
  local self = setmetatable({ _run = run, _plugin = plugin, _results = {},
    _tasks = run.project:hook_tasks(), _expected = {}, _turns = {} }, Hooks)
  -- A task of the plan that is a hook as well: whoever comes first runs it, the other waits.
  self.run_planned = function(_, task) return self:run_once(task, true) end
  return self
end

---@return ggen.Instance who says in which order hooks run
function Hooks:plugin() return self._plugin end

---Counts the hook tasks that tasks of the run bring with them, beside those of its plan.
---@param plan userdata
---@param finals integer[]
---@return integer
function Hooks:expect(plan, finals)
  local project, count = self._run.project, 0
  local ends = {}
  for _, index in ipairs(finals) do ends[index] = true end
  local add_hooks
  local function add(list)
    for _, hook in ipairs(list) do
      local index = hook.index
      if index and not self._expected[index] and not plan:state(index) then
        self._expected[index], count = true, count + 1
        add_hooks(project.hooks[index])
      end
    end
  end
  add_hooks = function(lists)
    if not lists then return end
    add(lists.before)
    add(lists.after)
  end
  for index, lists in pairs(project.hooks) do
    if ends[index] or plan:state(index) then add_hooks(lists) end
  end
  if self._run.totals.tasks > 0 then add_hooks(project.each_hooks) end
  return count
end

---@return integer count of expected hook tasks that nobody called
function Hooks:uncalled()
  local count = 0
  for index in pairs(self._expected) do
    if not self._results[self._run.project:task(index)] then count = count + 1 end
  end
  return count
end

---@param task ggen.Task
---@return boolean
function Hooks:is_hook(task) return self._tasks[task.index] == true end

---How a hook task went that has had its turn.
---@param task ggen.Task
---@return "done"|"failed"|"skipped"|nil state nil when nobody called it
function Hooks:state(task)
  local future = self._results[task]
  local status = future and future:wait().status
  return status == "ok" and "done" or status
end

---It runs once more when its turn comes again.
---@param task ggen.Task has ended
function Hooks:forget(task) self._results[task] = nil end

local function wait_for(slots, future)
  slots.pump() -- somebody else may use the slot that was given up
  return future:wait()
end

---@async
---@param task ggen.Task
---@param in_plan boolean? the run reports the end of tasks of its plan itself
---@return ggen.TaskResult
function Hooks:run_once(task, in_plan)
  local future = self._results[task]
  local slots = self._run.slots
  if future then
    if in_plan then
      -- Told already; the plan only needs the outcome.
      local result = slots:lend(task, wait_for, slots, future)
      return { status = result.status, code = result.code, told = true }
    end
    return wait_for(slots, future)
  end
  if not in_plan and self._run.main:state(task.index) == "done" then
    return { status = "ok", code = 0 } -- it was up to date from the start
  end
  future = async.future()
  self._results[task] = future
  local ok, result, started = true, nil, nil
  if not in_plan then ok, result = pcall(slots.enter, slots, task) end
  if ok then
    ok, result, started = pcall(require("ggen.flow").flow, self._run, task)
    if not in_plan then slots:ended(task) end
  end
  if not ok then
    result = { status = "failed", code = 1,
      message = result == async.CANCELLED and "interrupted" or tostring(result) }
  end
  if not in_plan and not result.told then self._run.account:finish(task, result, started) end
  future:resolve(result)
  return result, started
end

-- Functions that run at the same time take turns in the output of their task.
local function call_function(self, hook, task)
  local shared = self._turns[task]
  if not shared then
    shared = turns.new(function() return self._run.account:sink_of(task) end)
    self._turns[task] = shared
  end
  local writer, ctx = shared:begin(), context.new(self._run, task)
  ctx.log = writer.log
  local leases = task.spec.leases and self._run.leases
  local ok, result
  if leases then
    ok, result = pcall(leases.with, leases, task, ctx.call, ctx, hook.fn)
  else
    ok, result = pcall(ctx.call, ctx, hook.fn)
  end
  shared:finish(writer)
  if not ok then error(result, 0) end
  return result
end

-- The tasks that a hook of a task or of a phase stands behind.
local function hosts_of(self, task)
  return task.phase and self._run.project.phases[task.phase.id].members or { task.index }
end

local function call_hook(self, hook, task, moment)
  if hook.index then
    local own = self._run.project:task(hook.index)
    local cache = self._run.cache
    if cache and moment == "after" then cache:follows(own, hosts_of(self, task)) end
    -- Who waits for a slot holds no lease, and so nobody who holds a slot waits for one in vain.
    local leases = task.spec.leases and self._run.leases
    if leases then leases:step_back(task) end
    local ok, result = pcall(self._run.slots.without, self._run.slots, task, moment == "after",
      self.run_once, self, own)
    if leases then leases:come_back(task) end
    if not ok then error(result, 0) end
    if result.status == "failed" and not own.spec.optional then
      error(("its hook %s failed"):format(hook.name), 0)
    end
    return
  end
  if self._run.options.dry_run then return end
  local result = call_function(self, hook, task)
  if result.code ~= 0 then
    error(("its hook at %s failed: %s"):format(hook.name, result.message or "code " .. result.code),
      0)
  end
end

local function run_hooks(self, list, task, moment)
  local views, hooks = hook_view.of(self._run.project, list)
  local function call(view)
    local hook = hooks[view]
    if not hook then error("call: this is none of the hooks that run() was given", 2) end
    budget.outside(call_hook, self, hook, task, moment)
    -- Whatever it did to files, they are looked at again before the task's turn comes.
    if self._run.cache then self._run.cache:something_ran() end
  end
  local ok, message = registry.call_in(lanes.of(task), self._plugin, "run", views, call)
  if self._run.cache and moment == "after" and not self._run.options.dry_run then
    for _, host in ipairs(hosts_of(self, task)) do self._run.cache:after_hooks(host) end
  end
  if ok then return true end
  -- What a hook raised is its own message; the plugin only passed it on.
  return false, message:match("its hook .*$") or message
end

-- Most tasks have none, and a function that makes another is only interpreted.
local function run_list(self, list, task, moment)
  if #list == 0 then return true end
  return run_hooks(self, list, task, moment)
end

---Calls the hooks of a task at a moment.
---@async
---@param task ggen.Task
---@param moment "before"|"after"
---@return boolean ok, string? message
function Hooks:call(task, moment)
  local project = self._run.project
  if not self._tasks[task.index] then
    local ok, message = run_list(self, project.each_hooks[moment], task, moment)
    if not ok then return false, message end
  end
  local own = project.hooks[task.index]
  if not own then return true end
  return run_list(self, own[moment], task, moment)
end

---A node of a phase: its hooks and nothing else.
---@async
---@param task ggen.Task
---@return ggen.TaskResult
function Hooks:phase(task)
  local own = self._run.project.hooks[task.index]
  local moment = task.phase.role == "begin" and "before" or "after"
  local ok, message = true, nil
  if own then ok, message = run_list(self, own[moment], task, moment) end
  return { status = ok and "ok" or "failed", code = ok and 0 or 1, message = message }
end

---The hooks before a phase failed: its tasks do not run.
---@param task ggen.Task the begin of the phase
---@param result ggen.TaskResult
function Hooks:phase_failed(task, result)
  local run = self._run
  run.events:note("error", ("phase %s: %s"):format(task.phase.id, result.message))
  if task.phase.role ~= "begin" then return end
  local reason = ("phase %s failed"):format(task.phase.id)
  for _, index in ipairs(run.project.phases[task.phase.id].members) do
    run:give_up(index, reason)
  end
end

return M
