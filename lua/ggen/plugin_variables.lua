-- The variables of the environment that plugins have asked for. What a plugin makes of them may be
-- in what is remembered (a fingerprint's part of a key, what an executor accepts), so that they
-- become inputs of the configuration (plugin_inputs.record).
-- SPDX-License-Identifier: MIT
local M = {}

M.asked = {} ---@type table<string, true>

-- What these make of a variable is remembered by nobody; and some of theirs, the number of a CI job
-- for example, are others in each run.
local FORGOTTEN = { observer = true, store = true, cache = true, scheduler = true, hooks = true,
  watch = true, command = true }

---@param plugin string "kind.name", or the path of a file
---@param name string of a variable
function M.ask(plugin, name)
  if not FORGOTTEN[plugin:match("^(%a+)[./]")] then M.asked[name] = true end
end

---`os` as the file of a plugin beside the pipeline sees it.
---@param plugin string its path
---@return table
function M.os(plugin)
  return setmetatable({ getenv = function(name)
    if type(name) == "string" then M.ask(plugin, name) end
    return os.getenv(name)
  end }, { __index = os })
end

return M
