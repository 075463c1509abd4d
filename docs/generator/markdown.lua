-- Pieces of Markdown that the reference pages share.
-- SPDX-License-Identifier: MIT
local M = {}

---What stands in a cell of a table: on one line, with its bars escaped.
---@param text string
---@return string
function M.cell(text) return (text:gsub("\n", " "):gsub("|", "\\|")) end

---@param text string
---@return string text as code; empty stays empty
function M.code(text)
  if text == "" then return "" end
  return text:find("`", 1, true) and "`` " .. text .. " ``" or "`" .. text .. "`"
end

---@param head string[]
---@param rows string[][]
---@return string
function M.table(head, rows)
  local dashes, lines = {}, {}
  for i in ipairs(head) do dashes[i] = "---" end
  lines[1] = "| " .. table.concat(head, " | ") .. " |"
  lines[2] = "| " .. table.concat(dashes, " | ") .. " |"
  for _, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do cells[i] = M.cell(cell) end
    lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
  end
  return table.concat(lines, "\n") .. "\n"
end

---@param language string
---@param code string
---@return string
function M.block(language, code)
  return "```" .. language .. "\n" .. code:gsub("\n*$", "\n") .. "```\n"
end

---The first line of every page.
---@param from string what it is made of
---@return string
function M.made_by(from)
  return "<!-- Made by docs/generate.lua from " .. from .. ". Do not edit. -->\n"
end

return M
