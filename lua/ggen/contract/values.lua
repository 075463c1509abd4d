-- Values that are compared, shown and made: what a plugin was called with, what came back. Of
-- objects of the host only what is public counts (isolation/views.lua): their own fields change as
-- they please.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")

local M = {}

local DEEPEST = 12

local function class_of(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") or nil
end

-- Orders keys of any type.
local function before(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return type(a) .. tostring(a) < type(b) .. tostring(b)
end

local write

local function write_fields(out, value, names, seen, depth)
  for _, name in ipairs(names) do
    local field = value[name]
    if field ~= nil then
      out[#out + 1] = type(name) == "string" and name .. "=" or "[" .. tostring(name) .. "]="
      write(out, field, seen, depth + 1)
      out[#out + 1] = ","
    end
  end
end

-- An object of the host, by its public data.
local function write_object(out, value, class, seen, depth)
  local public = require("ggen.isolation.views")[class]
  out[#out + 1] = class .. "{"
  if public and public.data then
    write_fields(out, value, sorted.keys(public.data), seen, depth)
  end
  out[#out + 1] = "}"
end

function write(out, value, seen, depth)
  local kind = type(value)
  if kind == "string" then out[#out + 1] = ("%q"):format(value)
  elseif kind == "number" then out[#out + 1] = ("%.17g"):format(value)
  elseif kind ~= "table" then
    out[#out + 1] = (kind == "boolean" or kind == "nil") and tostring(value) or kind
  elseif seen[value] then out[#out + 1] = "(again)"
  elseif depth > DEEPEST then out[#out + 1] = "(deeper)"
  else
    seen[value] = true
    local class = class_of(value)
    if class then
      write_object(out, value, class, seen, depth)
    else
      out[#out + 1] = "{"
      write_fields(out, value, sorted.keys(value, before), seen, depth)
      out[#out + 1] = "}"
    end
    seen[value] = nil
  end
end

---All of a value as one text: two values are the same when their texts are.
---@param value any
---@return string
function M.text(value)
  local out = {}
  write(out, value, {}, 1)
  return table.concat(out)
end

---@param list table with n, as of table.pack
---@return string
function M.texts(list)
  local parts = {}
  for i = 1, list.n or #list do parts[i] = M.text(list[i]) end
  return table.concat(parts, ", ")
end

---@param value any
---@param seen table<table, table>?
---@return any value tables without a class are copied
function M.copy(value, seen)
  if type(value) ~= "table" or class_of(value) then return value end
  seen = seen or {}
  if seen[value] then return seen[value] end
  local result = {}
  seen[value] = result
  for key, element in pairs(value) do result[key] = M.copy(element, seen) end
  return result
end

local MOST_SHOWN = 8 -- fields of a table
local LONGEST = 60 -- bytes of a text

local function show_table(value, depth)
  local parts, count = {}, 0
  for _, key in ipairs(sorted.keys(value, before)) do
    count = count + 1
    if count > MOST_SHOWN then
      parts[#parts + 1] = "..."
      break
    end
    local text = M.show(value[key], depth + 1)
    parts[#parts + 1] = type(key) == "number" and text or tostring(key) .. " = " .. text
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

---A short picture of a value, as somebody would write it.
---@param value any
---@param depth integer?
---@return string
function M.show(value, depth)
  depth = depth or 1
  local kind = type(value)
  if kind == "string" then
    if #value > LONGEST then return ("%q... (%d bytes)"):format(value:sub(1, LONGEST), #value) end
    return (("%q"):format(value):gsub("\\\n", "\\n"))
  end
  if kind == "number" then return ("%.14g"):format(value) end
  if kind ~= "table" then return tostring(value):gsub("^(%a+): .*", "a %1") .. "" end
  local class = class_of(value)
  if class == "ggen.Task" then return ("task %q"):format(value.id) end
  if class then return (class:gsub("^ggen%.", ""):gsub("^%u", string.lower)) end
  if depth > 3 then return "{ ... }" end
  return show_table(value, depth)
end

---@param list table with n
---@return string
function M.show_all(list)
  local parts = {}
  for i = 1, list.n or #list do parts[i] = M.show(list[i]) end
  return table.concat(parts, ", ")
end

-- Params ----------------------------------------------------------------------------------------

-- A text that fits what a param is probably for.
local function text_for(name, draw)
  name = name:lower()
  if name:find("url") or name:find("endpoint") or name:find("webhook") then
    return "http://127.0.0.1:9/" .. draw:word()
  end
  if name:find("host") then return "127.0.0.1" end
  if name:find("dir") then return "contract-" .. draw:word() end
  if name:find("path") or name:find("file") or name == "output" then
    return "contract-" .. draw:word() .. ".out"
  end
  return draw:word()
end

local makers = {}

function makers.string(_, name, draw) return text_for(name, draw) end
makers["boolean"] = function(_, _, draw) return draw:once_in(2) end
function makers.number(spec, _, draw)
  local low = spec.min or 0
  return low + draw:fraction() * ((spec.max or low + 100) - low)
end
-- Small ones often: there plugins differ.
local function whole_number(least, most)
  return function(spec, _, draw)
    local low = math.ceil(spec.min or least)
    local high = math.floor(spec.max or math.max(most, 2 * low))
    if draw:once_in(3) then high = math.min(low + 2, high) end
    return draw:int(low, high)
  end
end
makers.integer, makers.duration = whole_number(1, 100), whole_number(1, 86400)
makers.size = whole_number(1, 2 ^ 31)
function makers.enum(spec, _, draw) return draw:pick(spec.values) end
makers["function"] = function() return function() end end
function makers.any(_, _, draw) return draw:word() end

function makers.list(spec, name, draw)
  local list = {}
  for i = 1, draw:int(1, 3) do list[i] = M.generate(spec.of, name, draw) end
  return list
end

function makers.map(spec, _, draw)
  local map = {}
  for _ = 1, draw:int(1, 3) do
    local key = draw:word()
    map[key] = M.generate(spec.of, key, draw)
  end
  return map
end

function makers.record(spec, _, draw) return M.params(spec.fields, draw, true) end

function makers.union(spec, name, draw) return M.generate(spec.any_of[1], name, draw) end

local TRIES = 20

---A value that a description allows, or its default when none was found.
---@param spec ggen.Param
---@param name string
---@param draw ggen.contract.Draw
---@return any
function M.generate(spec, name, draw)
  local schema = require("ggen.schema")
  local make = makers[spec.type]
  for _ = 1, make and TRIES or 0 do
    local value = make(spec, name, draw)
    if value ~= nil and schema.check(spec, value) ~= nil then return value end
  end
  return spec.default
end

---Params as a pipeline may give them. A text means something that only its plugin knows: where it
---has a default or may be missing it is left as it is.
---@param fields table<string, ggen.Param>
---@param draw ggen.contract.Draw
---@param all boolean what has a default is set as well
---@return table
function M.params(fields, draw, all)
  local params = {}
  for _, name in ipairs(sorted.keys(fields)) do
    local spec = fields[name]
    local free = spec.type ~= "string" and spec.type ~= "any" and spec.type ~= "function"
      and spec.type ~= "union" and spec.type ~= "list" and spec.type ~= "map"
    if spec.required or all and free then params[name] = M.generate(spec, name, draw) end
  end
  return params
end

return M
