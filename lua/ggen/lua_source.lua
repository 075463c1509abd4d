-- Where the fields of a table stand in the text of a Lua file: a small lexer and a reader of table
-- constructors. It evaluates nothing; what it does not understand it steps over. Knows no task.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.LuaTokens the tokens of a text, as columns
---@field kind string[] "name", "string", "number", or the symbol or keyword itself
---@field text string[] as written
---@field line integer[]

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]]):gmatch("%a+") do KEYWORDS[word] = true end

-- The end of [[...]] or [==[...]==] that begins at a place; nil when none does.
local function long_end(text, place)
  local level = text:match("^%[(=*)%[", place)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", place, true)
  return last or #text
end

local function quoted_end(text, place)
  local quote = text:sub(place, place)
  local at = place + 1
  while true do
    local found = text:find('[\\\n' .. quote .. ']', at)
    if not found then return #text end
    local c = text:sub(found, found)
    if c == quote then return found end
    if c == "\n" then return found - 1 end
    at = found + 2
  end
end

---The token at a place.
---@param text string
---@param place integer
---@return integer last its end
---@return string? kind none for blanks and comments
function M.token_at(text, place)
  local c = text:sub(place, place)
  if c:find("%s") then return select(2, text:find("^%s+", place)), nil end
  if c:find("[%a_]") then
    local last = select(2, text:find("^[%w_]+", place))
    local word = text:sub(place, last)
    return last, KEYWORDS[word] and word or "name"
  end
  if c == '"' or c == "'" then return quoted_end(text, place), "string" end
  if text:find("^%-%-", place) then
    local last = long_end(text, place + 2)
    return last or (text:find("\n", place, true) or #text + 1) - 1, nil
  end
  local long = c == "[" and long_end(text, place)
  if long then return long, "string" end
  if text:find("^%.?%d", place) then
    return select(2, text:find("^[%w.]+", place)), "number"
  end
  for _, symbol in ipairs({ "...", "..", "==", "~=", "<=", ">=", "::" }) do
    if text:sub(place, place + #symbol - 1) == symbol then return place + #symbol - 1, symbol end
  end
  return place, c
end

---@param text string
---@return ggen.LuaTokens
function M.tokens(text)
  local kinds, texts, lines, n = {}, {}, {}, 0
  local place, line = 1, 1
  while place <= #text do
    local last, kind = M.token_at(text, place)
    local piece = text:sub(place, last)
    if kind then
      n = n + 1
      kinds[n], texts[n], lines[n] = kind, piece, line
    end
    for _ in piece:gmatch("\n") do line = line + 1 end
    place = last + 1
  end
  return { kind = kinds, text = texts, line = lines }
end

---The value of a string as it is written.
---@param written string
---@return string?
function M.unquoted(written)
  local chunk = loadstring("return " .. written)
  local ok, value = pcall(chunk or error)
  return ok and type(value) == "string" and value or nil
end

---@class ggen.LuaNode a value in a text
---@field line integer where it begins
---@field text string? of a string that stands there
---@field name string? of a variable that stands there
---@field fields table<string, ggen.LuaNode>? of a table constructor
---@field list ggen.LuaNode[]? the elements without a key of one

local OPEN = { ["("] = true, ["["] = true, ["{"] = true, ["function"] = true, ["do"] = true,
  ["if"] = true, ["repeat"] = true }
local CLOSE = { [")"] = true, ["]"] = true, ["}"] = true, ["end"] = true, ["until"] = true }
local SEPARATOR = { [","] = true, [";"] = true, ["}"] = true }

-- The place after an expression.
local function skip(kind, at)
  local depth = 0
  while kind[at] do
    local k = kind[at]
    if depth == 0 and SEPARATOR[k] then return at end
    if OPEN[k] then depth = depth + 1 elseif CLOSE[k] then depth = depth - 1 end
    if depth < 0 then return at end
    at = at + 1
  end
  return at
end

local read_table

-- The value that begins at a token, and the place after it.
local function read_value(tokens, at)
  local kind = tokens.kind
  local node, after = { line = tokens.line[at] }, nil
  if kind[at] == "{" then
    node, after = read_table(tokens, at)
  elseif kind[at] == "string" then
    node.text, after = M.unquoted(tokens.text[at]), at + 1
  elseif kind[at] == "name" then
    node.name, after = tokens.text[at], at + 1
  end
  -- Only a part of what stands there: it has to be computed.
  if not after or (kind[after] and not SEPARATOR[kind[after]]) then
    return { line = node.line }, skip(kind, at)
  end
  return node, after
end

-- The key of an element and the place of its value.
local function read_key(tokens, at)
  local kind, text = tokens.kind, tokens.text
  if kind[at] == "name" and kind[at + 1] == "=" then return text[at], at + 2 end
  if kind[at] ~= "[" then return nil, at end
  if kind[at + 1] == "string" and kind[at + 2] == "]" and kind[at + 3] == "=" then
    return M.unquoted(text[at + 1]) or false, at + 4
  end
  local depth = 0
  repeat
    if OPEN[kind[at]] then depth = depth + 1 elseif CLOSE[kind[at]] then depth = depth - 1 end
    at = at + 1
  until depth == 0 or not kind[at]
  return false, kind[at] == "=" and at + 1 or at
end

---Reads the table constructor that begins at a token.
---@param tokens ggen.LuaTokens
---@param at integer of its brace
---@return ggen.LuaNode node
---@return integer after
function M.read_table(tokens, at)
  local kind = tokens.kind
  local node = { line = tokens.line[at], fields = {}, list = {} }
  at = at + 1
  while kind[at] and kind[at] ~= "}" do
    local key, place = read_key(tokens, at)
    local value, after = read_value(tokens, place)
    if key then
      node.fields[key] = value
    elseif key == nil then
      node.list[#node.list + 1] = value
    end
    at = math.max(after, at)
    if kind[at] == "," or kind[at] == ";" then
      at = at + 1
    elseif kind[at] ~= "}" then
      return node, at -- this is not what we take it for
    end
  end
  return node, at + 1
end

read_table = M.read_table

---The value of the last `NAME = ...` before a token, if it can be read.
---@param tokens ggen.LuaTokens
---@param name string
---@param before integer
---@return ggen.LuaNode?
function M.assigned(tokens, name, before)
  local kind, text = tokens.kind, tokens.text
  for at = before - 1, 1, -1 do
    if kind[at] == "name" and text[at] == name and kind[at + 1] == "="
      and kind[at - 1] ~= "." and kind[at - 1] ~= "," and kind[at - 1] ~= "{" then
      if kind[at + 2] == "{" then return (M.read_table(tokens, at + 2)) end
      if kind[at + 2] == "string" then
        return { line = tokens.line[at + 2], text = M.unquoted(text[at + 2]) }
      end
      return { line = tokens.line[at] }
    end
  end
end

---The first token of a line.
---@param tokens ggen.LuaTokens
---@param line integer
---@return integer? at nil when nothing stands there or below
function M.first_of(tokens, line)
  local low, high = 1, #tokens.line + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tokens.line[middle] < line then low = middle + 1 else high = middle end
  end
  return tokens.line[low] and low or nil
end

return M
