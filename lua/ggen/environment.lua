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

local with_flags = {} -- by the environment and MAKEFLAGS; a run has one

local function flagged(plain, makeflags)
  local known = with_flags[plain] or {}
  with_flags[plain] = known
  if not known[makeflags] then
    local env = {}
    for name, value in pairs(plain) do env[name] = value end
    env.MAKEFLAGS = makeflags
    known[makeflags] = env
  end
  return known[makeflags]
end

---@param spec ggen.TaskSpec
---@param makeflags string? of the jobserver of the run; what the task says of MAKEFLAGS wins
---@return table<string, string> do not change it
function M.of(spec, makeflags)
  local plain = spec.inherit_env and all() or M.base()
  if makeflags then plain = flagged(plain, makeflags) end
  if not (spec.env or spec.pass_env or spec.key_env) then return plain end
  local env = {}
  for name, value in pairs(plain) do env[name] = value end
  for _, list in ipairs({ spec.pass_env or {}, spec.key_env or {} }) do
    for _, name in ipairs(list) do env[name] = os.getenv(name) end
  end
  for name, value in pairs(spec.env or {}) do env[name] = tostring(value) end
  return env
end

return M
