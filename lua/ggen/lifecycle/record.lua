-- What the phases of a run did, for the lifecycle state: collected while the run goes on, written
-- once at its end. Only phases that ran and succeeded: what was up to date, was restored, failed or
-- has no commands leaves no record. Does not know the format of the file (ggen.core.state).
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local core = require("ggen.core.state")
local steps = require("ggen.steps")

local M = {}

---@class ggen.LifecycleState of the engine: one project's .ggen/state.json
---@field succeeded fun(self, phase: string, workspace: string?): boolean whether it ever has
---@field last fun(self, phase: string, workspace: string?): ggen.LifecycleRecord?
---@field records fun(self): ggen.LifecycleRecord[] the oldest first
---@field keys fun(self): { phase: string, workspace: string?, key: string }[]
---@field last_phase fun(self): string?
---@field record fun(self, record: ggen.LifecycleRecord)
---@field key fun(self, phase: string, key: string, workspace: string?)
---@field save fun(self): true?, string?, string? writes what was recorded, if anything was
---@field reset fun(self): boolean?, string?, string? removes the file
---@field problem fun(self): string? what is wrong with the file
---@field path fun(self): string

---@class ggen.LifecycleRecord
---@field phase string
---@field workspace string?
---@field started_ms number since 1970-01-01 UTC
---@field duration_ms number of its own commands, without its hooks
---@field success boolean

local opened = {} ---@type table<string, ggen.LifecycleState>

---The state of a project, the same object each time: it is read once.
---@param dir string absolute
---@param max_records integer? who asks first says it
---@return ggen.LifecycleState
function M.state(dir, max_records)
  local state = opened[dir]
  if not state then
    state = core.open(dir, { max_records = max_records })
    opened[dir] = state
  end
  return state
end

-- The state in a directory of a project, with the bound that its make.toml sets.
local function state_of(project, dir)
  local root = project.loaded.root.lifecycle
  return M.state(dir, root and root.max_records or nil)
end

---The state of a project.
---@param project ggen.Project
---@return ggen.LifecycleState
function M.of(project) return state_of(project, project.dir) end

-- The state that the original, or compat = "strict", has left in the workspace of a task.
local function state_beside(project, task)
  if not task.workspace or task.dir == project.dir then return nil end
  return state_of(project, task.dir)
end

---The states that say what the phases of a project have done: its own, and those that the original
---has left in its workspaces.
---@param project ggen.Project
---@return { state: ggen.LifecycleState, workspace: string? }[] the first is its own
function M.all(project)
  local list, seen = { { state = M.of(project) } }, { [project.dir] = true }
  -- With compat = "strict" each workspace keeps a state of its own.
  for _, workspace in ipairs(project:is_strict() and {} or project.loaded.workspaces) do
    if not seen[workspace.dir] then
      seen[workspace.dir] = true
      list[#list + 1] = { state = state_of(project, workspace.dir), workspace = workspace.name }
    end
  end
  return list
end

---Whether a phase has ever succeeded, here or in the original.
---@param project ggen.Project
---@param task ggen.Task
---@return boolean
function M.succeeded(project, task)
  if M.of(project):succeeded(task.name, task.workspace) then return true end
  local beside = state_beside(project, task)
  return beside ~= nil and beside:succeeded(task.name)
end

---The last record of a phase, wherever it is kept.
---@param project ggen.Project
---@param task ggen.Task
---@return ggen.LifecycleRecord?
function M.last(project, task)
  if project:is_strict() then return state_of(project, task.dir):last(task.name) end
  local own, beside = M.of(project):last(task.name, task.workspace), state_beside(project, task)
  local other = beside and beside:last(task.name)
  if own and other then return other.started_ms > own.started_ms and other or own end
  return own or other
end

---@class ggen.Recorder
---@field package _states table<string, ggen.LifecycleState> those with new records, by directory
local Recorder = {}
Recorder.__index = Recorder

---@param run ggen.Run
---@return ggen.Recorder
function M.new(run)
  -- Both clocks at one moment: points in time are told in terms of the monotonic one.
  return setmetatable({ _run = run, _states = {}, _order = {},
    _epoch = clock.unix() - clock.monotonic() }, Recorder)
end

-- A command as the file has it.
local function text_of(step)
  if step.shell then return step.shell end
  return step.argv and table.concat(step.argv, " ") or ""
end

---The cache key of the original for a phase.
---@param name string
---@param spec ggen.TaskSpec
---@return string
function M.cache_key(name, spec)
  local commands = {}
  for i, step in ipairs(steps.of(spec)) do commands[i] = text_of(step) end
  local environment = spec.env and spec.env.GGEN_ENV
  return core.cache_key(name, commands, environment and { { "GGEN_ENV", environment } } or nil)
end

-- Where the record of a task belongs, and as what: nil for what is no phase of a make.toml.
local function place_of(run, task)
  local data = task.spec.lifecycle
  if not data or data.kind ~= "phase" or task.spec.run == nil then return nil end
  if task.state_dir then return task.state_dir, task.name end
  return run.project.dir, task.name, task.workspace
end

---A task has ended.
---@param task ggen.Task
---@param result ggen.TaskResult
function Recorder:on_task_end(task, result)
  if not result.began or result.status ~= "ok" then return end
  local dir, phase, workspace = place_of(self._run, task)
  if not dir then return end
  local state = self._states[dir]
  if not state then
    state = state_of(self._run.project, dir)
    self._states[dir], self._order[#self._order + 1] = state, state
  end
  state:record({ phase = phase, workspace = workspace, success = true,
    started_ms = math.floor((self._epoch + result.began) * 1000),
    duration_ms = math.floor(result.ran * 1000) })
  state:key(phase, M.cache_key(phase, task.spec), workspace)
end

-- The path of a state file as a message names it.
local function shown(state)
  return require("ggen.locate").display(state:path(), require("ggen.core.fs").cwd())
end

---What is to be said of a state file that was read or saved; nil when all is well.
---@param state ggen.LifecycleState
---@param saved boolean? nil: it was not to be saved
---@param message string? why it was not
---@return string?
function M.warning(state, saved, message)
  local problem = state:problem()
  if saved == nil and message then
    return ("what the phases did cannot be recorded: %s"):format(message)
  end
  if not problem then return nil end
  return ("%s %s; the run goes on as if there were none"):format(shown(state), problem)
end

---The run has ended: writes its records. What goes wrong is one warning and does not fail the run.
function Recorder:save()
  local function note(warning)
    if warning then self._run.events:note("warning", warning) end
  end
  for _, state in ipairs(self._order) do note(M.warning(state, state:save())) end
  -- Those that were only read.
  local project = self._run.project
  local function look(dir)
    if opened[dir] and not self._states[dir] then note(M.warning(opened[dir], true)) end
  end
  look(project.dir)
  for _, workspace in ipairs(project.loaded.workspaces) do
    if workspace.dir ~= project.dir then look(workspace.dir) end
  end
end

return M
