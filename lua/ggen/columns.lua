-- Tables for people: the first column to the left, the others to the right unless they are texts.
-- Names may be of any writing, and cells may be coloured: what counts is how wide they are on a
-- terminal.
-- SPDX-License-Identifier: MIT
local fit = require("ggen.core.output").fit

local M = {}

local WIDE = 100000 -- more than any cell has

---@param text string without control characters, but for colours
---@return integer columns that it takes on a terminal
function M.width(text) return select(2, fit(text, WIDE)) end

---@param text string
---@param columns integer
---@return string text with dots in the place of what does not fit
function M.cut(text, columns)
  if M.width(text) <= columns then return text end
  return (fit(text, columns - 3)) .. "..."
end

---@param rows string[][] all of the same length; the first one is the heading
---@param indent string
---@param texts boolean? all columns to the left
---@return string text with a newline after each row
function M.render(rows, indent, texts)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, M.width(cell)) end
  end
  for n, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      local padding = (" "):rep(widths[i] - M.width(cell))
      cells[i] = (i == 1 or texts) and cell .. padding or padding .. cell
    end
    lines[n] = indent .. table.concat(cells, "  "):gsub("%s+$", "") .. "\n"
  end
  return table.concat(lines)
end

return M
