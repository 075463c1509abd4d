-- Programs that install rocks: LuaRocks, git, gzip. They get the user's environment, but ask
-- nothing, and what they write is bounded.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")

local M = {}

local CAPTURE = 4 * 1024 * 1024

-- git asks for no password, makes no links, runs no hooks, and speaks no odd protocols.
local GIT = { { "core.symlinks", "false" }, { "core.hooksPath", "/dev/null" },
  { "protocol.ext.allow", "never" }, { "advice.detachedHead", "false" } }

local function environment(more)
  local env = require("ggen.core.env").all()
  env.LC_ALL, env.GIT_TERMINAL_PROMPT, env.GIT_OPTIONAL_LOCKS = "C", "0", "0"
  env.LUA_INIT, env.LUA_PATH, env.LUA_CPATH = nil, nil, nil
  env.GIT_DIR, env.GIT_WORK_TREE, env.GIT_INDEX_FILE = nil, nil, nil -- of a hook of git
  env.GIT_CONFIG_COUNT = tostring(#GIT)
  for i, pair in ipairs(GIT) do
    env["GIT_CONFIG_KEY_" .. i - 1], env["GIT_CONFIG_VALUE_" .. i - 1] = pair[1], pair[2]
  end
  for name, value in pairs(more or {}) do env[name] = value end
  return env
end

---@async
---@param argv string[]
---@param options? { cwd: string?, timeout: number?, stdin: string?, env: table?,
---capture: integer? }
---@return table? result of ggen.core.process; nil when it is not there
---@return string? message
function M.run(argv, options)
  options = options or {}
  local refused
  local result = async.await(function(resume)
    local handle
    handle, refused = require("ggen.core.process").run({ argv = argv,
      env = environment(options.env), cwd = options.cwd or "/", timeout = options.timeout,
      grace = 1, capture = options.capture or CAPTURE,
      stdin = options.stdin and { bytes = options.stdin } or nil }, resume)
    if not handle then resume(nil) end
    return handle
  end)
  if not result or result.error or result.code == 127 then
    return nil, ("%s cannot be started: %s"):format(argv[1], refused
      or result.error and result.error.message or "not found")
  end
  return result
end

---What a failed program said of it.
---@param result table
---@return string
function M.reason(result)
  if result.timed_out then return "it took too long" end
  if result.signal then return "it was ended by signal " .. tostring(result.signal) end
  local text = (result.stderr or ""):gsub("%s+$", "")
  if text == "" then text = (result.stdout or ""):gsub("%s+$", "") end
  -- The error itself, not what a traceback or a usage line says behind it.
  local line = text:match("\nError: ([^\n]*)") or text:match("^Error: ([^\n]*)")
    or text:match("fatal: ([^\n]*)") or text:match("[^\n]*$")
  return line ~= "" and line or ("exit code %d"):format(result.code)
end

return M
