-- The slots of a run: how many tasks execute at once (-j), in a pool, or alone. Most tasks hold one
-- from start to end, given by the plan of the engine. A task that waits for a hook holds none: it
-- gives its slot up, the hook task takes one as any other task does, and before its own turn the
-- task takes one again. So nobody waits for a slot while holding one, and no order of hooks and
-- pools can lock up a run.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local workers = require("ggen.workers")

local M = {}

---@class ggen.Slots
---@field active integer tasks that hold a slot
---@field package _most integer so many may
---@field package _io table<integer, true> tasks that wait more than they compute, by index
---@field package _waits integer how many of those hold a slot
---@field pump fun() starts what may start
---@field package _run ggen.Run
---@field package _plan userdata the plan that knows the pools
---@field package _waiting { task: ggen.Task, resume: fun() }[]
---@field package _alone ggen.Task? has a slot, and nobody else may
---@field package _jobserver ggen.Jobserver? who shares the slots with other programs
---@field package _away table<ggen.Task, integer> that gave their slot up, and how often
---@field package _coming table<ggen.Task, boolean> that wait to have one again
---@field package _lent table<ggen.Task, boolean> of the plan, that run as hooks of others meanwhile
local Slots = {}
Slots.__index = Slots

---@param run ggen.Run
---@param plan userdata the plan of all but the `finally` tasks
---@param pump fun() starts what may start
---@return ggen.Slots
function M.new(run, plan, pump)
  local self = setmetatable({
    active = 0, pump = pump, _run = run, _plan = plan, _most = run.options.jobs, _io = {},
    _waits = 0, _waiting = {}, _away = {},
    _coming = {}, _lent = {},
  }, Slots)
  if run.options.jobserver then self:share(run.options.jobserver) end
  return self
end

---From here on tasks that execute at the same time hold a token each, but one.
---@param jobserver ggen.Jobserver
function Slots:share(jobserver)
  self._jobserver = jobserver
  jobserver:attach(self.pump)
end

---A plan begins; nothing of it runs yet.
---@param plan userdata
---@param of_project boolean the ids of its tasks are their indices
function Slots:begin(plan, of_project)
  local options = self._run.options
  self._most, self._io = options.jobs, {}
  if not of_project then return end
  self._plan = plan
  local most, io = workers.divide(self._run.project, plan, { jobs = options.jobs,
    io = options.io_jobs })
  self._most, self._io = most, io or {}
end

---@return integer how many tasks may run at once
function Slots:most() return self._most end

-- Tokens are for those that compute.
local function computing(self) return self.active - self._waits end

-- Tasks that run at the end are in no pool.
local function take_place(self, task, whatever)
  return task.spec.finally or self._plan:hold(task.index, whatever)
end

-- Takes a slot if there is one. When nobody executes, the first who comes gets it: what is left in
-- a pool then belongs to a task that has not begun.
local function try(self, task)
  if self.active > 0 then
    if self._alone or workers.is_alone(task) then return false end
    if self.active >= self._most or self._run.headroom:is_short() then return false end
    if self._jobserver and not self._io[task.index]
      and not self._jobserver:may_start(computing(self)) then
      return false
    end
    if not take_place(self, task, false) then return false end
  else
    take_place(self, task, true)
  end
  self:started(task)
  return true
end

---A task has its slot from the plan.
---@param task ggen.Task
function Slots:started(task)
  self.active = self.active + 1
  if self._io[task.index] then self._waits = self._waits + 1 end
  if workers.is_alone(task) then self._alone = task end
end

local function give_up(self, task, keep_place)
  self.active = self.active - 1
  if self._io[task.index] then self._waits = self._waits - 1 end
  if self._alone == task then self._alone = nil end
  if not keep_place and not task.spec.finally then self._plan:release(task.index) end
  -- All that tasks started has ended with them; a service may hold slots as long as it lives.
  local jobserver = self._jobserver
  if self.active == 0 and jobserver and jobserver.handed_on and not next(self._away)
    and self._run.services:count() == 0 then
    jobserver:mend()
  end
end

---A task has ended.
---@param task ggen.Task
---@param in_plan boolean? its place in the pool is the plan's to give back
function Slots:ended(task, in_plan)
  if in_plan and self._lent[task] then
    self._lent[task] = nil
    take_place(self, task, true)
    return
  end
  if not self._away[task] then return give_up(self, task, in_plan) end
  self._away[task] = nil
  if in_plan then take_place(self, task, true) end
end

---Whether the plan may start one more. Those who wait for a slot come first.
---@return boolean
function Slots:room()
  local waiting, i = self._waiting, 1
  while waiting[i] do
    local entry = waiting[i]
    if try(self, entry.task) then
      table.remove(waiting, i)
      entry.resume()
      i = 1
    else
      -- A task that wants to be alone would wait for ever if others went on to start.
      if workers.is_alone(entry.task) then return false end
      i = i + 1
    end
  end
  if self._alone or self.active >= self._most then return false end
  if self.active == 0 then return true end
  local jobserver, first = self._jobserver, self._run.plan:peek()
  if not first or self._run.headroom:is_short() then return false end
  -- A token is only taken for a task that there is.
  return not jobserver or self._io[first] or jobserver:may_start(computing(self))
end

---All that could start has started: slots that nobody needs are for the programs of the tasks.
function Slots:settle()
  if self._jobserver then self._jobserver:settle(computing(self)) end
end

---Waits for a slot.
---@async
---@param task ggen.Task that is not of the plan, or gave its slot up
function Slots:enter(task)
  if not try(self, task) then
    async.await(function(resume)
      self._waiting[#self._waiting + 1] = { task = task, resume = resume }
      self.pump()
    end)
  end
  local waits = self._run.waits
  if waits.killed or (waits.interrupted and not waits.at_end) then
    give_up(self, task)
    error(async.CANCELLED, 0)
  end
end

---A task of the plan that runs as a hook already gives up its slot, and waits for the end of that,
---which has a slot of its own.
---@async
---@param task ggen.Task of the plan
---@param fn fun(a: any, b: any): any
---@param a any
---@param b any
---@return any
function Slots:lend(task, fn, a, b)
  self._lent[task] = true
  give_up(self, task)
  return fn(a, b)
end

---Calls fn, which waits for another task, without the slot of `task`.
---@async
---@param task ggen.Task has a slot
---@param ending boolean nothing of it comes afterwards: it need not wait for its slot
---@param fn fun(a: any, b: any): any
---@param a any
---@param b any
---@return any
function Slots:without(task, ending, fn, a, b)
  local away = self._away
  if not away[task] then give_up(self, task) end
  away[task] = (away[task] or 0) + 1
  local ok, value = pcall(fn, a, b)
  away[task] = away[task] - 1
  -- With hooks at the same time the last one counts. What is still away at its end: see ended().
  if away[task] == 0 and not ending and ok and not self._coming[task] then
    self._coming[task] = true
    local back, problem = pcall(self.enter, self, task)
    self._coming[task] = nil
    if not back then
      ok, value = false, problem
    elseif away[task] == 0 then
      away[task] = nil
    else
      give_up(self, task) -- a hook began while it waited
    end
  end
  self.pump()
  if not ok then error(value, 0) end
  return value
end

return M
