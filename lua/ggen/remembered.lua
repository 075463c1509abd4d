-- A project whose files were not evaluated: what project.lua promises, taken from a snapshot when
-- it is asked for. Where a Lua function is needed, or something in the snapshot turns out to be
-- damaged, the files are evaluated after all.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local locate = require("ggen.locate")
local Project = require("ggen.project")
local records = require("ggen.records")
local stand_in = require("ggen.stand_in")

local M = {}

---@class ggen.RememberedProject: ggen.Project
---@field snapshot userdata
---@field package _tasks table<integer, ggen.Task> those that are in use
---@field package _head table
---@field package _evaluate fun(): ggen.Project
---@field package _repair fun(project: ggen.Project) writes the snapshot of an evaluated project
---@field package _repaired boolean
local Remembered = {}

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

---@return ggen.Project project the same one, with its Lua functions
function Remembered:evaluated()
  local project = rawget(self, "_evaluated")
  if not project then
    project = self._evaluate()
    -- What the run has done so far was done for the pipeline as it was.
    if project.loaded.inputs:answers() ~= self._head.answers then
      fault.raise(("%s has changed since this run began: run it again"):format(locate.FILE))
    end
    rawset(self, "_evaluated", project)
  end
  return project
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
      file = source(self, use.source) }
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

local function make_task(self, index, bytes)
  local name, owner, source_number, line, spec, matrix, phase, functions =
    unpack(records.decode_task(bytes), 1, 8)
  local pipeline = owner == 0 and self.loaded.root or self.loaded.workspaces[owner]
  local declaration = {
    name = name, file = source(self, source_number), line = line, owner = pipeline,
    members = phase and self.phases[phase.id].phase.members or nil,
  }
  records.restore_functions(spec, functions, function(number) return source(self, number) end,
    function() return self:evaluated():task(index).spec end)
  return {
    index = index, id = self:id(index), name = name, dir = pipeline.dir, declaration = declaration,
    workspace = pipeline.kind == "workspace" and pipeline.name or nil,
    spec = spec, matrix = matrix or nil, phase = phase or nil,
  }
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
  local evaluated = rawget(self, "_evaluated")
  local bytes, ok = not evaluated and self.snapshot:record(index), nil
  if bytes then ok, task = pcall(make_task, self, index, bytes) end
  if not ok then task = adopted(self, (evaluated or instead(self)):task(index)) end
  self._tasks[index] = task
  return task
end

function Remembered:section(name)
  return self.sections[name] or self.snapshot:section("+" .. name)
end

---@param opened { snapshot: userdata, head: table, graph: userdata }
---@param standing string absolute directory that was asked for
---@param cwd string
---@param evaluate fun(): ggen.Project
---@param repair fun(project: ggen.Project)
---@return ggen.RememberedProject
function M.new(opened, standing, cwd, evaluate, repair)
  local head = opened.head
  local self = setmetatable({
    dir = head.dir, snapshot = opened.snapshot, graph = opened.graph, frozen = true,
    ranges = head.ranges,
    loaded = { dir = head.dir, cwd = cwd, workspaces = {}, environment = head.environment },
    -- A task stays the same object for as long as somebody holds it.
    _tasks = setmetatable({}, { __mode = "v" }),
    _head = head, _shown = {}, _evaluate = evaluate, _repair = repair, sections = {},
  }, Remembered)
  self.loaded.root = pipeline_of(self, head.root)
  for i, entry in ipairs(head.workspaces) do
    self.loaded.workspaces[i] = pipeline_of(self, entry)
  end
  self.loaded.workspace = locate.inside(self.loaded.workspaces, standing, self.dir)
  return self
end

return M
