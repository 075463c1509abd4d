-- Reads the annotations of a Lua file (LuaCATS): its head comment, classes, aliases and functions
-- with what is said of them. Knows no page and runs nothing of the file.
-- SPDX-License-Identifier: MIT
local M = {}

---@class luacats.File
---@field head string[] the comment that the file opens with
---@field items luacats.Item[]
---@field bare luacats.Item[] public functions without a comment

---@class luacats.Item
---@field kind "class"|"alias"|"function"|"value"
---@field name string "ggen.Task"; of a function its last word
---@field owner string? of a function: the table or class variable that it is in
---@field method boolean? of a function: called with ":"
---@field signature string? of a function: "(a, b)"
---@field text string[] the free lines above it
---@field params { name: string, type: string, text: string, optional: boolean }[]
---@field returns { type: string, text: string }[]
---@field fields { name: string, type: string, text: string, optional: boolean }[] of a class
---@field values string[] of an alias: its members
---@field parent string? of a class
---@field var string? of a class: the local that follows it; functions in it are its functions
---@field class string? of a function: the class of its owner
---@field async boolean
---@field line integer

-- Splits "table<string, x> and text" behind the type: brackets, commas and unions belong to it.
local function split_type(rest)
  local depth, i = 0, 1
  while i <= #rest do
    local c = rest:sub(i, i)
    if c:find("[%(%[{<]") then depth = depth + 1 end
    if c:find("[%)%]}>]") then depth = depth - 1 end
    if c == '"' then i = rest:find('"', i + 1, true) or #rest end
    if c == " " and depth <= 0 then
      -- "fun(x): y" and "a | b" go on behind the space.
      local before, after = rest:sub(1, i - 1), rest:sub(i + 1)
      if not before:find("[:|,]$") and not after:find("^|") then
        return before, (after:gsub("^%s*#?%s*", ""))
      end
    end
    i = i + 1
  end
  return rest, ""
end

local function new_item(line)
  return { text = {}, params = {}, returns = {}, fields = {}, values = {}, async = false,
    line = line }
end

local tags = {}

function tags.param(item, rest)
  local name, tail = rest:match("^(%S+)%s+(.*)$")
  if not name then return end
  local kind, text = split_type(tail)
  item.params[#item.params + 1] = { name = (name:gsub("%?$", "")), type = kind, text = text,
    optional = name:sub(-1) == "?" }
end

tags["return"] = function(item, rest)
  local kind, text = split_type(rest)
  item.returns[#item.returns + 1] = { type = kind, text = text }
end

function tags.field(item, rest)
  rest = rest:gsub("^public%s+", "")
  if rest:find("^package%s") or rest:find("^private%s") or rest:find("^protected%s") then return end
  local name, tail = rest:match("^(%S+)%s+(.*)$")
  if not name then return end
  local kind, text = split_type(tail)
  item.fields[#item.fields + 1] = { name = (name:gsub("%?$", "")), type = kind, text = text,
    optional = name:sub(-1) == "?" or kind:sub(-1) == "?" }
end

function tags.class(item, rest)
  local name, tail = rest:match("^(%S+)%s*(.*)$")
  item.kind, item.name = "class", (name:gsub(":$", ""))
  local parent = tail:match("^:%s*(%S+)")
  if parent then
    item.parent = parent
  elseif tail ~= "" then
    table.insert(item.text, 1, tail)
  end
end

function tags.alias(item, rest)
  local name, tail = rest:match("^(%S+)%s*(.*)$")
  item.kind, item.name = "alias", name
  if tail ~= "" then item.values[1] = tail end
end

function tags.async(item) item.async = true end

local function read_comment(item, line)
  local tag, rest = line:match("^%-%-%-@(%w+)%s*(.*)$")
  if tag then
    if tags[tag] then tags[tag](item, rest) end
    return
  end
  local value = line:match("^%-%-%-|%s*(.*)$")
  if value then
    item.values[#item.values + 1] = value
    return
  end
  item.text[#item.text + 1] = (line:gsub("^%-%-%-%s?", ""))
end

-- "function M.split(a, b)", "function Pipeline:task(name)", "M.lines = function(text)"
local function function_head(line)
  local path, args = line:match("^function%s+([%w_.:]+)%s*(%b())")
  if not path then path, args = line:match("^([%w_.]+)%s*=%s*function%s*(%b())") end
  if not path then return nil end
  local owner, mark, name = path:match("^(.-)([.:])([%w_]+)$")
  if not owner then return nil end
  return owner, name, args, mark == ":"
end

---@param source string
---@return luacats.File
function M.read(source)
  local result = { head = {}, items = {}, bare = {} }
  local item, in_head, number, class_of = nil, true, 0, {}
  for line in (source .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if in_head and line:find("^%-%-") and not line:find("^%-%-%-") then
      if not line:find("SPDX", 1, true) then
        result.head[#result.head + 1] = (line:gsub("^%-%-%s?", ""))
      end
    elseif not line:find("^%-%-%-@meta") then
      in_head = false
    end
    if line:find("^%-%-%-") and not line:find("^%-%-%-@meta") then
      item = item or new_item(number)
      read_comment(item, line)
    elseif item then
      local owner, name, args, method = function_head(line)
      if owner then
        item.kind, item.owner, item.name = "function", owner, name
        item.signature, item.method, item.class = args, method, class_of[owner]
      elseif not item.kind and line:find("^M%.[%w_]+%s*=") then
        item.kind, item.owner, item.name = "value", "M", line:match("^M%.([%w_]+)")
      elseif item.kind == "class" then
        item.var = line:match("^local%s+([%w_]+)%s*=")
        if item.var then class_of[item.var] = item.name end
      end
      if item.kind then result.items[#result.items + 1] = item end
      item = nil
    else
      local owner, name, args, method = function_head(line)
      if owner and name:sub(1, 1) ~= "_" then
        local bare = new_item(number)
        bare.kind, bare.owner, bare.name = "function", owner, name
        bare.signature, bare.method, bare.class = args, method, class_of[owner]
        result.bare[#result.bare + 1] = bare
      end
    end
  end
  return result
end

return M
