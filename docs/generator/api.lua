-- What the pages of functions and classes share: one item as Markdown.
-- SPDX-License-Identifier: MIT
local markdown = require("markdown")

local M = {}

local WAITS = "waits: call it where code runs as part of a task"

---The free lines above a function. An example is written there as "  > code" and "  < value".
---@param lines string[]
---@return string
function M.text(lines)
  if #lines == 0 then return "" end
  local out, in_code = {}, false
  for _, line in ipairs(lines) do
    local mark, code = line:match("^%s+([><]) (.*)$")
    if mark and not in_code then out[#out + 1] = (#out > 0 and "\n" or "") .. "```lua" end
    if in_code and not mark then out[#out + 1] = "```\n" end
    in_code = mark ~= nil
    out[#out + 1] = mark == ">" and code or mark == "<" and "--> " .. code or line
  end
  if in_code then out[#out + 1] = "```" end
  return table.concat(out, "\n") .. "\n"
end

---@param item luacats.Item
---@param prefix string "ggen." or "ctx."
---@return string "ctx.sh(command, options)"
function M.call(item, prefix) return prefix .. item.name .. item.signature end

---@param item luacats.Item a function
---@param waits string what to say of one that waits
---@return string list of what goes in and what comes out; empty when there is nothing to say
function M.details(item, waits)
  local lines = {}
  for _, param in ipairs(item.params) do
    lines[#lines + 1] = ("- `%s`: %s%s%s"):format(param.name, markdown.code(param.type),
      param.optional and ", may be left out" or "", param.text ~= "" and "; " .. param.text or "")
  end
  for _, value in ipairs(item.returns) do
    lines[#lines + 1] = ("- returns %s%s"):format(markdown.code(value.type),
      value.text ~= "" and "; " .. value.text or "")
  end
  if item.async then lines[#lines + 1] = "- " .. waits end
  return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

---@param item luacats.Item a function
---@param title string its heading
---@param depth integer of the heading
---@param waits string? what to say of one that waits
---@return string
function M.entry(item, title, depth, waits)
  local parts = { ("#"):rep(depth) .. " " .. title .. "\n" }
  local text, details = M.text(item.text), M.details(item, waits or WAITS)
  if text ~= "" then parts[#parts + 1] = text end
  if details ~= "" then parts[#parts + 1] = details end
  return table.concat(parts, "\n")
end

---@param item luacats.Item a class
---@return string table of its fields, empty without any
function M.fields(item)
  local rows = {}
  for i, field in ipairs(item.fields) do
    rows[i] = { markdown.code(field.name), markdown.code(field.type), field.text }
  end
  return #rows > 0 and markdown.table({ "field", "type", "" }, rows) or ""
end

return M
