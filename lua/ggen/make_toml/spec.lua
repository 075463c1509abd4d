-- The tables of tasks that a make.toml means: one for each phase and for each list of shell lines.
-- Knows nothing of hooks and of where they are declared. Plain data only.
-- SPDX-License-Identifier: MIT
local conditions = require("ggen.lifecycle.conditions")
local dsl = require("ggen.dsl")
local loading = require("ggen.loading")
local paths = require("ggen.paths")
local variables = require("ggen.make_toml.variables")

local M = {}

-- What conditions ask of the world while loading: the answers are inputs of the configuration.
local loading_world = {
  variable = function(name)
    if loading.inputs then return loading.inputs:variable(name) end
    return os.getenv(name)
  end,
  exists = function(path)
    return loading.exists(path:sub(1, 1) == "/" and path or dsl.current_dir .. "/" .. path)
  end,
}

---@class ggen.SpecContext what all phases of a file have in common
---@field env table<string, string>
---@field environment string? what -e names
---@field relative string? where the phases run, from the pipeline's directory
---@field shell string?
---@field timeout number? seconds
---@field retries integer?
---@field retry_delay number? seconds

local function add_env(env, more)
  for name, value in pairs(more or {}) do env[name] = tostring(value) end
end

---@param model table of read.lua
---@param options { relative: string?, environment: string? }
---@return ggen.SpecContext
function M.context(model, options)
  local env, name = {}, options.environment
  add_env(env, model.env)
  local chosen = name and model.environments and model.environments[name]
  if chosen then add_env(env, chosen.env) end
  if name then env.GGEN_ENV = name end
  local execution = model.execution or {}
  return {
    env = env, environment = name, relative = options.relative, shell = model.shell,
    timeout = execution.timeout, retries = execution.retries, retry_delay = execution.retry_delay,
  }
end

-- Programs that take a script as an argument; others are given a file.
local INLINE = { python = "-c", python3 = "-c", node = "-e", perl = "-e", ruby = "-e", lua = "-e",
  luajit = "-e", php = "-r" }
local SHELLS = { sh = true, bash = true, zsh = true, dash = true, ksh = true }

local function script_step(step, default_shell)
  local runner = step.runner
  if runner == nil or runner == "@shell" then return { sh = step.script, shell = default_shell } end
  if runner:sub(1, 1) == "@" then
    return { sh = ("echo 'ggen-lua: %s is a runner of cargo-make alone' >&2; exit 1"):format(
      runner:gsub("'", "")) }
  end
  local program = runner:match("([^/]+)$")
  if SHELLS[program] then return { sh = step.script, shell = runner } end
  if INLINE[program] then return { runner, INLINE[program], step.script } end
  -- Others read it from a file.
  return { "sh", "-c", 'file=$(mktemp) && printf "%s" "$2" >"$file" && "$1" "$file"; code=$?;'
    .. ' rm -f "$file"; exit $code', "sh", runner, step.script }
end

local function steps_of(commands, shell)
  local steps = {}
  for i, command in ipairs(commands) do
    if type(command) == "string" then
      steps[i] = { sh = command, shell = shell }
    elseif command.script then
      steps[i] = script_step(command, shell)
    else
      steps[i] = command
    end
  end
  return steps
end

local function base_spec(context, commands, shell)
  shell = shell or context.shell
  if shell == "sh" then shell = nil end
  local spec = { cwd = context.relative, inherit_env = true, cache = false,
    timeout = context.timeout }
  if commands and #commands > 0 then spec.run = steps_of(commands, shell) end
  if next(context.env) then spec.env = context.env end
  return spec
end

---The task of a list of shell lines.
---@param context ggen.SpecContext
---@param commands table[]|string[]
---@param shell string?
---@return table spec
function M.commands(context, commands, shell) return base_spec(context, commands, shell) end

-- Patterns of a file, as the pipeline names them.
local function placed(context, patterns)
  if not context.relative then return patterns end
  local list = {}
  for i, pattern in ipairs(patterns) do
    local negated, path = pattern:match("^(!?)(.*)$")
    list[i] = path:sub(1, 1) == "/" and pattern or negated .. context.relative .. "/" .. path
  end
  return list
end

local function joined(list, more)
  local result = {}
  for _, value in ipairs(list or {}) do result[#result + 1] = value end
  for _, value in ipairs(more or {}) do result[#result + 1] = value end
  return #result > 0 and result or nil
end

-- What a cached phase says of its key and its files.
local function add_cache(context, spec, phase, commands)
  spec.cache = nil
  local watch = type(phase.watch) == "table" and phase.watch or nil
  local key = phase.cache_key or {}
  local inputs = joined(watch, key.files)
  -- Without any, it is all files of the workspace, and a script outside of it.
  local script = phase.script_file
  if script and (inputs or script:sub(1, 1) == "/" or not paths.normalised(script)) then
    inputs = joined(inputs or { "**" }, { script })
  end
  if inputs then spec.inputs = placed(context, inputs) end
  -- It has the whole environment: what of it is named enters the key.
  spec.key_env = variables.of(phase, commands or {}, spec.env, key.env)
  spec.version = key.text
  if phase.outputs and #phase.outputs > 0 then
    -- What the tool that the format comes from never looked at does not fail a phase.
    spec.outputs, spec.missing_outputs = placed(context, phase.outputs), "warn"
  end
end

-- -e NAME: the commands and variables that stand in for those of the phase.
local function for_environment(context, phase)
  local chosen = context.environment and phase.environments
    and phase.environments[context.environment]
  if not chosen then return phase.commands, phase.env, nil, phase end
  local commands = chosen.commands and #chosen.commands > 0 and chosen.commands or phase.commands
  return commands, phase.env, chosen.env,
    { desc = chosen.desc or phase.desc, shell = chosen.shell or phase.shell }
end

-- Whether a task that has others do its work is to do it: as far as that can be known while
-- loading, which runs no script.
local function may_hold(condition)
  local known = {}
  for name, value in pairs(condition) do known[name] = name ~= "script" and value or nil end
  return (conditions.holds(known, loading_world))
end

-- What a cargo-make task has others do, behind what it needs. Of several choices the first counts
-- whose condition holds. The second list has those that may run at the same time.
local function others_of(phase)
  local others, together = { phase.alias }, nil
  if phase.condition and not may_hold(phase.condition) then return others end
  for _, choice in ipairs(phase.run_task or {}) do
    if not choice.condition or conditions.holds(choice.condition, loading_world) then
      for _, name in ipairs(choice.names) do others[#others + 1] = name end
      if choice.parallel and #choice.names > 1 then together = choice.names end
      others[#others + 1] = choice.cleanup_task
      break
    end
  end
  return others, together
end

---The task of a phase. Its `needs` are not looked up yet.
---@param context ggen.SpecContext
---@param phase table of the model
---@return table spec
function M.phase(context, phase)
  local commands, env, more, own = for_environment(context, phase)
  local spec = base_spec(context, commands, own.shell)
  if next(env) or more then
    spec.env = {}
    for name, value in pairs(context.env) do spec.env[name] = value end
    add_env(spec.env, env)
    add_env(spec.env, more)
  end
  spec.desc = own.desc
  spec.timeout = phase.timeout or context.timeout
  local retries = phase.retry or context.retries or 0
  if retries > 0 then
    spec.retries = { count = retries, delay = context.retry_delay or 1, factor = 2,
      max_delay = 60 }
  end
  if phase.error_handling == "continue" or phase.error_handling == "warn" then
    spec.optional = true
  end
  if phase.cache then add_cache(context, spec, phase, commands) end
  local others, together = others_of(phase)
  spec.needs = joined(phase.depends_on, others)
  if phase.first_run_only or phase.condition then spec.when = { lifecycle = true } end
  spec.exclusive = phase.exclusive or nil
  if phase.cwd then spec.cwd = placed(context, { phase.cwd })[1] end
  spec.finally = phase.finally
  spec.lifecycle = {
    kind = phase.finally and "hook"
      or spec.run == nil and spec.needs and phase.dialect == "tasks" and "group" or "phase",
    hidden = phase.private or nil,
    first_run_only = phase.first_run_only or nil,
    requires_approval = phase.requires_approval or nil,
    together = together or nil,
    placed_outputs = not phase.cache and context.relative and phase.outputs
      and placed(context, phase.outputs) or nil,
    condition = phase.condition, watch = phase.watch, port = phase.port, outputs = phase.outputs,
    parallel = phase.parallel, workspaces = phase.workspaces, category = phase.category,
    plain = commands ~= phase.commands and steps_of(phase.commands, phase.shell) or nil,
  }
  return spec
end

return M
