-- The environment of a task: strict. A fixed list of variables passes, the rest must be declared.
-- SPDX-License-Identifier: MIT
local M = {}

---What passes without being declared. Only declared variables enter a task's key.
M.PASSES = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR" }

local DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"

local base

-- Whoever gets an environment may change it: it is a table of its own.
local function copy_of(env)
  local copy = {}
  for name, value in pairs(env) do copy[name] = value end
  return copy
end

local function shared()
  if base then return base end
  base = {}
  for _, name in ipairs(M.PASSES) do base[name] = os.getenv(name) end
  for name, value in pairs(require("ggen.core.env").all()) do
    if name:sub(1, 3) == "LC_" then base[name] = value end
  end
  base.PATH = base.PATH or DEFAULT_PATH
  return base
end

local whole

-- The environment that the program was started with, shared as well.
local function all()
  whole = whole or require("ggen.core.env").all()
  return whole
end

---@return table<string, string> environment of a task that declares nothing
function M.base()
  require("ggen.loading").refuse("it asks for the environment of tasks (ggen.environment)")
  return copy_of(shared())
end

---A variable of the environment that the program was started with. While a pipeline is loading it
---becomes an input of the configuration, and so does what a plugin beside the pipeline asks for.
---@param name string
---@return string?
function M.variable(name)
  if debug.getinfo(2, "S").source:sub(1, 6) ~= "@ggen:" then
    require("ggen.plugin_variables").ask("./", name)
  end
  local inputs = require("ggen.loading").inputs
  if inputs then inputs:variable(name) end
  return os.getenv(name)
end

---@param spec ggen.TaskSpec
---@param makeflags string? of the jobserver of the run; what the task says of MAKEFLAGS wins
---@return table<string, string>
function M.of(spec, makeflags)
  local env = copy_of(spec.inherit_env and all() or shared())
  if makeflags then env.MAKEFLAGS = makeflags end
  for _, list in ipairs({ spec.pass_env or {}, spec.key_env or {} }) do
    for _, name in ipairs(list) do env[name] = os.getenv(name) end
  end
  for name, value in pairs(spec.env or {}) do env[name] = tostring(value) end
  return env
end

return M
