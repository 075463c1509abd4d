-- What processes used of the machine, put together: of the commands of a function, of the steps of
-- a task, of its attempts. What nobody has measured is nil, not 0.
-- SPDX-License-Identifier: MIT
local M = {}

---@param a ggen.Usage?
---@param b ggen.Usage?
---@return ggen.Usage? usage of both, one after the other; nil when neither is known
function M.add(a, b)
  if not a or not b then return a or b end
  local function sum(name)
    local one, other = a[name], b[name]
    return one and other and one + other or one or other
  end
  local peak = math.max(a.peak_memory or 0, b.peak_memory or 0)
  return { wall = sum("wall"), user = sum("user"), sys = sum("sys"),
    peak_memory = peak > 0 and peak or nil }
end

return M
