-- What a scheduler sees of a run: what tasks are expected to take, what runs, what waits, and what
-- the machine has. The same for a real run and for a simulated one, which differ in their clock and
-- their machine.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.timings")
local sorted = require("ggen.sorted")

local M = {}

---@class ggen.Machine
---@field cpus integer
---@field memory number bytes that a run may take
---@field free_memory fun(): number bytes
---@field memory_pressure fun(): number? percent of the last ten seconds

---@class ggen.View
---@field jobs integer how many tasks run at once, but for those that wait more than they compute
---@field now fun(): number monotonic seconds
---@field machine ggen.Machine
---@field running { task: ggen.Task, started: number }[]
---@field package _plan userdata
local View = { __name = "ggen.View" }
View.__index = View

---@param options { jobs: integer, now: (fun(): number), machine: ggen.Machine,
---timings: ggen.Timings, project: ggen.Project,
---left_out: table<integer, true>? }
---@return ggen.View
function M.new(options)
  return setmetatable({
    jobs = options.jobs, now = options.now, machine = options.machine, running = {},
    _timings = options.timings, _project = options.project, _left_out = options.left_out,
    _refused = {}, _starts = 0,
  }, View)
end

---From here on it speaks of this plan.
---@param plan userdata
---@param indices integer[]? of the tasks by the ids of a plan that has ids of its own
function View:enter(plan, indices)
  self._plan, self._indices, self._durations, self._remaining = plan, indices, nil, nil
end

-- Numbers by the ids of the plan become numbers by the index of the task.
local function by_index(self, numbers)
  if not self._indices then return numbers end
  local list = {}
  for index = 1, self._project:count() do list[index] = 0 end
  for id, index in ipairs(self._indices) do list[index] = numbers[id] end
  return list
end

---Numbers by the index of the task become numbers by the ids of such a plan.
---@param numbers number[]
---@param indices integer[]
---@return number[]
function M.by_id(numbers, indices)
  local list = {}
  for id, index in ipairs(indices) do list[id] = numbers[index] or 0 end
  return list
end

-- Whether a task of the project is one of a plan.
local function membership(plan, indices)
  if not indices then return function(index) return plan:state(index) ~= nil end end
  local is_member = {}
  for _, index in ipairs(indices) do is_member[index] = true end
  return function(index) return is_member[index] == true end
end

-- Nodes of phases and what is passed over take no time, and services stay.
local function idle_of(project, left_out)
  local idle = {}
  for index in pairs(left_out or {}) do idle[#idle + 1] = index end
  for _, phase in ipairs(project.phases) do
    idle[#idle + 1], idle[#idle + 2] = phase.begin, phase.finish
  end
  for _, index in ipairs(project:survey().services) do idle[#idle + 1] = index end
  return idle
end

-- A task takes as long as the hooks that run for it, too; each of them runs once.
local function add_hooks(self, durations)
  local hooks, counted = self._project.hooks, {}
  local has = membership(self._plan, self._indices)
  for _, index in ipairs(sorted.keys(hooks or {})) do
    for _, moment in ipairs({ "before", "after" }) do
      for _, hook in ipairs(has(index) and hooks[index][moment] or {}) do
        local task = hook.index
        if task and not counted[task] and not has(task) then
          counted[task] = true
          durations[index] = durations[index]
            + (self._timings:history():expected(self._project:id(task)) or 0)
        end
      end
    end
  end
end

---What each task is expected to take: the weighted median of its last runs; for one that never ran
---that of its kind (the same task in other workspaces, other combinations), or of all.
---@return number[] seconds, by the index of the task
---@return integer known how many of the plan's tasks that have not ended have run before
---@return integer unknown how many of these have not
function View:durations()
  if not self._durations then
    local durations, learned
    durations, self._known, self._unknown, learned = self._timings:history():durations(self._plan,
      not self._indices and idle_of(self._project, self._left_out) or nil)
    self._durations, self._learned = by_index(self, durations), by_index(self, learned)
    if next(self._project.hooks or {}) then add_hooks(self, self._durations) end
  end
  return self._durations, self._known, self._unknown
end

---The longest way from the start of each task to the end of the run, by expected durations.
---@return number[] seconds, by the index of the task
function View:remaining()
  if not self._remaining then
    local durations = self:durations()
    self._remaining = by_index(self, core.remaining(self._plan,
      self._indices and M.by_id(durations, self._indices) or durations))
  end
  return self._remaining
end

---@param task ggen.Task
---@return number seconds
function View:expected(task) return self:durations()[task.index] or 0 end

---What a task takes of the memory: what it declares, or the most that it took in its last runs.
---@param task ggen.Task
---@return number bytes, 0 when nothing is known
function View:memory(task)
  local weight = task.spec.weight
  if weight and weight.memory then return weight.memory end
  if not self._durations then self:durations() end
  return self._learned[task.index] or 0
end

---@param task ggen.Task
---@return string? the workspace that it belongs to
function View:workspace(task) return task.workspace end

---The task that has waited longest of those that were not admitted.
---@return integer? index of the task
---@return integer? overtaken how many tasks have started since it was first refused
function View:longest_refused()
  local oldest, since
  for index, start in pairs(self._refused) do
    if not since or start < since or (start == since and index < oldest) then
      oldest, since = index, start
    end
  end
  return oldest, since and self._starts - since
end

---@param task ggen.Task was not admitted
function View:refused(task)
  if not self._refused[task.index] then self._refused[task.index] = self._starts end
end

---@param task ggen.Task
function View:started(task)
  self._refused[task.index] = nil
  self._starts = self._starts + 1
  local entry = self._spare or {} -- one after the other needs no more than there are slots
  self._spare = nil
  entry.task, entry.started = task, self.now()
  self.running[#self.running + 1] = entry
end

---@param task ggen.Task
function View:ended(task)
  local running = self.running
  for i = 1, #running do
    if running[i].task == task then
      self._spare = running[i]
      running[i] = running[#running]
      running[#running] = nil
      return
    end
  end
end

return M
