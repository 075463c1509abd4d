-- From the model of a make.toml (read.lua) to declarations on a pipeline: each phase is a task of
-- its name, hooks of shell lines are hidden tasks. What orders them in a run is plain data in their
-- specs (`lifecycle`), for lifecycle/order.lua: no Lua function, so that a snapshot is enough.
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local loading = require("ggen.loading")
local source = require("ggen.make_toml.source")
local spec_of = require("ggen.make_toml.spec")
local suggest = require("ggen.suggest")

local M = {}

---@class ggen.Lifecycle what a make.toml says beyond its phases; plain data
---@field file string
---@field compat "default"|"strict"
---@field before_all string[] names of tasks of the same pipeline
---@field after_all string[]
---@field on_error string[]
---@field on_success string[]
---@field lines table<string, integer> of these lists
---@field environments string[] that -e can name
---@field environment string? the one that was named
---@field parallel table<string, boolean>? what phases say of the workspaces that they run in
---@field workspaces_parallel boolean?
---@field imported boolean? into a pipeline.lua
---@field max_records integer? of the lifecycle state
---@field max_parallel integer? how many tasks run at once, unless -j says it
---@field strict ggen.StrictLifecycle? what compat = "strict" needs
---@field notes string[]? for `check`, when it is that which loads

---@class ggen.StrictLifecycle
---@field hooks table<string, { before: string[]?, after: string[]? }> as written, by target
---@field names table<string, true> of the phases

---@class ggen.PhaseData `lifecycle` in the spec of a task that comes from a make.toml
---@field kind "phase"|"hook"|"group"|"script" group: only has others run
---@field hidden boolean? `list` shows it with --all only
---@field before string[]? names of tasks of the same pipeline, in order
---@field after string[]?
---@field around boolean? of a group: before stands before what it needs
---@field lines table<string, integer>? of before and after
---@field first_run_only boolean?
---@field requires_approval boolean?
---@field condition table? cargo-make's
---@field unknown { text: string, line: integer }[]? references to phases that are not there
---@field watch boolean|string[]|nil
---@field port integer?
---@field outputs string[]? as declared, cached or not
---@field parallel boolean?
---@field workspaces string[]?
---@field together string[]? of what it needs: may run at the same time
---@field placed_outputs string[]? outputs of an uncached phase, where they are not as declared
---@field plain table[]? the commands without those of an environment, when they are others

local Declarer = {}
Declarer.__index = Declarer

-- Whether something of that name is declared, or stands in another part of the pipeline.
function Declarer:_known(name)
  if self.names[name] or self.pipeline._by_name[name] then return true end
  return name:find("[#^]") ~= nil
end

-- The key of a phase that uses a name that stands for nothing, and its line.
function Declarer:_place_of(name, path, what, line)
  for _, reference in ipairs(path and self.model.unresolved or {}) do
    if reference.name == name and reference.key:sub(1, #path + 1) == path .. "." then
      return reference.key:sub(#path + 2), reference.line
    end
  end
  return what, line
end

-- The names of a list that mean something; the rest is told when the phase takes part in a run.
function Declarer:_checked(names, what, line, unknown, path)
  local good = {}
  for _, name in ipairs(names) do
    if self:_known(name) then
      -- What is for other workspaces is none of this one.
      if not self.elsewhere[name] then good[#good + 1] = name end
    else
      local key, own_line = self:_place_of(name, path, what, line)
      unknown[#unknown + 1] = { line = own_line,
        text = ("%s names the unknown phase %q%s"):format(key, name, suggest.hint(name,
          self.names)) }
    end
  end
  return good
end

function Declarer:_task(name, spec, line)
  return dsl.declare(self.pipeline, name, spec, self.model.file, line or 1)
end

-- Shell lines are a task of their own, named after the hook; returns its name.
function Declarer:_shell_lines(key, hook, more)
  local name, count = key, 1
  while self.names[name] or self.pipeline._by_name[name] do
    count = count + 1
    name = ("%s(%d)"):format(key, count)
  end
  local spec = spec_of.commands(self.context, hook.commands, hook.shell)
  spec.lifecycle = { kind = "hook", hidden = true }
  for field, value in pairs(more or {}) do spec[field] = value end
  self:_task(name, spec, hook.line)
  return name
end

-- The names of the tasks that a hook means.
function Declarer:_hook_names(key, hook, unknown)
  local names = self:_checked(hook.phases or {}, key, hook.line, unknown)
  if hook.commands then names[#names + 1] = self:_shell_lines(key, hook) end
  return names
end

-- The hooks of each phase, by its name and "all".
function Declarer:_read_hooks()
  local hooks = {}
  for _, hook in ipairs(self.model.hooks) do
    local stands = self.names[hook.target] and not self.elsewhere[hook.target]
    if hook.target == "all" or stands then
      local own = hooks[hook.target] or { lines = {}, unknown = {} }
      hooks[hook.target] = own
      local key = hook.moment .. "_" .. hook.target
      local list = own[hook.moment] or {}
      for _, name in ipairs(self:_hook_names(key, hook, own.unknown)) do list[#list + 1] = name end
      own[hook.moment] = list
      own.lines[hook.moment] = hook.line
    end
  end
  return hooks
end

-- Whether a phase runs in the workspace of this name.
local function belongs(phase, workspace)
  if not phase.workspaces or not workspace then return true end
  for _, name in ipairs(phase.workspaces) do
    if name == workspace then return true end
  end
  return false
end

local function not_empty(list) return list and #list > 0 and list or nil end

-- Gives a phase its hooks; returns where references to unknown phases are noted.
local function add_hooks(data, own)
  if not own then return {} end
  data.before, data.after = not_empty(own.before), not_empty(own.after)
  data.lines = own.lines
  return own.unknown
end

function Declarer:_phase(phase, hooks)
  local spec = spec_of.phase(self.context, phase)
  local data = spec.lifecycle
  local unknown = add_hooks(data, hooks[phase.name])
  spec.needs = not_empty(self:_checked(spec.needs or {}, "depends_on", phase.line, unknown,
    source.join(phase.dialect, phase.name)))
  data.unknown = not_empty(unknown)
  self:_task(phase.name, spec, phase.line).lines = phase.lines
end

-- A name for several phases in a row.
function Declarer:_group(kind, entry, hooks)
  local data = { kind = "group", around = true }
  local unknown = add_hooks(data, hooks[entry.name])
  local needs = self:_checked(entry.phases, ("%s.%s"):format(kind, entry.name), entry.line, unknown)
  data.unknown = not_empty(unknown)
  self:_task(entry.name, { needs = not_empty(needs), cache = false,
    desc = table.concat(entry.phases, ", "), lifecycle = data }, entry.line)
end

function Declarer:_groups(hooks)
  for _, entry in ipairs(self.model.pipelines) do self:_group("pipelines", entry, hooks) end
  for _, entry in ipairs(self.model.scripts) do
    if entry.phases then self:_group("scripts", entry, hooks) end
  end
end

function Declarer:_scripts()
  for _, entry in ipairs(self.model.scripts) do
    if not entry.phases then
      local spec = spec_of.commands(self.context, { entry.command })
      spec.lifecycle = { kind = "script" }
      self:_task(entry.name, spec, entry.line)
    end
  end
end

-- on_error and on_success: tasks that run at the end.
function Declarer:_at_end(key, lists)
  local hook = self.model[key]
  if not hook then return end
  lists[key] = self:_checked(hook.phases or {}, key, hook.line, lists.unknown)
  if hook.commands then
    self:_shell_lines(key, hook, { finally = true,
      lifecycle = { kind = "hook", hidden = true, moment = key } })
  end
  lists.lines[key] = hook.line
end

-- What phases say of workspaces at the same time, by name.
local function parallel_of(model)
  local found = {}
  for _, phase in ipairs(model.phases) do found[phase.name] = phase.parallel end
  return found
end

-- All names of environments, sorted.
local function environments_of(model)
  local set, list = {}, {}
  local function add(map)
    for name in pairs(map or {}) do
      if not set[name] then
        set[name] = true
        list[#list + 1] = name
      end
    end
  end
  add(model.environments)
  for _, phase in ipairs(model.phases) do add(phase.environments) end
  table.sort(list)
  return list
end

-- The hooks as they are written: each entry the name of a phase, or a shell line.
local function hooks_as_written(model)
  local hooks = {}
  for _, hook in ipairs(model.hooks) do
    local own = hooks[hook.target] or {}
    hooks[hook.target] = own
    local list = own[hook.moment] or {}
    own[hook.moment] = list
    for _, name in ipairs(hook.phases or {}) do list[#list + 1] = name end
    for _, line in ipairs(hook.commands or {}) do list[#list + 1] = line end
  end
  return hooks
end

local function names_of(phases)
  local names = {}
  for _, phase in ipairs(phases) do names[phase.name] = true end
  return names
end

-- Hooks of names that are no phases, where these have none.
function Declarer:_notes_of_hooks(notes)
  local model, why = self.model, {}
  for _, entry in ipairs(model.scripts) do
    why[entry.name] = not entry.phases
      and "has no effect: hooks stand around phases, and %q is a script" or nil
  end
  for _, entry in ipairs(model.pipelines) do
    why[entry.name] = model.compat == "strict"
      and 'has no effect with compat = "strict": the original has no [pipelines]' or nil
  end
  for _, phase in ipairs(model.phases) do why[phase.name] = nil end
  local last
  for _, hook in ipairs(model.hooks) do
    if why[hook.target] and hook.key ~= last then
      last = hook.key
      notes[#notes + 1] = { line = hook.line, kind = "hook", key = hook.key,
        text = why[hook.target]:format(hook.target) }
    end
  end
end

-- What `check` says of the file: what its reader has noted, and filters without effect.
function Declarer:_notes()
  local model, notes = self.model, {}
  for i, note in ipairs(model.notes) do notes[i] = note end
  local some = #model.workspaces > 0 or model.members or model.workspaces_find
  for _, phase in ipairs(self.pipeline.kind == "pipeline" and not some and model.phases or {}) do
    if phase.workspaces then
      notes[#notes + 1] = { line = phase.lines.workspaces, kind = "workspaces",
        key = source.join(source.join(phase.dialect, phase.name), "workspaces"),
        text = "has no effect: this file names no workspace" }
    end
  end
  -- What one file says for the whole.
  if self.pipeline.kind ~= "pipeline" then
    local function tell(line, key)
      notes[#notes + 1] = { line = line, kind = "root", key = key,
        text = "is for the make.toml of the project's root to say" }
    end
    for _, place in ipairs(model.lines) do tell(place.line, place.key) end
    for _, entry in ipairs(model.workspaces) do
      tell(entry.line, source.join("workspace", entry.name))
    end
    if model.members then tell(model.members.line, "workspace.members") end
    if model.workspaces_find then tell(model.workspaces_find.line, "workspace.find") end
  end
  local why = model.compat == "strict" and 'has no effect with compat = "strict"'
    or self.pipeline.kind ~= "pipeline" and "is for the make.toml of the project's root to say"
    or self.imported and 'is for the pipeline.lua to say (p:use "hooks.parallel")'
  if model.hooks_parallel and why then
    notes[#notes + 1] = { line = model.hooks_parallel.line, kind = "hooks", key = "hooks.parallel",
      text = why }
  end
  self:_notes_of_hooks(notes)
  return require("ggen.make_toml.notes").lines({ file = model.file, notes = notes })
end

function Declarer:_lifecycle(lists)
  local model = self.model
  rawset(self.pipeline, "lifecycle", {
    file = model.file, compat = model.compat or "default", before_all = lists.before_all or {},
    after_all = lists.after_all or {}, on_error = lists.on_error or {},
    on_success = lists.on_success or {}, lines = lists.lines or {}, unknown = lists.unknown,
    environments = environments_of(model), environment = self.context.environment,
    parallel = self.pipeline.kind == "pipeline" and parallel_of(model) or nil,
    workspaces_parallel = model.workspaces_parallel, imported = self.imported,
    max_records = model.max_records, max_parallel = model.execution.max_parallel,
    strict = model.compat == "strict" and { hooks = hooks_as_written(model),
      names = names_of(model.phases) } or nil,
    notes = not_empty(loading.notes and self:_notes()),
  })
end

-- [hooks] parallel. A pipeline.lua says itself how hooks run; a workspace leaves it to the root.
function Declarer:_choose_hooks_plugin()
  local parallel, pipeline = self.model.hooks_parallel, self.pipeline
  if not parallel or pipeline.kind ~= "pipeline" or self.imported then return end
  pipeline.uses[#pipeline.uses + 1] = { name = "hooks.parallel", dir = pipeline.dir,
    params = { jobs = parallel.limit }, file = self.model.file, line = parallel.line }
end

---Declares what a model says.
---@param pipeline ggen.Pipeline
---@param model table of read.lua
---@param options { dir: string, relative: string?, environment: string?, imported: boolean?,
---above: boolean?, from_above: boolean? } dir:
---where the phases run; relative: that directory as the pipeline names it, when it is not its own;
---above: the phases run in workspaces, and this is the file above them; from_above: this is one of
---these workspaces, and has no file of its own
function M.declare(pipeline, model, options)
  local names = {}
  for _, list in ipairs({ model.scripts, model.pipelines, model.phases }) do
    for _, entry in ipairs(list) do names[entry.name] = entry end
  end
  local self = setmetatable({ pipeline = pipeline, model = model, names = names, elsewhere = {},
    imported = options.imported or nil,
    context = spec_of.context(model, options) }, Declarer)
  local project = model.project
  if not options.imported and pipeline.kind == "pipeline" then
    rawset(pipeline, "name", project.name or pipeline.name)
    rawset(pipeline, "line", project.line or 1)
    rawset(pipeline, "desc", project.desc or pipeline.desc)
  end
  self:_choose_hooks_plugin()
  if not options.from_above then self:_scripts() end
  if options.above then return self:_lifecycle({}) end
  local workspace = pipeline.kind == "workspace" and model.compat ~= "strict" and pipeline.name
  for _, phase in ipairs(model.phases) do
    if not belongs(phase, workspace) then
      self.elsewhere[phase.name] = true
    end
  end
  local hooks = self:_read_hooks()
  for _, phase in ipairs(model.phases) do
    if not self.elsewhere[phase.name] then self:_phase(phase, hooks) end
  end
  self:_groups(hooks)
  local all = hooks.all or { lines = {}, unknown = {} }
  local lists = { lines = { before_all = all.lines.before, after_all = all.lines.after },
    unknown = all.unknown }
  self:_at_end("on_error", lists)
  self:_at_end("on_success", lists)
  self:_lifecycle({ before_all = all.before, after_all = all.after, on_error = lists.on_error,
    on_success = lists.on_success, lines = lists.lines, unknown = not_empty(lists.unknown) })
end

return M
