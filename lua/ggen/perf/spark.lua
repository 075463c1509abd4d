-- A row of values as one line of small bars. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

local BARS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local PLAIN = { "_", ".", "-", "=", "+", "*", "%", "#" }

---@param values (number|false)[] false: not measured
---@param utf8 boolean
---@return string line as many characters as values
function M.line(values, utf8)
  local low, high = math.huge, -math.huge
  for _, value in ipairs(values) do
    if value then low, high = math.min(low, value), math.max(high, value) end
  end
  -- What differs by less than a tenth is flat: noise should not look like mountains.
  if high - low < 0.1 * high then low = high - 0.2 * high end
  local bars, line = utf8 and BARS or PLAIN, {}
  for i, value in ipairs(values) do
    if not value then
      line[i] = " "
    else
      local share = high > low and (value - low) / (high - low) or 0.5
      line[i] = bars[math.min(#bars, math.floor(share * #bars) + 1)]
    end
  end
  return table.concat(line)
end

return M
