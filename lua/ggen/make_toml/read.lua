-- make.toml as a model: text in, tables out. Takes every dialect ([lifecycle.X], [phases.X], and
-- cargo-make's [tasks.X]); keys without a meaning become notes. Pure: the only thing that is asked
-- of the world are variables, through `getenv`.
-- SPDX-License-Identifier: MIT
local cargo = require("ggen.make_toml.cargo")
local fault = require("ggen.fault")
local hooks = require("ggen.make_toml.hooks")
local phase = require("ggen.make_toml.phase")
local settings = require("ggen.make_toml.settings")
local source = require("ggen.make_toml.source")

local M = {}

M.FILE = "make.toml"

local DIALECTS = { lifecycle = phase.read, phases = phase.read, tasks = cargo.read }

local KNOWN = { project = true, lifecycle = true, phases = true, tasks = true, hooks = true,
  workspace = true, env = true, pipelines = true, scripts = true, execution = true, compat = true,
  state = true, shell = true }

local HINTS = { workspaces = "workspace", hook = "hooks", pipeline = "pipelines",
  script = "scripts", task = "tasks", phase = "phases", environment = "env" }

-- Texts that the [phases] dialect writes into [lifecycle].
local ABOUT = { name = true, version = true, description = true }

local function by_line(list)
  for i, entry in ipairs(list) do entry.order = i end
  table.sort(list, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    return a.order < b.order
  end)
  for _, entry in ipairs(list) do entry.order = nil end
  return list
end

-- Keys of the top level that nothing is made of: one note for each key in such a table.
local function note_unknown(self)
  for _, key in ipairs(self:keys(self.root)) do
    local value = self.root[key]
    if not KNOWN[key] then
      if source.is_table(value) and next(value) ~= nil and not HINTS[key] then
        local path = source.join("", key)
        for _, inner in ipairs(self:keys(value)) do self:unknown(value, inner, path) end
      else
        self:unknown(self.root, key, "", KNOWN, HINTS)
      end
    end
  end
end

local function read_phases(self, model)
  local phases = {}
  for _, dialect in ipairs({ "lifecycle", "phases", "tasks" }) do
    if self.root[dialect] ~= nil then
      local value = source.read.table(self, self.root, dialect, "")
      for _, name in ipairs(self:keys(value)) do
        local about = dialect == "lifecycle" and ABOUT[name] and type(value[name]) == "string"
        if about and self.root.project ~= nil then
          self:unknown(value, name, dialect)
        elseif not about then
          local entry = DIALECTS[dialect](self, value, name, dialect)
          if phases[name] then
            self:fault(value, name, dialect, ("there are two phases of that name (the other one is"
              .. " [%s], line %d)"):format(source.join(phases[name].dialect, name),
              phases[name].line))
          end
          phases[name] = entry
          table.insert(model.phases, entry)
        end
      end
    end
  end
  by_line(model.phases)
  return phases
end

-- [env.NAME] commands.build = "..." into the phase.
local function give_commands(self, model, phases)
  for name, entry in pairs(model.environments) do
    for _, replaced in ipairs(entry.commands or {}) do
      local target = phases[replaced.phase]
      if not target then
        self:note(replaced.container, replaced.phase, replaced.path, "unknown",
          "replaces no command: there is no such phase",
          require("ggen.suggest").hint(replaced.phase, phases))
      elseif target.environments[name] then
        self:note(replaced.container, replaced.phase, replaced.path, "ignored",
          ("is not used: [%s] says it"):format(source.join(target.dialect, target.name) .. ".env."
            .. name))
      else
        target.environments[name] = { commands = replaced.commands, line = replaced.line }
      end
    end
    entry.commands = nil
  end
end

-- Whether a phase does anything at all.
local function does_something(entry)
  if #entry.commands > 0 or entry.run_task or entry.alias then return true end
  if entry.depends_on and #entry.depends_on > 0 then return true end
  return next(entry.environments) ~= nil
end

local function note_empty(self, model)
  for _, entry in ipairs(model.phases) do
    if not does_something(entry) then
      self:note(self.root[entry.dialect], entry.name, entry.dialect, "empty",
        "has no command and does nothing")
    end
  end
end

local function find_unresolved(self, names)
  local list = {}
  for _, reference in ipairs(self.references) do
    -- "^build" and "web#build" lead to other workspaces.
    if not names[reference.name] and not reference.name:find("[%^#]") then
      list[#list + 1] = reference
    end
  end
  return by_line(list)
end

---Raises a fault for the first name that stands for no phase.
---@param model ggen.make_toml.Model
---@param known table<string, any>? names that are declared elsewhere
function M.refuse_unresolved(model, known)
  for _, reference in ipairs(model.unresolved) do
    if not (known and known[reference.name]) then
      local names = {}
      for _, list in ipairs({ model.phases, model.pipelines, model.scripts }) do
        for _, entry in ipairs(list) do names[entry.name] = true end
      end
      for name in pairs(known or {}) do names[name] = true end
      local hint = require("ggen.suggest").hint(reference.name, names)
      if hint == "" and reference.hook then
        hint = (' (a shell line is written as { commands = [%q] })'):format(reference.name)
      end
      fault.raise(("%s: there is no phase %q%s"):format(reference.key, reference.name, hint),
        model.file, reference.line)
    end
  end
end

---@param text string
---@param file string? as messages name it
---@param options { getenv: (fun(name: string): string?)?, raw: boolean?, notes: boolean? }? notes:
---false leaves out those that need a look into every command; getenv: variables of the caller, by
---default those of the program, as inputs of what is being loaded; raw: leave ${NAME} in values as
---it is written
---@return ggen.make_toml.Model
function M.read(text, file, options)
  local getenv = options and options.getenv or function(name)
    local inputs = require("ggen.loading").inputs
    if inputs then return inputs:variable(name) end
    return os.getenv(name)
  end
  local self = source.open(text, file or M.FILE, getenv)
  self.raw = options and options.raw
  self.orders = {}
  local model = { file = self.file, compat = nil, shell = nil, phases = {}, lines = {},
    notes = self.notes }
  settings.top(self, model)
  settings.project(self, model)
  settings.env(self, model)
  settings.workspaces(self, model)
  settings.execution(self, model)
  self.shell = model.shell
  local phases = read_phases(self, model)
  settings.state(self, model)
  settings.pipelines(self, model, phases)
  settings.scripts(self, model, phases)
  give_commands(self, model, phases)

  local names = {}
  for _, list in ipairs({ model.scripts, model.pipelines, model.phases }) do
    for _, entry in ipairs(list) do names[entry.name] = true end
  end
  hooks.read(self, model, names)
  note_empty(self, model)
  note_unknown(self)
  if not options or options.notes ~= false then
    require("ggen.make_toml.shells").note(self, model)
  end
  require("ggen.make_toml.run_task").give_variables(self, model)
  model.unresolved = find_unresolved(self, names)
  model.orders = self.raw and self.orders or nil
  model.compat = model.compat or "default"
  by_line(self.notes)
  return model
end

return M
