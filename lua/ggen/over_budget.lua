-- What is said of calls of plugins that took longer than they may.
-- SPDX-License-Identifier: MIT
local M = {}

local function shown(seconds)
  if seconds >= 1 then return ("%.3g s"):format(seconds) end
  return ("%.3g ms"):format(seconds * 1000)
end

---@param over { plugin: string, what: string, count: integer, worst: number, budget: number,
---each: boolean }[]
---@return string[] texts one for each method
function M.texts(over)
  local texts = {}
  for i, entry in ipairs(over) do
    local many = entry.count > 1
    texts[i] = ("plugin %q, %s: %s busy for longer than its budget of %s%s (%s%s)"):format(
      entry.plugin, entry.what, many and entry.count .. " calls were" or "a call was",
      shown(entry.budget), entry.each and " between two waits" or "",
      many and "the longest for " or "", shown(entry.worst))
  end
  return texts
end

return M
