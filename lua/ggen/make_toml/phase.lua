-- [lifecycle.X] and [phases.X]: the keys of a phase.
-- SPDX-License-Identifier: MIT
local env = require("ggen.make_toml.env")
local fields = require("ggen.fields")
local source = require("ggen.make_toml.source")

local read = source.read
local join = source.join

local M = {}

local texts = read.texts("texts")

local function watch(self, container, key, path)
  if type(container[key]) == "boolean" then return container[key] end
  if type(container[key]) ~= "string" and type(container[key]) ~= "table" then
    self:mismatch(container, key, path, "true or false, a glob or a list of globs")
  end
  return read.texts("globs")(self, container, key, path)
end

local function command(self, container, key, path)
  if type(container[key]) == "table" then
    self:fault(container, key, path, ("expected a text, got %s (a list is written as commands)")
      :format(self:describe(container[key])))
  end
  return read.text(self, container, key, path)
end

local function exclusive(self, container, key, path)
  local value = container[key]
  if type(value) == "boolean" or type(value) == "string" and value ~= "" then return value end
  self:mismatch(container, key, path, "true, false or a name")
end

---@return number seconds
function M.timeout(self, container, key, path)
  local seconds = read.duration(self, container, key, path)
  if seconds == 0 then self:fault(container, key, path, "must be above zero") end
  return seconds
end

function M.shell(self, container, key, path)
  local value = read.text(self, container, key, path)
  if not value:find("^[%w_./+-]+$") then
    self:fault(container, key, path, 'expected the name of a shell ("sh", "bash")')
  end
  return value
end

local function not_here(self, container, key, path)
  self:note(container, key, path, "ignored", "is not run: command wins")
end

---The list of commands that `command` and `commands` make.
---@param out table has both, as they were read
---@param container table
---@param path string
function M.take_commands(self, out, container, path)
  if out.command then
    if out.commands and #out.commands > 0 then not_here(self, container, "commands", path) end
    out.commands = { out.command }
    out.command = nil
  end
end

local replacement = {
  description = { "desc", read.text }, command = { "command", command },
  commands = { "commands", texts }, shell = { "shell", M.shell },
  env = { "env", function(self, container, key, path)
    return env.flat(self, read.table(self, container, key, path), join(path, key), self.env)
  end },
}

-- `env` of a phase: variables, and tables that say what the phase is in one environment.
local function environment(self, container, key, path)
  local value = read.table(self, container, key, path)
  local into = { env = {}, environments = {} }
  local set = setmetatable({}, { __index = function(_, name)
    return into.env[name] or self.env[name]
  end })
  path = join(path, key)
  for _, name in ipairs(self:keys(value)) do
    if not env.variable(self, value, name, path, into.env, set) then
      local entry = { line = self:line(value, name) }
      self:record(value[name], join(path, name), replacement, entry)
      M.take_commands(self, entry, value[name], join(path, name))
      into.environments[name] = entry
    end
  end
  return into
end

---Keys of a phase: their names in the model, and their readers.
M.fields = {
  description = { "desc", read.text }, command = { "command", command },
  commands = { "commands", texts }, shell = { "shell", M.shell }, watch = { "watch", watch },
  port = { "port", read.port }, outputs = { "outputs", texts }, cache = { "cache", read.boolean },
  parallel = { "parallel", read.boolean },
  workspaces = { "workspaces", read.texts("names of workspaces") },
  depends_on = { "depends_on", read.names },
  cache_key = { "cache_key", function(...)
    return require("ggen.make_toml.cache_key").read(...)
  end },
  first_run_only = { "first_run_only", read.boolean },
  requires_approval = { "requires_approval", read.boolean },
  timeout = { "timeout", M.timeout }, retry = { "retry", read.count(100) },
  retries = { "retry", read.count(100) },
  error_handling = { "error_handling", read.choice("stop", "warn", "continue") },
  env = { "environment", environment },
  hooks = { "hooks", read.table }, exclusive = { "exclusive", exclusive },
}

---What those who wrote another key may have meant.
M.hints = { desc = "description", requires = "depends_on", needs = "depends_on",
  deps = "depends_on", dependencies = "depends_on", run = "command", cmd = "command",
  script = "command", inputs = "watch", globs = "watch", vars = "env", environment = "env",
  retry_attempts = "retry", timeout_seconds = "timeout", before = "hooks", after = "hooks",
  confirm = "requires_approval" }

---Checks the name of a phase, which is typed, shown, and a part of ids.
function M.check_name(self, container, name, path)
  local bad = name == "" and "" or name:match("[%s%c#^*?%[%]{}!,\"'\\]")
  if name == "" then self:fault(container, name, path, "a name cannot be empty") end
  if bad then
    self:fault(container, name, path, ("the character %s cannot be part of a name"):format(
      bad:find("[%c]") and ("with the code %d"):format(bad:byte()) or '"' .. bad .. '"'))
  end
  if name:sub(1, 1) == "-" then
    self:fault(container, name, path, "a name cannot begin with a dash")
  end
end

---@param container table what the phase is a key of
---@param name string
---@param path string "lifecycle" or "phases"
---@return table phase
function M.read(self, container, name, path)
  M.check_name(self, container, name, path)
  local value = container[name]
  if not source.is_table(value) then
    self:fault(container, name, path, ("expected a table ([%s] with a command), got %s"):format(
      join(path, name), self:describe(value)))
  end
  local phase = { name = name, line = self:line(container, name), dialect = path }
  local own = join(path, name)
  self:record(value, own, M.fields, phase, M.hints)
  M.finish(self, phase, value, own)
  return phase
end

-- What is not cached is read as the original reads it, which looks at none of these.
local function check_patterns(self, phase, value, path)
  for _, key in ipairs({ "watch", "outputs" }) do
    for _, pattern in ipairs(type(phase[key]) == "table" and phase[key] or {}) do
      local message = fields.check_pattern(pattern)
      if message then self:fault(value, key, path, message) end
    end
  end
end

---Puts what the fields have left in a phase into its place.
function M.finish(self, phase, value, path)
  if phase.cache then check_patterns(self, phase, value, path) end
  for _, key in ipairs({ "outputs", "workspaces" }) do
    if value[key] ~= nil then
      phase.lines = phase.lines or {}
      phase.lines[key] = self:line(value, key)
    end
  end
  M.take_commands(self, phase, value, path)
  phase.commands = phase.commands or {}
  if phase.environment then
    phase.env, phase.environments = phase.environment.env, phase.environment.environments
    phase.environment = nil
  else
    phase.env, phase.environments = {}, {}
  end
end

return M
