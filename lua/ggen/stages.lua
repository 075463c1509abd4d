-- The stages of a recorded run: its phases and tasks, found by name or glob, and how long each
-- took. Knows the record of a run and nothing of limits.
-- SPDX-License-Identifier: MIT
local Project = require("ggen.project")

local M = {}

---@class ggen.Stage
---@field name string as it was asked for
---@field start number seconds since the start of the run
---@field duration number seconds from the first start to the last end
---@field tasks table[] the tasks of the record that it is made of; none of a phase
---@field phases string[] the phases that it is made of
---@field fresh integer how many tasks of it were up to date from the start

---@class ggen.Stages
---@field package _record table
---@field package _found table<string, ggen.Stage|false>
---@field package _index table?
local Stages = {}
Stages.__index = Stages

---@param record table of a run
---@return ggen.Stages
function M.of(record) return setmetatable({ _record = record, _found = {} }, Stages) end

local function is_glob(name) return name:find("[*?%[{]") ~= nil end

-- A time of a record, which may have been written by anybody.
local function seconds(value)
  value = tonumber(value)
  return value and value >= 0 and value < math.huge and value or 0
end

local function new_stage(name) return { name = name, tasks = {}, phases = {}, fresh = 0 } end

local function take_in(stage, part)
  local start = seconds(part.start)
  local finish = start + seconds(part.duration)
  stage.start = math.min(stage.start or start, start)
  stage.finish = math.max(stage.finish or finish, finish)
end

local function take_phase(stage, phase)
  take_in(stage, phase)
  table.insert(stage.phases, phase.name)
end

local function take_task(stage, task)
  if task.status == "skipped" then return end
  take_in(stage, task)
  table.insert(stage.tasks, task)
end

-- What a name may mean: phases, and tasks by their id or by that of their matrix task.
local function index_of(record)
  local index = { phases = {}, tasks = {}, fresh = {} }
  local function add(map, key, value)
    map[key] = map[key] or {}
    table.insert(map[key], value)
  end
  for _, phase in ipairs(record.phases or {}) do add(index.phases, phase.name, phase) end
  local function add_task(map, id, value)
    add(map, id, value)
    local matrix_task = id:match("^([^:]+):")
    if matrix_task then add(map, matrix_task, value) end
  end
  for _, task in ipairs(record.tasks or {}) do add_task(index.tasks, task.id, task) end
  for _, id in ipairs(record.fresh or {}) do add_task(index.fresh, id, id) end
  return index
end

local function find_named(index, name, kind)
  local stage = new_stage(name)
  local phases = kind ~= "task" and index.phases[name] or {}
  for _, phase in ipairs(phases) do take_phase(stage, phase) end
  -- A phase of just that name is what was meant.
  if stage.start or kind == "phase" then return stage end
  for _, task in ipairs(index.tasks[name] or {}) do take_task(stage, task) end
  stage.fresh = #(index.fresh[name] or {})
  return stage
end

local function find_matching(record, name, kind)
  local ok, matches = pcall(Project.matcher, name)
  local stage = new_stage(name)
  if not ok then return stage end
  for _, phase in ipairs(kind ~= "task" and record.phases or {}) do
    if matches(phase.name) then take_phase(stage, phase) end
  end
  if kind == "phase" then return stage end
  for _, task in ipairs(record.tasks or {}) do
    if matches(task.id) then take_task(stage, task) end
  end
  for _, id in ipairs(record.fresh or {}) do
    if matches(id) then stage.fresh = stage.fresh + 1 end
  end
  return stage
end

-- Without one of these in front a name is whatever there is of it.
local function split(name)
  local kind, rest = name:match("^(%a+)%.(.+)$")
  if kind == "task" or kind == "phase" then return kind, rest end
end

local function find(self, name, kind)
  if is_glob(name) then return find_matching(self._record, name, kind) end
  self._index = self._index or index_of(self._record)
  return find_named(self._index, name, kind)
end

local function took_part(stage) return stage.start ~= nil or stage.fresh > 0 end

---The phase of this name, else the tasks; of a glob all phases and tasks that it matches. With
---"task." or "phase." in front only tasks, or phases.
---@param name string "release", "web#build", "*#test", "test" of a matrix, "task.release"
---@return ggen.Stage? stage nil when nothing of it took part in the run
function Stages:find(name)
  local stage = self._found[name]
  if stage == nil then
    stage = find(self, name)
    local kind, rest = split(name)
    -- The id of a task may begin like that.
    if kind and not took_part(stage) then
      stage = find(self, rest, kind)
      stage.name = name
    end
    if took_part(stage) then
      stage.start, stage.finish = stage.start or 0, stage.finish or 0
      stage.duration, stage.finish = stage.finish - stage.start, nil
    else
      stage = false
    end
    self._found[name] = stage
  end
  return stage or nil
end

---What a run is told by when nobody has named its stages: its phases, or else its tasks.
---@return string[] names in the order of their start
function Stages:names()
  local names, seen = {}, {}
  local function add(list, field)
    for _, part in ipairs(list or {}) do
      if part.status ~= "skipped" and not seen[part[field]] then
        seen[part[field]] = true
        names[#names + 1] = part[field]
      end
    end
  end
  add(self._record.phases, "name")
  if #names == 0 then add(self._record.tasks, "id") end
  return names
end

-- Nodes of phases are tasks of the project as well; phases of a make.toml are both.
local function any_of_kind(project, indices, kind)
  if not kind then return indices ~= nil end
  for _, index in ipairs(indices or {}) do
    local task = project:task(index)
    local lifecycle = task.spec and task.spec.lifecycle
    local phase = task.phase or lifecycle and lifecycle.kind == "phase"
    if kind == "phase" and phase or kind == "task" and not task.phase then return true end
  end
  return false
end

local function known(project, name, kind)
  if is_glob(name) then
    local ok, found = pcall(project.matching, project, name)
    return ok and any_of_kind(project, found, kind)
  end
  return kind ~= "task" and project.phases[name] ~= nil
    or any_of_kind(project, project:exact(name), kind)
end

---@param project ggen.Project
---@param name string as for Stages:find
---@return boolean whether a phase or a task has that name
function M.known(project, name)
  local kind, rest = split(name)
  return known(project, name) or kind ~= nil and known(project, rest, kind)
end

return M
