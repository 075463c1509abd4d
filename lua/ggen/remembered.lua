-- A project whose files were not evaluated: what project.lua promises, taken from a snapshot when
-- it is asked for. Where a Lua function is needed, or something in the snapshot turns out to be
-- damaged, the files are evaluated after all.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local heap = require("ggen.heap")
local locate = require("ggen.locate")
local Project = require("ggen.project")
local records = require("ggen.records")
local stand_in = require("ggen.stand_in")

local M = {}

---@class ggen.RememberedProject: ggen.Project
---@field snapshot userdata
---@field package _tasks table<integer, ggen.Task> those that are in use
---@field package _head table
---@field package _load fun(functions: boolean?): ggen.Loaded
---@field package _functions table<integer, function|ggen.TaskSpec>|false|nil of tasks, once one was
---needed; false: they are those of the evaluated project
---@field package _repair fun(project: ggen.Project) writes the snapshot of an evaluated project
---@field package _repaired boolean
local Remembered = { __name = "ggen.Project" }

-- Fields that are made when they are asked for.
local made = {}

Remembered.__index = function(self, key)
  local method = Remembered[key]
  if method ~= nil then return method end
  local make = made[key]
  if not make then return Project[key] end
  local value = make(self)
  rawset(self, key, value)
  return value
end

-- A section that was written by records.encode; nil when it is damaged.
local function decoded(self, name)
  local bytes = self.snapshot:section(name)
  local ok, value = pcall(records.decode, bytes or "")
  return ok and value or nil
end

-- What the run has done so far was done for the pipeline as it was.
local function load_again(self, functions)
  local loaded = self._load(functions)
  if loaded.inputs:answers() ~= self._head.answers then
    fault.raise(("%s has changed since this run began: run it again"):format(locate.FILE))
  end
  return loaded
end

---@return ggen.Project project the same one, with its Lua functions
function Remembered:evaluated()
  local project = rawget(self, "_evaluated")
  if not project then
    local loaded = load_again(self)
    heap.loaded()
    project = require("ggen.resolve").project(loaded)
    rawset(self, "_evaluated", project)
  end
  return project
end

-- Whether a hook, or what a plugin is given, is a Lua function. Those and the ones of tasks may
-- share variables of their file, so all are to come from the same evaluation.
local function has_hook_functions(self)
  local any = false
  for _, use in ipairs(self._head.root.uses) do any = any or use.functions ~= nil end
  self:each_hook(function(hook) any = any or hook.fn ~= nil end)
  return any
end

-- The functions of all tasks. All else that evaluating makes is let go of: it is in the snapshot.
-- Nothing when the pipeline has a use for more of it.
local function functions_of_tasks(self)
  local ok, loaded = pcall(load_again, self, true)
  if not ok or not loaded.functions then return nil end
  local functions, count = require("ggen.tasks").functions(loaded)
  return count + 2 * #self.phases == self:count() and functions or nil
end

-- A function of a task, by its way within the spec.
local function function_at(self, index, path)
  if rawget(self, "_functions") == nil then
    local enough = not rawget(self, "_evaluated") and not has_hook_functions(self)
    self._functions = enough and functions_of_tasks(self) or false
    heap.loaded()
  end
  local kept = self._functions and self._functions[index] or self:evaluated():task(index).spec
  return records.function_at(kept, path)
end

-- The evaluated project, for what is damaged in the snapshot, which is written anew.
local function instead(self)
  local project = self:evaluated()
  if not self._repaired then
    self._repaired = true
    self._repair(project)
  end
  return project
end

-- The file with a number of the head, as messages name it.
local function source(self, number)
  local shown = self._shown[number]
  if not shown then
    shown = locate.display(self._head.sources[number] or "?", self.loaded.cwd)
    self._shown[number] = shown
  end
  return shown
end

-- What a plugin is given may have functions too.
local function restore_param_functions(self, entry, position, use)
  local list = use.functions
  for i = 1, #list, 3 do
    local path = list[i]
    records.set_function(use.params, path, stand_in.new(source(self, list[i + 1]), list[i + 2],
      function()
        local loaded = self:evaluated().loaded
        local pipeline = loaded.root
        for _, workspace in ipairs(entry.kind == "workspace" and loaded.workspaces or {}) do
          if workspace.name == entry.name then pipeline = workspace end
        end
        return records.function_at(pipeline.uses[position].params, path)
      end))
  end
end

-- 0 is the root.
local function pipeline_at(self, number)
  return number == 0 and self.loaded.root or self.loaded.workspaces[number]
end

local function pipeline_of(self, entry)
  local pipeline = {
    name = entry.name, kind = entry.kind, dir = entry.dir, desc = entry.desc,
    jobs = entry.jobs, depends_on = entry.depends_on,
    file = source(self, entry.source), line = entry.line,
    defaults = false, uses = {}, lifecycle = entry.lifecycle or false,
  }
  if entry.defaults then
    pipeline.defaults = { names = entry.defaults.names, line = entry.defaults.line,
      file = source(self, entry.defaults.source) }
  end
  for i, use in ipairs(entry.uses) do
    pipeline.uses[i] = { name = use.name, params = use.params, dir = use.dir, line = use.line,
      kind = use.kind,
      file = source(self, use.source) }
    if use.functions then restore_param_functions(self, entry, i, use) end
  end
  return pipeline
end

function made.phases(self)
  local list = decoded(self, "phases")
  if not list then return instead(self).phases end
  for _, phase in ipairs(list) do
    phase.phase.file = source(self, phase.phase.source)
    list[phase.id] = phase
  end
  return list
end

function made.groups(self) return decoded(self, "groups") or instead(self).groups end

-- Gives the hooks of one place their names, and stand-ins for their functions.
local function restore_hooks(self, lists, real)
  for _, moment in ipairs({ "before", "after" }) do
    for i, hook in ipairs(lists[moment]) do
      if hook.index then
        hook.name = self:id(hook.index)
      else
        local file = source(self, hook.source)
        hook.name = ("%s:%d"):format(file, hook.line)
        hook.fn = stand_in.new(file, hook.line, function() return real()[moment][i].fn end)
      end
    end
  end
  return lists
end

function made.hooks(self)
  local hooks = decoded(self, "hooks")
  if not hooks then return instead(self).hooks end
  for index, lists in pairs(hooks) do
    restore_hooks(self, lists, function() return self:evaluated().hooks[index] end)
  end
  return hooks
end

function made.each_hooks(self)
  local lists = decoded(self, "each hooks")
  if not lists then return instead(self).each_hooks end
  return restore_hooks(self, lists, function() return self:evaluated().each_hooks end)
end

function made._survey(self) return decoded(self, "survey") or instead(self):survey() end

function Remembered:survey() return self._survey end

function Remembered:tagged() return decoded(self, "tags") or instead(self):tagged() end

function Remembered:count() return self.snapshot:count() end

function Remembered:id(index) return self.graph:name(index) end

function Remembered:find(id) return self.graph:find(id) end

-- Puts the functions of a task into its spec, or as long as none was needed stand-ins for them.
local function restore_function(self, index, spec, path, number, line)
  local real = rawget(self, "_functions")
  records.set_function(spec, path, real and records.function_at(real[index], path)
    or stand_in.new(source(self, number), line, function()
      return function_at(self, index, path)
    end))
end

-- What is rarely asked for: a run may make 100,000 of these.
local derived = {}
function derived.name(task) return task._record[1] end
function derived.dir(task) return pipeline_at(task._project, task._record[2]).dir end
function derived.workspace(task)
  local pipeline = pipeline_at(task._project, task._record[2])
  return pipeline.kind == "workspace" and pipeline.name or nil
end
function derived.declaration(task)
  local project, record, phase = task._project, task._record, task.phase
  task.declaration = {
    name = record[1], owner = pipeline_at(project, record[2]), file = source(project, record[3]),
    line = record[4], members = phase and project.phases[phase.id].phase.members or nil,
  }
  return task.declaration
end

local Task = Project.lazily(derived, "ggen.Task")

local function make_task(self, index, bytes)
  local record = records.decode_task(bytes)
  local spec, functions = record[5], record[8]
  assert(pipeline_at(self, record[2]) and source(self, record[3]))
  for i = 1, functions and #functions or 0, 3 do
    restore_function(self, index, spec, functions[i], functions[i + 1], functions[i + 2])
  end
  local task = setmetatable({ index = index, id = self:id(index), spec = spec, _record = record,
    _project = self }, Task)
  if record[6] then task.matrix = record[6] end
  if record[7] then task.phase = record[7] end
  return task
end

-- A task of the evaluated project as one of this one. It is declared by the same pipeline as those
-- that were made before: who sorts tasks by that (lifecycle/order.lua) must not get one twice.
local function adopted(self, task)
  local owner = self.loaded.root
  for _, workspace in ipairs(task.workspace and self.loaded.workspaces or {}) do
    if workspace.name == task.workspace then owner = workspace end
  end
  local declaration = setmetatable({ owner = owner }, { __index = task.declaration })
  return setmetatable({ declaration = declaration }, { __index = task })
end

function Remembered:task(index)
  local task = self._tasks[index]
  if task then return task end
  local bytes, ok = self.snapshot:record(index), nil
  if bytes then ok, task = pcall(make_task, self, index, bytes) end
  if not ok then task = adopted(self, instead(self):task(index)) end
  self._tasks[index] = task
  return task
end

function Remembered:section(name)
  return self.sections[name] or self.snapshot:section("+" .. name)
end

---@param opened { snapshot: userdata, head: table, graph: userdata }
---@param standing string absolute directory that was asked for
---@param cwd string
---@param load fun(functions: boolean?): ggen.Loaded
---@param repair fun(project: ggen.Project)
---@return ggen.RememberedProject
function M.new(opened, standing, cwd, load, repair)
  local head = opened.head
  local self = setmetatable({
    dir = head.dir, snapshot = opened.snapshot, graph = opened.graph, frozen = true,
    ranges = head.ranges,
    loaded = { dir = head.dir, cwd = cwd, workspaces = {}, environment = head.environment },
    -- A task stays the same object for as long as somebody holds it.
    _tasks = setmetatable({}, { __mode = "v" }),
    _head = head, _shown = {}, _load = load, _repair = repair, sections = {},
  }, Remembered)
  self.loaded.root = pipeline_of(self, head.root)
  for i, entry in ipairs(head.workspaces) do
    self.loaded.workspaces[i] = pipeline_of(self, entry)
  end
  self.loaded.workspace = locate.inside(self.loaded.workspaces, standing, self.dir)
  return self
end

return M
