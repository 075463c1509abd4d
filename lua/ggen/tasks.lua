-- From declarations to tasks: expands matrices, gives every task its id, finds tasks by name. What
-- waits for what is not kept here but in the engine's graph (resolve.lua).
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local loading = require("ggen.loading")
local Project = require("ggen.project")
local sorted = require("ggen.sorted")
local suggest = require("ggen.suggest")
local workers = require("ggen.workers")

local M = {}

---@class ggen.EvaluatedProject: ggen.Project
---@field package _tasks ggen.Task[]
---@field package _by_id table<string, ggen.Task>
local Evaluated = setmetatable({}, { __index = Project })
Evaluated.__index, Evaluated.__name = Evaluated, "ggen.Project"

function Evaluated:task(index) return self._tasks[index] end

function Evaluated:count() return #self._tasks end

function Evaluated:id(index) return self._tasks[index].id end

function Evaluated:find(id)
  local task = self._by_id[id]
  return task and task.index
end

-- What a task has from its declaration is looked up there: a pipeline may have 100,000 of them, and
-- few of these fields are asked for.
local derived = {}
function derived.name(task) return task.declaration.name end
function derived.dir(task) return task.declaration.owner.dir end
function derived.workspace(task)
  local owner = task.declaration.owner
  return owner.kind == "workspace" and owner.name or nil
end

local Task = Project.lazily(derived, "ggen.Task")

---All combinations of the axes of a matrix, the last axis varying fastest.
---@param matrix table axes, or a list of combinations
---@return table<string, any>[]
local function combinations(matrix)
  if matrix[1] then return matrix end
  local result = { {} }
  for _, axis in ipairs(sorted.keys(matrix)) do
    local longer = {}
    for _, combination in ipairs(result) do
      for _, value in ipairs(matrix[axis]) do
        local copy = { [axis] = value }
        for k, v in pairs(combination) do copy[k] = v end
        longer[#longer + 1] = copy
      end
    end
    result = longer
  end
  return result
end

local function matrix_suffix(combination)
  local parts = {}
  for i, axis in ipairs(sorted.keys(combination)) do
    parts[i] = axis .. "=" .. tostring(combination[axis])
  end
  return ":" .. table.concat(parts, ",")
end

-- Copies a spec with ${matrix.axis} replaced in every text.
local function substitute(value, combination, declaration)
  if type(value) == "string" then
    return (value:gsub("%${matrix%.([^}]*)}", function(axis)
      if combination[axis] == nil then
        fault.raise(("task %q: ${matrix.%s} names no axis of its matrix%s"):format(
          declaration.name, axis, suggest.hint(axis,
            combination)), declaration.file, declaration.line)
      end
      return tostring(combination[axis])
    end))
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for k, v in pairs(value) do copy[k] = k == "matrix" and v or substitute(v, combination,
    declaration) end
  return copy
end

local FAST = Project.FAST

-- The quicker form of a task. What the task makes is none of its outputs, and stays as it is.
local function fast_form(spec)
  local form = {}
  for name, value in pairs(spec) do form[name] = value end
  form.full_outputs, form.outputs, form.fast = spec.outputs or {}, nil, nil
  form.run, form.inputs = spec.fast.run or spec.run, spec.fast.inputs or spec.inputs
  return form
end

local function add_task(project, task)
  local before = project._by_id[task.id]
  if before then
    fault.raise(("task %q is declared twice (first at %s:%d)"):format(
      task.id, before.declaration.file, before.declaration.line),
      task.declaration.file, task.declaration.line)
  end
  local tasks = project._tasks
  task.index = #tasks + 1
  tasks[task.index] = task
  project._by_id[task.id] = task
  if task.spec.full_outputs then
    -- What is known of the two forms is kept apart by their ids.
    task.id = task.id .. FAST
    project._by_id[task.id] = task
  end
  return setmetatable(task, Task)
end

-- The combinations of a declaration, false without a matrix.
local function instances_of(declaration)
  local matrix = declaration.spec.matrix
  if not matrix then return false end
  local list = combinations(matrix)
  if #list == 0 then
    fault.raise(("task %q: its matrix has no combination"):format(declaration.name),
      declaration.file, declaration.line)
  end
  return list
end

local function add_tasks(project, pipeline)
  local prefix, first_of_all = Project.prefix_of(pipeline), #project._tasks + 1
  for _, declaration in ipairs(pipeline.declarations) do
    local spec, base = declaration.spec, declaration.name
    if prefix ~= "" then base = prefix .. base end
    if spec.fast and loading.fast then spec = fast_form(spec) end
    local list = instances_of(declaration)
    if list then
      local first = #project._tasks + 1
      for _, combination in ipairs(list) do
        add_task(project, {
          id = base .. matrix_suffix(combination), index = 0, declaration = declaration,
          spec = substitute(spec, combination, declaration), matrix = combination,
        })
      end
      project.groups[base] = { first = first, count = #list, desc = spec.desc }
    else
      add_task(project, { id = base, index = 0, declaration = declaration, spec = spec })
    end
  end
  if prefix ~= "" then project.ranges[pipeline.name] = { first_of_all, #project._tasks } end
end

-- A phase is two nodes: its begin (hooks before) and its end (hooks after; needs all members).
local function add_phases(project, pipeline)
  local prefix = Project.prefix_of(pipeline)
  for _, phase in ipairs(pipeline.phases) do
    local id = prefix .. phase.name
    if project._by_id[id] or project.groups[id] then
      local task = project._by_id[id] or project:task(project.groups[id].first)
      fault.raise(("phase %q has the name of a task (at %s:%d)"):format(phase.name,
        task.declaration.file, task.declaration.line), phase.file, phase.line)
    end
    local function node(role, suffix)
      return add_task(project, {
        id = id .. suffix, index = 0, declaration = phase, spec = {},
        phase = { role = role, id = id },
      }).index
    end
    project.phases[id] = { id = id, begin = node("begin", " (begin)"), finish = node("end", ""),
      phase = phase, members = {} }
    project.phases[#project.phases + 1] = project.phases[id]
  end
end

-- Tasks from one that is selected by "all tasks" to the last one of a row of such tasks. The phases
-- of a make.toml are steps in a life, not a list of things to do: they run when they are named.
local function rows_of(tasks)
  local rows, open = {}, false
  for i, task in ipairs(tasks) do
    local spec = task.spec
    local belongs = not (task.phase or spec.finally or spec.service or spec.lifecycle)
    if belongs ~= open then
      rows[#rows + 1] = belongs and i or i - 1
      open = belongs
    end
  end
  if open then rows[#rows + 1] = #tasks end
  return rows
end

function Evaluated:survey()
  local survey = self._survey
  if survey then return survey end
  survey = { finals = {}, services = {}, everything = rows_of(self._tasks), leasing = {},
    contained = {}, cached = false, alone = {}, io = {} }
  for i, task in ipairs(self._tasks) do
    local spec = task.spec
    survey.cached = survey.cached or not spec.lifecycle or spec.cache ~= false
    if spec.finally then survey.finals[#survey.finals + 1] = i end
    if spec.service then survey.services[#survey.services + 1] = i end
    if workers.is_alone(task) then survey.alone[#survey.alone + 1] = i end
    if workers.is_io(task) then survey.io[#survey.io + 1] = i end
    if spec.leases then survey.leasing[#survey.leasing + 1] = i end
    if spec.container or spec.cleanroom then survey.contained[#survey.contained + 1] = i end
  end
  self._survey = survey
  return survey
end

function Evaluated:tagged()
  local by_tag = {}
  for i, task in ipairs(self._tasks) do
    for _, tag in ipairs(task.spec.tags or {}) do
      local list = by_tag[tag] or {}
      by_tag[tag] = list
      -- A task may say a tag twice.
      if list[#list] ~= i then list[#list + 1] = i end
    end
  end
  return by_tag
end

function Evaluated:section(name) return self.sections[name] end

local function pipelines_of(loaded)
  local pipelines = { loaded.root }
  for _, workspace in ipairs(loaded.workspaces) do pipelines[#pipelines + 1] = workspace end
  return pipelines
end

---The functions of the tasks of a pipeline that was loaded for these.
---@param loaded ggen.Loaded with `functions`
---@return table<integer, function|ggen.TaskSpec> functions by the index of a task; a spec where it
---has several
---@return integer count of the tasks
function M.functions(loaded)
  local found, count = {}, 0
  for _, pipeline in ipairs(pipelines_of(loaded)) do
    for _, declaration in ipairs(pipeline.declarations) do
      local fn = loaded.functions[declaration]
      if fn ~= nil then
        count = count + 1
        found[count] = fn or nil
      else
        for _, combination in ipairs(instances_of(declaration) or { false }) do
          count = count + 1
          found[count] = combination and substitute(declaration.spec, combination, declaration)
            or declaration.spec
        end
      end
    end
  end
  return found, count
end

---@param loaded ggen.Loaded
---@return ggen.Project project without edges and hooks
---@return ggen.Pipeline[] pipelines the root's, then those of the workspaces
function M.expand(loaded)
  local project = setmetatable({
    loaded = loaded, dir = loaded.dir, groups = {}, ranges = {}, phases = {}, hooks = {},
    each_hooks = { before = {}, after = {} }, sections = {}, _tasks = {},
    _by_id = {},
  }, Evaluated)
  local pipelines = pipelines_of(loaded)
  for _, pipeline in ipairs(pipelines) do add_tasks(project, pipeline) end
  for _, pipeline in ipairs(pipelines) do add_phases(project, pipeline) end
  return project, pipelines
end

return M
