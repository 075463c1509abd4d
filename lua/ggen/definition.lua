-- What makes the key of each task, as far as its declaration says (engine/incremental/
-- definitions.h has the rest of the story). All of it is known when loading has ended, so it is
-- remembered with the configuration and costs nothing in a run.
-- SPDX-License-Identifier: MIT
local definitions = require("ggen.core.definitions")
local fault = require("ggen.fault")
local function_digest = require("ggen.function_digest")
local hash = require("ggen.core.hash")
local key_builder = require("ggen.key_builder")
local paths = require("ggen.paths")
local sorted = require("ggen.sorted")
local steps = require("ggen.steps")
local trace_files = require("ggen.trace_files")

local M = {}

-- Bits of a task (definitions.h).
local CACHED, KEYED, HAS_OUTPUTS, RUNS_NOTHING, SERVICE, HELD, PHASE = 1, 2, 4, 8, 16, 32, 64
local READS_ALL = 128

local PLATFORM = jit.os:lower() .. "-" .. jit.arch

-- The part of a pattern's path below a directory, or nil when it is not there.
local function below(path, base)
  if base == "" then return path end
  if path:sub(1, #base + 1) == base .. "/" then return path:sub(#base + 2) end
  -- The output is a directory that this one lies in: everything here is an output.
  if base == path or base:sub(1, #path + 1) == path .. "/" then return "**" end
end

-- The same of a pattern with "!": one with wildcards above may leave anything in.
local function left_in_below(path, base)
  local found = below(path, base)
  local area = paths.area(path)
  if found or area == path or base:sub(1, #area) ~= area then return found end
  return "**"
end

-- An excluded output: the path itself and, if it is a directory, all below. `left_in` is "!" for
-- what is none of the outputs after all.
local function add_excluded(list, path, left_in)
  local prefix = left_in or ""
  list[#list + 1] = prefix .. path
  if not path:match("%*%*$") then list[#list + 1] = prefix .. path .. "/**" end
end

-- Keys -------------------------------------------------------------------------------------------

-- The program that a command begins with; nil when it is not a plain word.
local ASSIGNMENT = "^%s*[%a_][%w_]*=[^%s;|&<>()$`\"'\\]*%s+"

local function program_of(text)
  local rest
  repeat -- A=1 B=2 program
    rest, text = text, text:gsub(ASSIGNMENT, "")
  until rest == text
  return text:match("^%s*([%w_./+-]+)%f[%s%z;|&<>()]")
end

local SHELL_SYNTAX = "[|&;<>()$`\"'*?%[#~=%%\n{}\\]"

local function add_tool(tools, name, number)
  tools[#tools + 1] = { name = name, later = number > 1 }
end

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
    add_tool(tools, step.argv[1], number)
  else
    parts[#parts + 1] = step.shell
    local program = program_of(step.shell)
    if program then add_tool(tools, program, number) end
    if step.shell_program or step.shell:find(SHELL_SYNTAX) then
      local shell = step.shell_program or "sh"
      parts[#parts + 1], parts[#parts + 2], parts[#parts + 3] = "shell", tostring(number), shell
      add_tool(tools, shell:match("^%S+"), 1)
    end
  end
  return true
end

-- Whether a program is one of the task's own outputs.
local function makes(task, cwd, name)
  local path = paths.joined(cwd, name)
  local made = false
  for _, pattern in ipairs(path and (task.spec.outputs or task.spec.full_outputs) or {}) do
    local left_out, named = pattern:match("^(!?)(.*)$")
    local output = paths.joined(task.base, named)
    if output and (path == output or path:sub(1, #output + 1) == output .. "/"
      or require("ggen.core.fs").match(output, path)) then
      made = left_out == ""
    end
  end
  return made
end

-- Whether a program is one of this machine: in a container only what the project has is, the rest
-- comes with the image.
local function in_sight(builder, spec, name)
  if not spec.container then return true end
  if name:sub(1, 1) == "/" then return name:sub(1, #builder.root + 1) == builder.root .. "/" end
  return name:find("/", 1, true) ~= nil
end

local function references_of(builder, task, tools, variables, files)
  local list, extra, spec = {}, {}, task.spec
  if spec.tools ~= false then
    if type(spec.tools) == "table" then
      for _, name in ipairs(spec.tools) do add_tool(tools, name, 1) end
    end
    local cwd = task.base
    if spec.cwd and spec.cwd:sub(1, 1) == "/" then
      cwd = spec.cwd
    elseif spec.cwd then
      cwd = paths.joined(task.base, spec.cwd) or builder.root .. "/" .. task.base .. "/" .. spec.cwd
    end
    local path = spec.env and spec.env.PATH and tostring(spec.env.PATH) or ""
    for _, tool in ipairs(tools) do
      local inside = tool.name:find("/", 1, true)
      if not (inside and makes(task, cwd, tool.name)) and in_sight(builder, spec, tool.name) then
        list[#list + 1] = tool.name
        list[#list + 1] = inside and cwd or ""
        list[#list + 1] = tool.later and "later" or ""
        list[#list + 1] = inside and "" or path
      end
    end
  end
  for _, set in ipairs(files) do extra[#extra + 1] = set end
  if #list == 0 and #variables == 0 and #extra == 0 then return nil end
  return builder.out:references(variables, list, extra)
end

-- The directories of a pattern before its first wildcard.
local function fixed_part(pattern)
  local fixed = paths.area(pattern)
  if #fixed == #pattern then return pattern end
  return fixed:match("^(.*)/") or ""
end

-- Whether inputs name what an output covers: such a task changes its own sources, and without them
-- in its key they would be taken back to what they were.
local function named_as_input(inputs, output)
  local area = fixed_part(output)
  for _, pattern in ipairs(inputs or {}) do
    local part = pattern:sub(1, 1) ~= "!" and fixed_part((pattern:gsub("^%./", "")))
    if part and (part == area or (area ~= "" and part:sub(1, #area + 1) == area .. "/")
      or part == output) then
      return true
    end
  end
  return false
end

-- The number of the set of a task's inputs, and of those that lie elsewhere.
local function inputs_of(builder, task)
  local spec, exclude, extra = task.spec, {}, {}
  for _, pattern in ipairs(spec.outputs or spec.full_outputs or {}) do
    local left_in, output = pattern:gsub("/$", ""):match("^(!?)(.*)$")
    if output:sub(1, 3) ~= "../" and not named_as_input(spec.inputs, output) then
      add_excluded(exclude, output, left_in)
    end
  end
  if not spec.inputs then
    local set = builder.default_sets[task.base]
    if not set then
      set = builder.out:set(task.base, {}, builder:excluded(task.base), false, builder.by_stamp)
      builder.default_sets[task.base] = set
    end
    return set, extra
  end
  local takes_in = #spec.inputs == 0
  for _, pattern in ipairs(spec.inputs) do takes_in = takes_in or pattern:sub(1, 1) ~= "!" end
  if not takes_in then
    local declared = task.task.declaration
    fault.raise(('task %q: its inputs only take files out: begin with what they are taken from'
      .. ' ("**" for all)'):format(declared.name), declared.file, declared.line)
  end
  local here, elsewhere, outside = paths.sort_patterns(spec.inputs, task.base, builder.root)
  if #elsewhere > 0 then
    extra[1] = builder.out:set("", elsewhere, {}, false, builder.by_stamp)
  end
  for _, pattern in ipairs(outside) do
    local base, rest = paths.split_fixed(pattern)
    extra[#extra + 1] = builder.out:set(base, { rest }, {}, false, builder.by_stamp)
  end
  if #here == 0 then return nil, extra end
  return builder.out:set(task.base, here, exclude, false, builder.by_stamp), extra
end

local Builder = {}
Builder.__index = Builder

-- The declared outputs below a directory, relative to it.
function Builder:excluded(base)
  local list = {}
  base = paths.escaped(base)
  for _, output in ipairs(self.outputs) do
    -- What a hook makes no task needs: nothing but the file itself can tell that it is another.
    local find = output.left_out and left_in_below or below
    local path = not output.is_hook and find(output.path, base)
    if path then add_excluded(list, path, output.left_out and "!") end
  end
  for _, report in ipairs(self.reports) do
    local path = below(report, base)
    if path and path ~= "**" then add_excluded(list, path) end
  end
  return list
end

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
  if #self.executors > 0 then self:_add_executor(task, parts) end
  for _, name in ipairs(spec.key_env or {}) do variables[#variables + 1] = name end

  local inputs, extra = inputs_of(self, shape)
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
  self.out:task(flags, inputs, made, references_of(self, shape, tools, variables, extra), parts)
  if why then self.unkeyed[#self.unkeyed + 1] = { task.index, why } end
end

-- What observers and --trace write at the end of a run is no source of the next one.
local function reports(plugins, root)
  local found = {}
  for i, path in ipairs(trace_files.read(root)) do found[i] = paths.escaped(path) end
  for _, instance in ipairs(plugins:all("observer")) do
    for _, path in ipairs(instance.impl.writes or {}) do
      local relative = path:sub(1, 1) ~= "/" and path
        or path:sub(1, #root + 1) == root .. "/" and path:sub(#root + 2)
      if relative then found[#found + 1] = paths.escaped((relative:gsub("^%./", ""))) end
    end
  end
  return found
end

-- What a plugin was told that matters for results and is not what it does anyway.
local function told(instance)
  local encode, settings = require("ggen.core.json").encode, {}
  for name, value in pairs(instance.params or {}) do
    local param = instance.plugin.params[name] or {}
    local usual
    if param.default ~= nil then usual = require("ggen.schema").check(param, param.default) end
    local differs = usual == nil or encode(value) ~= encode(usual)
    if differs and param.key ~= false then settings[name] = value end
  end
  return settings
end

-- A plugin whose choice changes what a task makes.
local function add_plugin(parts, instance, settings)
  local code = instance.path and hash.file(instance.path) or ""
  add_part(parts, "plugin", instance.name, ("%s %s %s"):format(instance.plugin.version, code,
    require("ggen.core.json").encode(settings)))
end

-- The fingerprint plugin, as parts of every key.
local function everywhere(plugins)
  local parts, instance = {}, plugins:get("fingerprint")
  if instance and instance.name ~= "fingerprint.content" then
    add_plugin(parts, instance, told(instance))
  end
  return parts
end

-- What the host would choose itself, and as it would set it up, makes no difference.
local DEFAULT = { ["executor.process"] = true, ["executor.container"] = true }

-- Those that may run tasks, if one makes a difference. A dry run has the keys of a real one.
local function executors_of(plugins)
  local list, differs = {}, false
  for _, instance in ipairs(plugins:all("executor")) do
    if instance.name ~= "executor.dry-run" then
      list[#list + 1] = instance
      differs = differs or not DEFAULT[instance.name] or next(told(instance)) ~= nil
    end
  end
  return differs and list or {}
end

function Builder:_add_executor(task, parts)
  local chosen, message = require("ggen.executors").choose(self.executors, task)
  if message then fault.raise(message) end
  local settings = chosen and told(chosen) or {}
  if chosen and (not DEFAULT[chosen.name] or next(settings) ~= nil) then
    add_plugin(parts, chosen, settings)
  end
end

---@class ggen.Definition what makes the keys of all tasks, as an earlier run wrote it down or made
---just now
---@field situation string what stands for it in a run with nothing to do
---@field package _bytes string? unless it is in the snapshot
---@field package _project ggen.Project
local Definition = {}
Definition.__index = Definition

-- Sections of the snapshot.
local KEYS, SITUATION, UNKEYED = "keys", "situation", "unkeyed"

local function with_keys(project, plugins)
  local bytes, situation, unkeyed = M.of(project.evaluated and project:evaluated() or project,
    plugins)
  local lines = {}
  for index, why in pairs(unkeyed) do
    lines[#lines + 1] = ("%d\t%s\n"):format(index, (why:gsub("%c", " ")))
  end
  project:set_section(KEYS, bytes)
  project:set_section(SITUATION, situation)
  project:set_section(UNKEYED, table.concat(lines))
  return bytes, situation
end

---@param project ggen.Project
---@param plugins ggen.Registry
---@return ggen.Definition
function M.remembered(project, plugins)
  local situation = project:section(SITUATION)
  local bytes = project.sections[KEYS]
  if not situation then bytes, situation = with_keys(project, plugins) end
  return setmetatable({ situation = situation, _bytes = bytes, _project = project,
    _plugins = plugins }, Definition)
end

---Makes it anew, since something has changed that no file of the project says.
---@param project ggen.Project
---@param plugins ggen.Registry
function M.renew(project, plugins) with_keys(project, plugins) end

---Hands the definitions to the engine, out of the snapshot without a copy.
---@param files userdata of ggen.core.incremental
function Definition:tell(files)
  local project = self._project
  if not self._bytes and project.snapshot then
    if files:define(project.snapshot, "+" .. KEYS) then return end
  end
  -- A damaged section is made anew.
  local bytes = self._bytes or project:section(KEYS) or with_keys(project, self._plugins)
  local ok, message = files:define(bytes)
  if not ok then
    bytes = with_keys(project, self._plugins)
    ok, message = files:define(bytes)
  end
  if not ok then error(message, 0) end
end

---Which tasks read, run or make some files, by their declarations alone.
---@param changed string[] paths relative to the project's directory, or absolute
---@param makeable integer how many of them, from the first, count as outputs too
---@return table flat task, "reads"|"runs"|"makes", number of the path, how many paths, task, ...
function Definition:touched(changed, makeable)
  local project = self._project
  local bytes = self._bytes or project:section(KEYS) or with_keys(project, self._plugins)
  local found = definitions.touched(bytes, project.dir, changed, makeable)
  -- A damaged section is made anew.
  return found or fault.check(definitions.touched(with_keys(project, self._plugins), project.dir,
    changed, makeable))
end

---@return table<integer, string> reasons why tasks that would be cached have no key, by index
function Definition:unkeyed()
  if not self._unkeyed then
    self._unkeyed = {}
    for index, why in (self._project:section(UNKEYED) or ""):gmatch("(%d+)\t([^\n]*)\n") do
      self._unkeyed[tonumber(index)] = why
    end
  end
  return self._unkeyed
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
    reports = reports(plugins, project.dir),
    by_stamp = fingerprint and fingerprint.impl.inputs == "mtime" or false, default_sets = {},
    everywhere = everywhere(plugins), executors = executors_of(plugins), services = {},
    sources = project.loaded.sources or {}, unkeyed = {},
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
