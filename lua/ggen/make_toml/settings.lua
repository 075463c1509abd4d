-- The tables of make.toml beside phases and hooks: [project], [workspace], [env], [pipelines],
-- [scripts], [execution].
-- SPDX-License-Identifier: MIT
local env = require("ggen.make_toml.env")
local phase = require("ggen.make_toml.phase")
local source = require("ggen.make_toml.source")

local read = source.read
local join = source.join

local M = {}

-- ---- how the file is run ----

local ours = { compat = read.choice("default", "strict"), shell = phase.shell }

---Where a key stands that only the file of the project's root has a say in.
---@param key string
---@param path string
function M.remember(self, model, container, key, path)
  model.lines[#model.lines + 1] = { key = join(path, key), line = self:line(container, key) }
end

-- `compat` and `shell` may be written at the top, in [project] or in [execution].
local function take_ours(self, model, container, key, path)
  local value = ours[key](self, container, key, path)
  if model[key] and model[key] ~= value then
    self:fault(container, key, path, ("%q contradicts %q, which is said elsewhere"):format(value,
      model[key]))
  end
  model[key] = value
  if key == "compat" then M.remember(self, model, container, key, path) end
end

local function with_ours(model, fields)
  for key in pairs(ours) do
    fields[key] = { key, function(self, container, _, path)
      take_ours(self, model, container, key, path)
    end }
  end
  return fields
end

---@param self ggen.make_toml.Source
---@param model table
function M.top(self, model)
  for key in pairs(ours) do
    if self.root[key] ~= nil then take_ours(self, model, self.root, key, "") end
  end
end

function M.project(self, model)
  local root = self.root
  if root.project ~= nil then
    local value = read.table(self, root, "project", "")
    local out = { line = self:line(root, "project") }
    self:record(value, "project", with_ours(model, {
      name = { "name", read.text }, version = { "version", read.text },
      type = { "type", read.text }, description = { "desc", read.text },
    }), out)
    out.compat, out.shell = nil, nil
    model.project = out
    return
  end
  model.project = {}
  -- [lifecycle] with a name and a version, beside [phases.*]
  if source.is_table(root.lifecycle) then
    for key, name in pairs({ name = "name", version = "version", description = "desc" }) do
      if type(root.lifecycle[key]) == "string" then
        model.project[name] = read.text(self, root.lifecycle, key, "lifecycle")
        model.project.line = self:line(root, "lifecycle")
      end
    end
  end
end

-- ---- workspaces ----

local function directory(self, container, key, path)
  local value = read.text(self, container, key, path)
  if value == "" then self:fault(container, key, path, "the path is empty") end
  return value
end

local workspace_fields = { path = { "path", directory }, description = { "desc", read.text },
  depends_on = { "depends_on", read.texts("names of workspaces") } }

local function workspace(self, model, container, name)
  phase.check_name(self, container, name, "workspace")
  local value = container[name]
  local entry = { name = name, line = self:line(container, name) }
  self:record(value, join("workspace", name), workspace_fields, entry, { dir = "path" })
  if not entry.path then
    self:fault(container, name, "workspace", 'needs its directory: path = "..."')
  end
  table.insert(model.workspaces, entry)
end

function M.workspaces(self, model)
  model.workspaces = {}
  if self.root.workspace == nil then return end
  local value = read.table(self, self.root, "workspace", "")
  for _, key in ipairs(self:keys(value)) do
    if source.is_table(value[key]) and next(value[key]) ~= nil then
      workspace(self, model, value, key)
    elseif key == "members" or key == "exclude" then
      model.members = model.members or { line = self:line(value, key) }
      local patterns = read.texts("globs of directories")(self, value, key, "workspace")
      if key == "exclude" then
        model.members.exclude = patterns
      else
        for i, pattern in ipairs(patterns) do model.members[i] = pattern end
      end
    elseif key == "find" then
      model.workspaces_find = { name = read.text(self, value, key, "workspace"),
        line = self:line(value, key) }
    elseif key == "parallel" then
      model.workspaces_parallel = read.boolean(self, value, key, "workspace")
    elseif type(value[key]) == "table" and #value[key] == 0 then
      self:fault(value, key, "workspace", 'needs its directory: path = "..."')
    else
      self:unknown(value, key, "workspace", { "members", "exclude", "find", "parallel" })
    end
  end
end

-- ---- variables ----

-- `commands.build = "..."` in [env.NAME] replaces the command of a phase, as
-- [lifecycle.build.env.NAME] does; read.lua gives it to the phase.
local function profile(self, model, container, name)
  local value, path = container[name], join("env", name)
  local entry = { env = {}, line = self:line(container, name) }
  local set = setmetatable({}, { __index = function(_, key)
    return entry.env[key] or model.env[key]
  end })
  for _, key in ipairs(self:keys(value)) do
    if key == "commands" and source.is_table(value[key]) then
      entry.commands = {}
      for _, target in ipairs(self:keys(value[key])) do
        entry.commands[#entry.commands + 1] = {
          phase = target, line = self:line(value[key], target),
          container = value[key], path = join(path, key),
          commands = read.texts("shell lines")(self, value[key], target, join(path, key)),
        }
      end
    elseif not env.variable(self, value, key, path, entry.env, set) then
      self:unknown(value, key, path)
    end
  end
  model.environments[name] = entry
end

function M.env(self, model)
  model.env, model.environments = {}, {}
  self.env = model.env
  if self.root.env == nil then return end
  local value = read.table(self, self.root, "env", "")
  local profiles = {}
  for _, key in ipairs(self:keys(value)) do
    if key == "detect" and value[key] == "auto" then
      self:unknown(value, key, "env")
    elseif not env.variable(self, value, key, "env", model.env, model.env) then
      profiles[#profiles + 1] = key
    end
  end
  for _, key in ipairs(profiles) do profile(self, model, value, key) end
end

-- ---- names for several things ----

---@param phases table<string, table>
function M.pipelines(self, model, phases)
  model.pipelines = {}
  if self.root.pipelines == nil then return end
  local value = read.table(self, self.root, "pipelines", "")
  for _, name in ipairs(self:keys(value)) do
    phase.check_name(self, value, name, "pipelines")
    local names = read.names(self, value, name, "pipelines")
    if phases[name] then
      self:note(value, name, "pipelines", "ignored", "is not reached: a phase has that name")
    else
      table.insert(model.pipelines, { name = name, phases = names, line = self:line(value, name) })
    end
  end
end

-- The phases of "ggen lifecycle pipeline a b", when all of them are here.
local function phases_of(command, phases)
  local names = command:match("^%s*ggen%s+lifecycle%s+run%s+([^%s-]%S*)%s*$")
    or command:match("^%s*ggen%s+lifecycle%s+pipeline%s+([^-|&;<>$'\"`]+)$")
  if not names then return nil end
  local list = {}
  for name in names:gmatch("%S+") do
    if not phases[name] then return nil end
    list[#list + 1] = name
  end
  return list
end

function M.scripts(self, model, phases)
  model.scripts = {}
  if self.root.scripts == nil then return end
  local value = read.table(self, self.root, "scripts", "")
  local taken = {}
  for _, pipeline in ipairs(model.pipelines) do taken[pipeline.name] = "a pipeline" end
  for _, name in ipairs(self:keys(value)) do
    phase.check_name(self, value, name, "scripts")
    local command = read.text(self, value, name, "scripts")
    local by = phases[name] and "a phase" or taken[name]
    if by then
      self:note(value, name, "scripts", "ignored", ("is not reached: %s has that name"):format(by))
    else
      table.insert(model.scripts, { name = name, command = command, line = self:line(value, name),
        phases = phases_of(command, phases) })
    end
  end
end

-- How much is remembered of what phases did.
function M.state(self, model)
  if self.root.state == nil then return end
  local value = read.table(self, self.root, "state", "")
  local fields = { max_records = { "max_records", read.count(1000000) } }
  model.max_records = self:record(value, "state", fields, {}).max_records
  if model.max_records then M.remember(self, model, value, "max_records", "state") end
end

local execution_fields = {
  max_parallel = { "max_parallel", read.count(10000, 1) },
  max_parallel_phases = { "max_parallel", read.count(10000, 1) },
  timeout = { "timeout", phase.timeout }, timeout_seconds = { "timeout", phase.timeout },
  retries = { "retries", read.count(100) }, retry_attempts = { "retries", read.count(100) },
  retry_delay = { "retry_delay", read.duration },
  retry_delay_seconds = { "retry_delay", read.duration },
}

function M.execution(self, model)
  model.execution = {}
  if self.root.execution == nil then return end
  local value = read.table(self, self.root, "execution", "")
  local fields = {}
  for key, field in pairs(execution_fields) do fields[key] = field end
  self:record(value, "execution", with_ours(model, fields), model.execution)
  for _, key in ipairs({ "max_parallel", "max_parallel_phases" }) do
    if value[key] ~= nil then M.remember(self, model, value, key, "execution") end
  end
  model.execution.compat, model.execution.shell = nil, nil
end

return M
