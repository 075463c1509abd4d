-- Many tests at once: so that fifty tasks do not give a false alarm fifty times as often. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

---The step-down method of Holm (1979): a test is significant at a level when its adjusted chance is
---below it, and the chance of even one false alarm is then at most this level, whatever depends on
---what. What has more weight is tested with more of the level.
---@param chances number[]
---@param weights number[]? above 0; 1 of each without
---@return number[] adjusted in the same order
function M.holm(chances, weights)
  local order, adjusted, shares, left = {}, {}, {}, 0
  for i = 1, #chances do
    local weight = weights and weights[i] or 1
    order[i], shares[i], left = i, chances[i] / weight, left + weight
  end
  table.sort(order, function(a, b)
    if shares[a] ~= shares[b] then return shares[a] < shares[b] end
    return a < b
  end)
  local least = 0
  for _, i in ipairs(order) do
    least = math.max(least, math.min(1, shares[i] * left))
    adjusted[i] = least
    left = left - (weights and weights[i] or 1)
  end
  return adjusted
end

return M
