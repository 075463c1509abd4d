-- Asks the scheduler who is next and who may start. A scheduler that raises, answers nonsense or
-- lets nobody start is named once, and from then on tasks start in the order of declaration.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local registry = require("ggen.registry")
local M = {}

-- So many of the ready tasks are asked for in a row: with 100,000 that do not fit, not all of them
-- at each end of a task.
local MOST_REFUSED = 32

---@class ggen.Scheduling
---@field view ggen.View? nil when nobody is asked
---@field leases ggen.Leases? of a run with tasks that lease something
---@field package _plugins table<string, ggen.Instance> who is asked, by method
---@field package _idle boolean nobody is asked
local Scheduling = {}
Scheduling.__index = Scheduling

-- A scheduler that only admits stands over another one, which gives the order. `above` has the
-- names of those over this one.
local function order_of(plugins, scheduler, above)
  local over = scheduler.impl.over
  if not over then return scheduler end
  above[scheduler.name] = true
  if above[over.name] then
    fault.raise(("plugin %q: its over leads back to itself"):format(over.name), scheduler.file,
      scheduler.line)
  end
  local inner = plugins:make(over.name, over.params, { file = scheduler.file,
    line = scheduler.line }, "scheduler")
  return order_of(plugins, inner, above)
end

---@param plugins ggen.Registry? nil: nobody is asked
---@param project ggen.Project
---@param make_view fun(): ggen.View called when there is somebody to look at it
---@param warn fun(message: string)
---@return ggen.Scheduling
function M.new(plugins, project, make_view, warn)
  local scheduler = plugins and plugins:get("scheduler")
  local self = setmetatable({
    _project = project, _warn = warn, _plugins = {}, _idle = true,
  }, Scheduling)
  if not scheduler then return self end
  local order = order_of(plugins, scheduler, {})
  for _, method in ipairs({ "admit", "priority", "priorities", "observe" }) do
    local plugin = scheduler.impl[method] and scheduler or order.impl[method] and order
    if plugin then self._plugins[method], self._idle = plugin, false end
  end
  if not self._idle then self.view = make_view() end
  return self
end

function Scheduling:_fall_back(message)
  self._warn(message .. " (tasks run in the order of declaration from here on)")
  self._plugins, self._idle = {}, true
  if self._plan then
    self._plan:bring_back()
    require("ggen.core.timings").set_priorities(self._plan, {})
  end
end

-- The result of a method; nil after a failure, which has been dealt with.
function Scheduling:_ask(method, expected, ...)
  local plugin = self._plugins[method]
  local ok, value = registry.call(plugin, method, ...)
  if ok and type(value) == expected and value == value then return value end
  local wrong = "plugin %q, method %s: a %s expected, got %s"
  self:_fall_back(ok and wrong:format(plugin.name, method, expected, tostring(value)) or value)
end

local function is_array_of_numbers(value, size)
  for i = 1, size do
    local number = value[i]
    if number ~= nil and (type(number) ~= "number" or number ~= number) then return false, i end
  end
  return true
end

---A plan begins.
---@param plan userdata
---@param task_of fun(id: integer): ggen.Task
---@param indices integer[]? of the tasks by the ids of a plan that has ids of its own
function Scheduling:begin(plan, task_of, indices)
  self._plan, self._task_of = plan, task_of
  if self._idle or plan:finished() then return end
  self.view:enter(plan, indices)
  if self._plugins.priorities then
    local values = self:_ask("priorities", "table", self.view)
    if not values then return end
    local good, at = is_array_of_numbers(values, self._project:count())
    if not good then
      return self:_fall_back(("plugin %q, method priorities: a number expected for task %d, got %s")
        :format(self._plugins.priorities.name, at, tostring(values[at])))
    end
    if indices then values = require("ggen.view").by_id(values, indices) end
    require("ggen.core.timings").set_priorities(plan, values)
  elseif self._plugins.priority then
    local ready = {}
    for _, id in ipairs(plan:wanted()) do
      if plan:state(id) ~= "want" then ready[#ready + 1] = id end
    end
    self:ready(ready)
  end
end

---Tasks have become ready.
---@param ids integer[]?
function Scheduling:ready(ids)
  if self._idle or not ids then return end
  if self._plugins.priorities or not self._plugins.priority then return end
  for _, id in ipairs(ids) do
    local number = self:_ask("priority", "number", self._task_of(id), self.view)
    if not number then return end
    self._plan:set_priority(id, number)
  end
end

---The task that starts now, if there is one.
---@param plan userdata
---@param running integer how many tasks of the plan run
---@return integer? id
function Scheduling:next(plan, running)
  if self.leases and self.leases:crowded() then
    -- Who would only wait for a lease as well does not start; who leases nothing does.
    for _ = 1, MOST_REFUSED do
      local id = plan:peek()
      if not id then return nil end
      if not self._task_of(id).spec.leases then break end
      plan:put_aside(id)
      self._put_aside = true
    end
    local id = plan:peek()
    if not id or self._task_of(id).spec.leases then return nil end
  end
  if not self._plugins.admit then return plan:next() end
  for _ = 1, MOST_REFUSED do
    local id = plan:peek()
    if not id then break end
    local task = self._task_of(id)
    local admitted = task.phase and true or self:_ask("admit", "boolean", task, self.view)
    if admitted == nil then return plan:next() end
    if admitted then return plan:next() end
    self.view:refused(task)
    plan:put_aside(id)
    self._put_aside = true
  end
  if running == 0 and self._put_aside then
    self:_fall_back(("plugin %q, method admit: it admits none of the tasks that are ready, and"
      .. " nothing runs"):format(self._plugins.admit.name))
    return plan:next()
  end
end

---Somebody ended: those who were not admitted are asked for again.
function Scheduling:ask_again()
  if not self._put_aside then return end
  self._put_aside = nil
  self._plan:bring_back()
end

-- Whether anybody looks at what runs: one who gives all priorities at the beginning does not.
local function is_watched(self)
  local plugins = self._plugins
  return plugins.admit or plugins.priority or plugins.observe
end

---@param task ggen.Task
function Scheduling:started(task)
  if is_watched(self) then self.view:started(task) end
end

---@param task ggen.Task
---@param result ggen.TaskResult
function Scheduling:ended(task, result)
  if not is_watched(self) then return end
  self.view:ended(task)
  if not self._plugins.observe then return end
  local ok, message = registry.call(self._plugins.observe, "observe", task, result)
  if not ok then self:_fall_back(message) end
end

return M
