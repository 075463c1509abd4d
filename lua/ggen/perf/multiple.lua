-- Many tests at once: so that fifty tasks do not give a false alarm fifty times as often. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

---The step-down method of Holm (1979): a test is significant at a level when its adjusted chance is
---below it, and the chance of even one false alarm is then at most this level, whatever depends on
---what.
---@param chances number[]
---@return number[] adjusted in the same order
function M.holm(chances)
  local order, adjusted = {}, {}
  for i = 1, #chances do order[i] = i end
  table.sort(order, function(a, b)
    if chances[a] ~= chances[b] then return chances[a] < chances[b] end
    return a < b
  end)
  local least = 0
  for position, i in ipairs(order) do
    least = math.max(least, math.min(1, chances[i] * (#chances - position + 1)))
    adjusted[i] = least
  end
  return adjusted
end

return M
