-- The environment of a task: strict. A fixed list of variables passes, the rest must be declared.
-- SPDX-License-Identifier: MIT
local M = {}

---What passes without being declared. Only declared variables enter a task's key.
M.PASSES = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR" }

local DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"

local base

---@return table<string, string> environment shared by all tasks that declare nothing: do not
---change it
function M.base()
  require("ggen.loading").refuse("it asks for the environment of tasks (ggen.environment)")
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

-- The environment that the program was started with: do not change it.
local function all()
  whole = whole or require("ggen.core.env").all()
  return whole
end

---@param spec ggen.TaskSpec
---@return table<string, string>
function M.of(spec)
  local from = spec.inherit_env and all() or M.base()
  if not (spec.env or spec.pass_env or spec.key_env) then return from end
  local env = {}
  for name, value in pairs(from) do env[name] = value end
  for _, list in ipairs({ spec.pass_env or {}, spec.key_env or {} }) do
    for _, name in ipairs(list) do env[name] = os.getenv(name) end
  end
  for name, value in pairs(spec.env or {}) do env[name] = tostring(value) end
  return env
end

return M
