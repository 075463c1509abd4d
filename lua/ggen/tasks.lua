-- From declarations to tasks: expands matrices, gives every task its id, finds tasks by name. What
-- waits for what is not kept here but in the engine's graph (resolve.lua).
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local suggest = require("ggen.suggest")

local M = {}

---@class ggen.Task what a run works on
---@field index integer position in the order of declaration; its id in the graph
---@field id string "build", "api#build", "test:suite=unit", "phase ci"
---@field name string without workspace and matrix
---@field workspace string? name of its workspace
---@field dir string absolute directory of the file that declares it
---@field spec ggen.TaskSpec as written, with ${matrix.x} replaced
---@field matrix table<string, string|number|boolean>?
---@field declaration ggen.Declaration
---@field phase table? the phase that this node stands for: { role = "begin"|"end", ... }

---@class ggen.Project
---@field dir string absolute
---@field loaded ggen.Loaded
---@field tasks ggen.Task[]
---@field finals ggen.Task[] those that run at the end
---@field by_id table<string, ggen.Task>
---@field groups table<string, ggen.Task[]> instances of a matrix by the id without it
---@field phases table<string, { begin: ggen.Task, finish: ggen.Task, members: integer[] }>
---@field graph userdata of the engine
---@field hooks table<string, { before: ggen.Hook[], after: ggen.Hook[] }> by the id of a task
---@field each_hooks { before: ggen.Hook[], after: ggen.Hook[] }
local Project = {}
Project.__index = Project

-- What a task has from its declaration is looked up there: a pipeline may have 100,000 of them, and
-- few of these fields are asked for.
local derived = {}
function derived.name(task) return task.declaration.name end
function derived.dir(task) return task.declaration.owner.dir end
function derived.workspace(task)
  local owner = task.declaration.owner
  return owner.kind == "workspace" and owner.name or nil
end

local Task = {
  __index = function(task, key)
    local get = derived[key]
    return get and get(task)
  end,
}

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

---All combinations of the axes of a matrix, the last axis varying fastest.
---@param matrix table axes, or a list of combinations
---@return table<string, any>[]
local function combinations(matrix)
  if matrix[1] then return matrix end
  local result = { {} }
  for _, axis in ipairs(sorted_keys(matrix)) do
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
  for i, axis in ipairs(sorted_keys(combination)) do
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

local function add_task(project, task)
  local before = project.by_id[task.id]
  if before then
    fault.raise(("task %q is declared twice (first at %s:%d)"):format(
      task.id, before.declaration.file, before.declaration.line),
      task.declaration.file, task.declaration.line)
  end
  local tasks = project.tasks
  task.index = #tasks + 1
  tasks[task.index] = task
  if task.spec.finally then project.finals[#project.finals + 1] = task end
  project.by_id[task.id] = task
  return setmetatable(task, Task)
end

local function prefix_of(pipeline)
  return pipeline.kind == "workspace" and pipeline.name .. "#" or ""
end

local function add_tasks(project, pipeline)
  local prefix = prefix_of(pipeline)
  for _, declaration in ipairs(pipeline.declarations) do
    local spec, base = declaration.spec, declaration.name
    if prefix ~= "" then base = prefix .. base end
    if spec.matrix then
      local group, list = {}, combinations(spec.matrix)
      if #list == 0 then
        fault.raise(("task %q: its matrix has no combination"):format(declaration.name),
          declaration.file, declaration.line)
      end
      for i, combination in ipairs(list) do
        group[i] = add_task(project, {
          id = base .. matrix_suffix(combination), index = 0, declaration = declaration,
          spec = substitute(spec, combination, declaration), matrix = combination,
        })
      end
      project.groups[base] = group
    else
      add_task(project, { id = base, index = 0, declaration = declaration, spec = spec })
    end
  end
end

-- A phase is two nodes: its begin (hooks before) and its end (hooks after; needs all members).
local function add_phases(project, pipeline)
  local prefix = prefix_of(pipeline)
  for _, phase in ipairs(pipeline.phases) do
    local id = prefix .. phase.name
    if project.by_id[id] or project.groups[id] then
      local task = project.by_id[id] or project.groups[id][1]
      fault.raise(("phase %q has the name of a task (at %s:%d)"):format(phase.name,
        task.declaration.file, task.declaration.line), phase.file, phase.line)
    end
    local function node(role, suffix)
      return add_task(project, {
        id = id .. suffix, index = 0, declaration = phase, spec = {},
        phase = { role = role, id = id },
      })
    end
    project.phases[id] = { begin = node("begin", " (begin)"), finish = node("end", ""),
      phase = phase,
      members = {} }
    project.phases[#project.phases + 1] = project.phases[id]
  end
end

---@return integer
function Project:count() return #self.tasks end

---@param index integer
---@return ggen.Task
function Project:task(index) return self.tasks[index] end

-- The names that someone may have meant.
function Project:names()
  local names = {}
  for _, task in ipairs(self.tasks) do
    if not (task.phase and task.phase.role == "begin") then names[task.id] = true end
  end
  for base in pairs(self.groups) do names[base] = true end
  return names
end

local function is_pattern(name) return name:find("[*?%[{]") ~= nil end

---The tasks that a name means when it is written in the file of `pipeline`.
---@param name string "build", "lib#build", "#root-task", "^build", "test:*"
---@param pipeline ggen.Pipeline
---@return ggen.Task[]? nil when nothing has that name
function Project:lookup(name, pipeline)
  local prefix = prefix_of(pipeline)
  if name:byte(1) == 94 then -- "^"
    local found, base, known = {}, name:sub(2), false
    for _, workspace in ipairs(self:dependencies(pipeline)) do
      local tasks = self:exact(workspace .. "#" .. base) or {}
      for _, task in ipairs(tasks) do found[#found + 1] = task end
    end
    -- A workspace may lack the task; a task that no workspace has is a misspelling.
    for _, workspace in ipairs(self.loaded.workspaces) do
      known = known or self:exact(workspace.name .. "#" .. base) ~= nil
    end
    return (known or #self.loaded.workspaces == 0) and found or nil
  end
  local id
  if name:byte(1) == 35 then id = name:sub(2) -- "#": a task of the root
  elseif name:find("#", 1, true) then id = name
  else id = prefix .. name end
  local found = self:exact(id)
  if found or not is_pattern(id) then return found end
  return self:matching(id)
end

---@param id string
---@return ggen.Task[]? the task with this id, or the instances of the matrix task
function Project:exact(id)
  local task = self.by_id[id]
  if task then return { task } end
  return self.groups[id]
end

---@param pattern string a glob over ids; "*" does not cross "#" or ":"
---@return ggen.Task[]? tasks nil when none matches
function Project:matching(pattern)
  local match = require("ggen.core.fs").match
  -- "#" separates like "/" does, so that "*#build" is every workspace's build and "*" none of them.
  local glob, found = pattern:gsub("#", "/"), {}
  for _, task in ipairs(self.tasks) do
    local id = task.id:gsub("#", "/")
    local base = id:match("^[^:]*")
    if not (task.phase and task.phase.role == "begin") and (match(glob, id)
      or match(glob, base)) then
      found[#found + 1] = task
    end
  end
  return #found > 0 and found or nil
end

-- The workspaces that ^ means: for the root file all of them.
function Project:dependencies(pipeline)
  if pipeline.kind == "workspace" then return pipeline.depends_on end
  local all = {}
  for i, workspace in ipairs(self.loaded.workspaces) do all[i] = workspace.name end
  return all
end

---@param loaded ggen.Loaded
---@return ggen.Project project without edges and hooks
---@return ggen.Pipeline[] pipelines the root's, then those of the workspaces
function M.expand(loaded)
  local project = setmetatable({
    loaded = loaded, dir = loaded.dir, tasks = {}, by_id = {}, groups = {}, phases = {},
    finals = {}, hooks = {}, each_hooks = { before = {}, after = {} },
  }, Project)
  local pipelines = { loaded.root }
  for _, workspace in ipairs(loaded.workspaces) do pipelines[#pipelines + 1] = workspace end
  for _, pipeline in ipairs(pipelines) do add_tasks(project, pipeline) end
  for _, pipeline in ipairs(pipelines) do add_phases(project, pipeline) end
  return project, pipelines
end

return M
