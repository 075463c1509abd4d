-- What makes the key of each task, as far as its declaration says, told to the engine
-- (engine/incremental/definitions.h has the rest of the story): its commands, what they read, and
-- what else decides what it makes. definition.lua remembers it.
-- SPDX-License-Identifier: MIT
local definitions = require("ggen.core.definitions")
local fault = require("ggen.fault")
local function_digest = require("ggen.function_digest")
local hash = require("ggen.core.hash")
local input_sets = require("ggen.input_sets")
local key_builder = require("ggen.key_builder")
local key_plugins = require("ggen.key_plugins")
local paths = require("ggen.paths")
local programs = require("ggen.programs")
local sorted = require("ggen.sorted")
local steps = require("ggen.steps")

local M = {}

-- Bits of a task (definitions.h).
local CACHED, KEYED, HAS_OUTPUTS, RUNS_NOTHING, SERVICE, HELD, PHASE = 1, 2, 4, 8, 16, 32, 64
local READS_ALL = 128

local PLATFORM = jit.os:lower() .. "-" .. jit.arch

local SHELL_SYNTAX = "[|&;<>()$`\"'*?%[#~=%%\n{}\\]"

local function step_parts(builder, step, number, tools, parts)
  if step.fn then
    local text, why = function_digest.text(step.fn, builder.sources)
    parts[#parts + 1], parts[#parts + 2] = "command", tostring(number)
    parts[#parts + 1] = "function " .. (text and hash.bytes(text) or "?")
    return text ~= nil, why
  end
  parts[#parts + 1], parts[#parts + 2] = "command", tostring(number)
  if step.argv then
    parts[#parts + 1] = "argv " .. steps.describe(step)
    programs.add(tools, step.argv[1], number)
  else
    parts[#parts + 1] = step.shell
    local program = programs.first(step.shell)
    if program then programs.add(tools, program, number) end
    if step.shell_program or step.shell:find(SHELL_SYNTAX) then
      local shell = step.shell_program or "sh"
      parts[#parts + 1], parts[#parts + 2], parts[#parts + 3] = "shell", tostring(number), shell
      programs.add(tools, shell:match("^%S+"), 1)
    end
  end
  return true
end

local Builder = {}
Builder.__index = Builder

-- Hooks are part of a task: their functions, and what the tasks that run before it make.
---@return string? why the task has no key
function Builder:_add_hooks(task, sets, parts)
  if not self.each_hooks and not self.project.hooks[task.index] then return nil end
  return self:_add_own_hooks(task, sets, parts)
end

function Builder:_add_own_hooks(task, sets, parts)
  local problem
  local function add_functions(hooks)
    for _, hook in ipairs(hooks) do
      if hook.fn then
        local text, why = function_digest.text(hook.fn, self.sources)
        local n = #parts
        parts[n + 1], parts[n + 2] = "hook", hook.name
        parts[n + 3] = text and hash.bytes(text) or "?"
        if not text then problem = problem or ("its hook at %s: %s"):format(hook.name, why) end
      end
    end
  end
  local function add(hooks)
    for _, hook in ipairs(hooks) do
      local other = hook.index and self.project:task(hook.index)
      if other and other.spec.outputs then
        local dir = paths.relative_dir(other.dir, self.root)
        sets[#sets + 1] = self.out:set(dir, other.spec.outputs, {}, true, false)
      end
    end
  end
  local each = self.project.each_hooks
  for _, lists in ipairs({ self.project.hooks[task.index] or each, each }) do
    add(lists.before)
    add_functions(lists.before)
    add_functions(lists.after)
    if lists == each then break end
  end
  return problem
end

-- What needs a task that is in its quicker form reads what its full form made last.
function Builder:_add_full_outputs(task, sets)
  for _, need in ipairs(require("ggen.loading").fast and self.project.graph:needs(task.index) or {})
  do
    local other = self.project:task(need)
    local full = other.spec.full_outputs
    if full and #full > 0 then
      local dir = paths.relative_dir(other.dir, self.root)
      sets[#sets + 1] = self.out:set(dir, full, {}, true, false)
    end
  end
end

local function add_part(parts, kind, name, value)
  local n = #parts
  parts[n + 1], parts[n + 2], parts[n + 3] = kind, name, value
end

-- What a task leases: the value of each service, and how the task has it.
---@return string? why the task has no key
function Builder:_add_leases(task, parts)
  local leasable, problem = require("ggen.leasable"), nil
  for _, lease in ipairs(leasable.leases(task.spec)) do
    local text, why = self:_service(lease.name)
    add_part(parts, "service", lease.name, text)
    if lease.shared or lease.env then
      local options, why_env = leasable.text({ shared = lease.shared, env = lease.env },
        self.sources)
      add_part(parts, "lease", lease.name, options)
      why = why or why_env
    end
    problem = problem or why and ("its service %s: %s"):format(lease.name, why)
  end
  return problem
end

-- Many tasks may lease the same.
function Builder:_service(name)
  local found = self.services[name]
  if not found then
    local ok, text, why = pcall(require("ggen.leasable").text, self.leasable.values[name],
      self.sources)
    if not ok then
      local use = self.leasable.use
      fault.raise(("plugin %q is broken: services: the value of %q cannot be told: %s"):format(
        self.leasable.plugin, name, tostring(text)), use.file, use.line)
    end
    found = { text, why }
    self.services[name] = found
  end
  return found[1], found[2]
end

-- A task that holds on to nothing: everything that a run looks at it for is in the result.
function Builder:add(task)
  local spec = task.spec
  -- A phase of a make.toml is looked at when its turn comes: those before it may have moved files.
  local held = (self.project.hooks[task.index] or spec.lifecycle) and HELD or 0
  if task.phase then
    return self.out:task(KEYED + RUNS_NOTHING + PHASE + held, nil, nil, nil,
      { "task", "", task.id })
  end
  local base = paths.relative_dir(task.dir, self.root)
  local shape = { spec = spec, base = base, task = task }
  local parts = { "task", "", task.id, "platform", "", PLATFORM }
  local tools, variables, keyed, why = {}, {}, true, nil
  for i, step in ipairs(steps.of(spec)) do
    local good, reason = step_parts(self, step, i, tools, parts)
    if not good and not spec.version then keyed, why = false, reason end
  end
  if base ~= "" then add_part(parts, "directory", "", base) end
  if spec.version then add_part(parts, "version", "", spec.version) end
  if spec.cwd then add_part(parts, "cwd", "", spec.cwd) end
  if spec.stdin then add_part(parts, "stdin", "", hash.bytes(spec.stdin)) end
  if spec.container then add_part(parts, "container", "", spec.container) end
  if spec.cleanroom then add_part(parts, "cleanroom", "", "yes") end
  local unknown = spec.leases and self:_add_leases(task, parts)
  if unknown and not spec.version then keyed, why = false, unknown end
  if spec.env then
    for name, value in sorted.pairs(spec.env) do
      add_part(parts, "env", name, require("ggen.secrets").shown(name, tostring(value)))
    end
  end
  if task.matrix then
    for name, value in sorted.pairs(task.matrix) do
      add_part(parts, "matrix", name, tostring(value))
    end
  end
  for _, pattern in ipairs(spec.outputs or {}) do add_part(parts, "outputs", pattern, "") end
  for _, text in ipairs(self.everywhere) do parts[#parts + 1] = text end
  if #self.executors > 0 then key_plugins.add_executor(self.executors, task, parts) end
  for _, name in ipairs(spec.key_env or {}) do variables[#variables + 1] = name end

  local inputs, extra = input_sets.of(self, shape)
  if spec.run == nil then inputs = nil end -- it only groups others
  self:_add_full_outputs(task, extra)
  local problem = self:_add_hooks(task, extra, parts)
  if problem and not spec.version then keyed, why = false, problem end
  if self.plugin and self.plugin.impl.parts then
    local key = key_builder.new(parts, variables)
    local ok, returned = require("ggen.registry").call(self.plugin, "parts", task, key)
    if ok and returned ~= nil then -- it would be thought to be in the key
      ok, returned = false, ("plugin %q: its method parts returned a %s: what belongs into the key"
        .. " is added, by key:add(name, value)"):format(self.plugin.name, type(returned))
    end
    if not ok then fault.raise(returned, self.plugin.file, self.plugin.line) end
    if #key._files > 0 then
      extra[#extra + 1] = self.out:set(base, key._files, {}, false, self.by_stamp)
    end
  end

  local flags = keyed and KEYED or 0
  local runs = spec.run ~= nil
  if not runs then flags = flags + RUNS_NOTHING end
  if runs and not spec.inputs then flags = flags + READS_ALL end
  if spec.service then flags = flags + SERVICE end
  if held > 0 or spec.when ~= nil or self.each_hooks then flags = flags + HELD end
  if keyed and runs and spec.cache ~= false and not spec.service and not spec.interactive
    and not spec.finally then
    flags = flags + CACHED
  end
  local made
  if spec.outputs and #spec.outputs > 0 then
    flags = flags + HAS_OUTPUTS
    made = self.out:set(base, spec.outputs, {}, true, false)
  end
  local tool_list, references = programs.references(self, shape, tools), nil
  if #tool_list > 0 or #variables > 0 or #extra > 0 then
    references = self.out:references(variables, tool_list, extra)
  end
  self.out:task(flags, inputs, made, references, parts)
  if why then self.unkeyed[#self.unkeyed + 1] = { task.index, why } end
end

---Writes down what makes the key of each task.
---@param project ggen.Project
---@param plugins ggen.Registry
---@return string bytes for ggen.core.incremental
---@return string situation that they are part of
---@return table<integer, string> unkeyed why a task that would be cached has no key, by its index
function M.of(project, plugins)
  local declared = require("ggen.outputs").of(project)
  local fingerprint = plugins:get("fingerprint")
  local self = setmetatable({
    project = project, each_hooks = #project.each_hooks.before + #project.each_hooks.after > 0,
    root = project.dir, out = definitions.builder(), outputs = declared, plugin = fingerprint,
    reports = input_sets.reports(plugins, project.dir),
    by_stamp = fingerprint and fingerprint.impl.inputs == "mtime" or false, default_sets = {},
    everywhere = key_plugins.everywhere(plugins), executors = key_plugins.executors(plugins),
    services = {}, sources = project.loaded.sources or {}, unkeyed = {},
  }, Builder)
  if #project:survey().leasing > 0 then
    self.leasable = require("ggen.leasable").of(project.loaded.root.uses)
  end
  for index = 1, project:count() do self:add(project:task(index)) end
  local unkeyed = {}
  for _, pair in ipairs(self.unkeyed) do unkeyed[pair[1]] = pair[2] end
  local bytes, situation = self.out:finish()
  return bytes, situation, unkeyed
end

return M
