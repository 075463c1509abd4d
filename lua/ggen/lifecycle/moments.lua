-- Hooks of a make.toml that run at the same time: each is a task of the plan that waits, when its
-- turn comes, until the hooks plugin calls it. So which hooks run beside which is the plugin's to
-- say, as it is for the hooks of a pipeline.lua, and all else is the plan's.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local hook_view = require("ggen.hook_view")
local lanes = require("ggen.lanes")
local registry = require("ggen.registry")

local M = {}

---@class ggen.HookTurn one hook of a moment
---@field task ggen.Task
---@field name string
---@field node ggen.PhaseNode
---@field called ggen.async.Future its turn has come, or will not come
---@field ended ggen.async.Future with its result; nil: it did not run
---@field is_called boolean?
---@field refused table? the result of a hook that is not called
---@field concluded boolean?

---@class ggen.MomentTurns
---@field moment ggen.Moment
---@field list ggen.HookTurn[]
---@field members table<ggen.PhaseNode, true>
---@field outermost ggen.MomentTurns
---@field first integer no node of a row placed before this one waits for a member
---@field begun boolean?

---@class ggen.Moments
---@field waiting integer tasks that have begun and do not have their turn yet
---@field package _run ggen.Run
---@field package _plugin ggen.Instance
---@field package _turns table<integer, ggen.HookTurn> by the index of the task
---@field package _of table<integer, ggen.MomentTurns> by the index of the task
---@field package _inside table<integer, ggen.MomentTurns> outermost ones, of all that runs in them
local Moments = {}
Moments.__index = Moments

-- The members of a moment that one of them waits for, also because of the row that it stands in.
local function waits_for(node, turns)
  local members, first = turns.members, turns.first
  local found, seen = {}, { [node] = true }
  local function look(lists)
    for _, list in ipairs(lists) do
      for _, other in ipairs(list) do
        if not seen[other] and not (other.place and other.place < first) then
          seen[other] = true
          if members[other] then found[#found + 1] = other end
          look({ other.before, other.waits, other.behind })
        end
      end
    end
  end
  look({ node.before, node.waits, node.behind })
  return found
end

local function is_real(moment) return #moment.members > 1 end

-- Whether nothing in a row waits for what is in another: then whoever was placed before a moment
-- waits for nothing in it, and need not be asked.
local function is_closed(row)
  for _, node in ipairs(row.sorted) do
    for _, list in ipairs({ node.before, node.waits }) do
      for _, other in ipairs(list) do
        if other.task.declaration.owner ~= row.pipeline then return false end
      end
    end
  end
  return true
end

function Moments:_add(moment, closed)
  local turns = { moment = moment, list = {}, members = {}, first = closed and moment.first or 0 }
  local outermost = moment
  local outer = moment.outer
  while outer do
    if is_real(outer) then outermost = outer end
    outer = outer.outer
  end
  turns.outermost_moment = outermost
  for i, node in ipairs(moment.members) do
    local turn = { task = node.task, node = node, name = node.task.id, called = async.future(),
      ended = async.future() }
    turns.list[i], turns.members[node] = turn, true
    self._turns[node.index], self._of[node.index] = turn, turns
  end
  return turns
end

---@param run ggen.Run
---@param rows ggen.PhaseRow[]
---@param plugin ggen.Instance
---@return ggen.Moments? nil when no hooks run at the same time
function M.new(run, rows, plugin)
  local self = setmetatable({ _run = run, _plugin = plugin, _turns = {}, _of = {}, _inside = {},
    waiting = 0 }, Moments)
  local by_moment = {}
  for _, row in ipairs(rows) do
    local closed = #row.moments > 0 and is_closed(row)
    for _, moment in ipairs(row.moments) do by_moment[moment] = self:_add(moment, closed) end
  end
  for _, turns in pairs(by_moment) do
    turns.outermost = by_moment[turns.outermost_moment]
    for _, node in ipairs(turns.moment.inner) do self._inside[node.index] = turns.outermost end
  end
  return next(by_moment) and self or nil
end

---@param task ggen.Task
---@return boolean it waits for its turn
function Moments:has(task) return self._turns[task.index] ~= nil end

-- A hook has ended, or will not run.
local function conclude(turn, result)
  if turn.concluded then return end
  turn.concluded = true
  turn.ended:resolve(result)
end

local function refuse(turn, result)
  if turn.refused or turn.is_called then return end
  turn.refused = result
  turn.called:resolve()
end

local NOT_RUN = { status = "skipped", code = 0, told = true, not_run = true }

local function hooks_of(turns)
  local hooks = {}
  for i, turn in ipairs(turns.list) do
    hooks[i] = { name = turn.name, index = turn.task.index, after = function()
      local names = {}
      for j, node in ipairs(waits_for(turn.node, turns)) do names[j] = node.task.id end
      return names
    end }
  end
  return hooks
end

-- A hook is called, and before it those that it waits for.
function Moments:_let_go(turn)
  if turn.is_called then return end
  turn.is_called = true
  for _, other in ipairs(waits_for(turn.node, self._of[turn.task.index])) do
    self:_let_go(self._turns[other.index])
  end
  turn.called:resolve()
end

-- Lets the plugin call the hooks of a moment.
local function conduct(self, turns)
  local run, failed = self._run, false
  local views = hook_view.of(run.project, hooks_of(turns))
  local turn_of = {}
  for i, view in ipairs(views) do turn_of[view] = turns.list[i] end
  local function call(view)
    local turn = turn_of[view]
    if not turn then error("call: this is none of the hooks that run() was given", 2) end
    self:_let_go(turn)
    local result = turn.ended:wait()
    if not result or result.status == "failed" and not turn.task.spec.optional then
      failed = true
      error(("its hook %s %s"):format(turn.name, result and "failed" or "did not run"), 0)
    end
  end
  local owner = turns.moment.node
  local row = { id = owner and "hooks of " .. owner.task.id or "hooks of all" }
  lanes.take(row)
  local ok, message = registry.call_in(lanes.of(row), self._plugin, "run", views, call)
  lanes.release(row, { status = ok and "ok" or "failed", code = ok and 0 or 1 })
  local result = NOT_RUN
  if not ok and not failed then
    result = { status = "failed", code = 1, message = message }
    run.failed = true
    run.events:note("error", message)
  end
  for _, turn in ipairs(turns.list) do refuse(turn, result) end
end

-- What has ended before the moment began has no turn.
function Moments:_begin(turns)
  turns.begun = true
  for _, turn in ipairs(turns.list) do
    local state = self._run.plan:state(turn.task.index)
    if state == "done" then
      conclude(turn, { status = "ok", code = 0 })
    elseif state == "skipped" or state == "failed" or self._closed then
      conclude(turn)
    end
  end
  async.spawn(conduct, self, turns)
end

local function wait_for_call(self, turn)
  self.waiting = self.waiting + 1
  turn.called:wait()
  self.waiting = self.waiting - 1
end

---The life of a hook: it runs when it is called.
---@async
---@param task ggen.Task
---@param run_it fun(run: ggen.Run, task: ggen.Task): ggen.TaskResult, number?
---@return ggen.TaskResult, number? started monotonic seconds
function Moments:take_part(task, run_it)
  local turn, turns = self._turns[task.index], self._of[task.index]
  if not turns.begun then self:_begin(turns) end
  if not turn.is_called and not turn.refused then
    local ok, problem = pcall(self._run.slots.without, self._run.slots, task, false,
      wait_for_call, self, turn)
    if not ok and not turn.refused then error(problem, 0) end
  end
  if turn.refused then return turn.refused end
  return run_it(self._run, task)
end

---A task has ended.
---@param task ggen.Task
---@param result ggen.TaskResult
function Moments:ended(task, result)
  local turn = self._turns[task.index]
  if turn then conclude(turn, result) end
end

---A task of the plan will not run.
---@param index integer
function Moments:skipped(index)
  local turn = self._turns[index]
  if turn then conclude(turn) end
end

---The tasks that may go on when one has failed: those that run with it. Nil when there are none.
---@param task ggen.Task
---@return integer[]?
function Moments:beside(task)
  local turns = self._inside[task.index]
  if not turns then return nil end
  local list = {}
  for i, node in ipairs(turns.moment.inner) do list[i] = node.index end
  return list
end

---A hook failed: those that run with it have their turn nevertheless, and nobody else.
---@param tasks integer[]
function Moments:go_on_with(tasks)
  local plan = self._run.plan
  if plan:stopped() then return end
  local needed = self._run.project.graph:plan(tasks):wanted()
  for _, index in ipairs(plan:resume(needed) or {}) do self:skipped(index) end
end

---Nothing of the plan starts any more.
function Moments:close()
  self._closed = true
  for index, turn in pairs(self._turns) do
    refuse(turn, NOT_RUN)
    local state = self._run.plan:state(index)
    if state ~= "running" then conclude(turn) end
  end
end

return M
