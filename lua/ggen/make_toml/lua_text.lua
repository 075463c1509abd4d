-- Values as Lua source that people read: for files that we write for a user.
-- SPDX-License-Identifier: MIT
local token_at = require("ggen.lua_source").token_at

local M = {}

---A text as a Lua literal: in quotes, or in long brackets when it has lines or both quotes.
---@param text string
---@return string
function M.quote(text)
  if not text:find('[%c"\\]') then return '"' .. text .. '"' end
  if not text:find("[%c'\\]") then return "'" .. text .. "'" end
  if text:find("[%z\1-\8\11-\31\127]") then return (("%q"):format(text):gsub("\\\n", "\\n")) end
  local level = ""
  while text:find("]" .. level .. "]", 1, true) or text:sub(-1 - #level) == "]" .. level do
    level = level .. "="
  end
  local first = text:find("\n", 1, true) and "\n" or ""
  return ("[%s[%s%s]%s]"):format(level, first, text, level)
end

local WORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat"
  .. " return then true until while"):gmatch("%a+") do WORDS[word] = true end

---A text as the key of a table: name or ["name"].
---@param name string
---@return string
function M.key(name)
  if name:find("^[%a_][%w_]*$") and not WORDS[name] then return name end
  local quoted = M.quote(name)
  -- "[[" would be a long bracket of its own.
  return quoted:sub(1, 1) == "[" and "[ " .. quoted .. " ]" or "[" .. quoted .. "]"
end

---A list of expressions: in one line when it fits, else one a line.
---@param items string[]
---@param indent string of the line that it begins in
---@param used integer columns before it
---@return string
function M.list(items, indent, used)
  if #items == 0 then return "{}" end
  local one = "{ " .. table.concat(items, ", ") .. " }"
  if #one + used <= 100 and not one:find("\n", 1, true) then return one end
  local inner = indent .. "  "
  return "{\n" .. inner .. table.concat(items, ",\n" .. inner) .. ",\n" .. indent .. "}"
end

---A list of texts.
---@param texts string[]
---@param indent string
---@param used integer
---@return string
function M.texts(texts, indent, used)
  local items = {}
  for i, text in ipairs(texts) do items[i] = M.quote(text) end
  return M.list(items, indent, used)
end

---Source with its lines further to the right, but for those within long brackets.
---@param source string
---@param indent string
---@return string
function M.indented(source, indent)
  local parts, place = { source:find("^[^\n]") and indent or "" }, 1
  while place <= #source do
    local last, kind = token_at(source, place)
    local piece = source:sub(place, last)
    -- What is no token is a comment, or blanks: each line that is not empty begins with the indent.
    if not kind and piece:find("^%s") then
      piece = piece:gsub("\n()", function(next_at)
        local after = source:sub(place + next_at - 1, place + next_at - 1)
        return (after == "" or after == "\n") and "\n" or "\n" .. indent
      end)
    end
    parts[#parts + 1] = piece
    place = last + 1
  end
  return table.concat(parts)
end

return M
