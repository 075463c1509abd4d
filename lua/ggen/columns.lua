-- Tables for people: the first column to the left, the others to the right.
-- SPDX-License-Identifier: MIT
local M = {}

---@param rows string[][] all of the same length; the first one is the heading
---@param indent string
---@return string text with a newline after each row
function M.render(rows, indent)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, #cell) end
  end
  for n, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      local padding = (" "):rep(widths[i] - #cell)
      cells[i] = i == 1 and cell .. padding or padding .. cell
    end
    lines[n] = indent .. table.concat(cells, "  "):gsub("%s+$", "") .. "\n"
  end
  return table.concat(lines)
end

return M
