-- What is said of calls of plugins that took longer than they may.
-- SPDX-License-Identifier: MIT
local M = {}

local function milliseconds(seconds) return ("%.3g ms"):format(seconds * 1000) end

---@param over { plugin: string, method: string, count: integer, worst: number, budget: number }[]
---@return string[] texts one for each method
function M.texts(over)
  local texts = {}
  for i, entry in ipairs(over) do
    local many = entry.count > 1
    texts[i] = ("plugin %q, method %s: %s busy for longer than its budget of %s (%s%s)"):format(
      entry.plugin, entry.method, many and entry.count .. " calls were" or "a call was",
      milliseconds(entry.budget), many and "the longest for " or "", milliseconds(entry.worst))
  end
  return texts
end

return M
