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
---@field fresh integer how many tasks of it were up to date from the start

---@class ggen.Stages
---@field package _record table
---@field package _found table<string, ggen.Stage|false>
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

-- Whether a task is an instance of the matrix task of that name.
local function is_instance(id, name)
  return id:byte(#name + 1) == 58 and id:sub(1, #name) == name -- ":"
end

local function matcher(name)
  if is_glob(name) then
    local ok, match = pcall(Project.matcher, name)
    return ok and match or function() return false end
  end
  return function(id) return id == name or is_instance(id, name) end
end

local function look(record, name)
  local matches, stage = matcher(name), nil
  local function take_in(part)
    local start = seconds(part.start)
    local finish = start + seconds(part.duration)
    if not stage then
      stage = { name = name, start = start, finish = finish, tasks = {}, fresh = 0 }
    end
    stage.start, stage.finish = math.min(stage.start, start), math.max(stage.finish, finish)
  end
  for _, phase in ipairs(record.phases or {}) do
    if phase.name == name or is_glob(name) and matches(phase.name) then take_in(phase) end
  end
  -- A phase of just that name is what was meant.
  if stage and not is_glob(name) then return stage end
  for _, task in ipairs(record.tasks or {}) do
    if task.status ~= "skipped" and matches(task.id) then
      take_in(task)
      table.insert(stage.tasks, task)
    end
  end
  for _, id in ipairs(record.fresh or {}) do
    if matches(id) then
      stage = stage or { name = name, start = 0, finish = 0, tasks = {}, fresh = 0 }
      stage.fresh = stage.fresh + 1
    end
  end
  return stage
end

---The phase of this name, else the tasks; of a glob all phases and tasks that it matches.
---@param name string "release", "web#build", "*#test", "test" of a matrix
---@return ggen.Stage? stage nil when nothing of it took part in the run
function Stages:find(name)
  local stage = self._found[name]
  if stage == nil then
    stage = look(self._record, name) or false
    if stage then stage.duration, stage.finish = stage.finish - stage.start, nil end
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

---@param project ggen.Project
---@param name string
---@return boolean whether a phase or a task has that name
function M.known(project, name)
  if not is_glob(name) then return project:exact(name) ~= nil or project.phases[name] ~= nil end
  local ok, found = pcall(project.matching, project, name)
  return ok and found ~= nil
end

return M
