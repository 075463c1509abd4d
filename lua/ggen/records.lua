-- How the parts of an evaluated project become bytes and tables again. A task is one record:
--
--   { name, owner, source, line, spec, matrix, phase, functions }
--
-- owner: 0 for the root, else the number of its workspace; source: the number of its file in the
-- head; matrix and phase: false without; functions: where the spec has functions, three elements
-- for each, its path (a key, or a list of keys), its source and its line. Only plain data can be
-- told: the rest raises an error that says what it was.
-- SPDX-License-Identifier: MIT
local buffer = require("string.buffer")
local fields = require("ggen.fields")
local stand_in = require("ggen.stand_in")

local M = {}

local DEEPEST = 100

-- Keys that are written as numbers. Their order is part of the format.
local function dictionary()
  local keys = { "sh", "count", "path", "source", "line", "role", "id", "cpu", "memory", "io" }
  for name in pairs(fields.task.fields) do keys[#keys + 1] = name end
  table.sort(keys)
  return keys
end

local options = { dict = dictionary() }
local writer, reader = buffer.new(0, options), buffer.new(0, options)

---@class ggen.Sources the files of a project by number
---@field list string[] absolute
---@field package _numbers table<string, integer>
---@field package _cwd string
local Sources = {}
Sources.__index = Sources

---@param cwd string what their names are relative to while loading
---@return ggen.Sources
function M.sources(cwd)
  return setmetatable({ list = {}, _numbers = {}, _cwd = cwd }, Sources)
end

---@param shown string as messages name it
---@return integer
function Sources:number(shown)
  local number = self._numbers[shown]
  if not number then
    number = #self.list + 1
    self._numbers[shown] = number
    self.list[number] = shown:sub(1, 1) == "/" and shown or self._cwd .. "/" .. shown
  end
  return number
end

local function complain(path, depth, what)
  error(("%s: %s cannot be remembered"):format(table.concat(path, ".", 1, depth), what), 0)
end

-- Whether a value is plain data; functions are added to `functions` when they are allowed. The
-- first `depth` elements of `path` lead to the value.
local function scan(value, path, depth, functions)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" then return end
  if kind == "function" and functions then
    functions.n = functions.n + 1
    functions[functions.n] = { path = { unpack(path, 2, depth) }, fn = value }
    return
  end
  if kind ~= "table" then complain(path, depth, "a " .. kind) end
  if getmetatable(value) ~= nil then complain(path, depth, "a table with a metatable") end
  if depth > DEEPEST then complain(path, depth, "a table as deep as this") end
  for key, inner in pairs(value) do
    if type(key) ~= "string" and type(key) ~= "number" then
      complain(path, depth, "a " .. type(key) .. " as a key")
    end
    path[depth + 1] = key
    scan(inner, path, depth + 1, functions)
  end
end

---Raises an error unless a value is plain data.
---@param what string
---@param value any
function M.check_plain(what, value)
  scan(value, { what }, 1)
end

local function at_path(value, path, count)
  for i = 1, count do value = value[path[i]] end
  return value
end

-- A copy of the tables on the way to the functions, without these.
local function without_functions(spec, functions)
  local copies = {}
  local function copy_of(original)
    if not copies[original] then
      local copy = {}
      for key, value in pairs(original) do copy[key] = value end
      copies[original] = copy
    end
    return copies[original]
  end
  local result = copy_of(spec)
  for n = 1, functions.n do
    local entry = functions[n]
    local original, copy = spec, result
    for i = 1, #entry.path - 1 do
      local key = entry.path[i]
      original, copy[key] = original[key], copy_of(original[key])
      copy = copy[key]
    end
    -- A list keeps its shape.
    copy[entry.path[#entry.path]] = false
  end
  return result
end

-- The paths of functions, with their places.
local function stored_functions(functions, sources)
  local stored = {}
  for i = 1, functions.n do
    local entry = functions[i]
    local file, line = stand_in.place(entry.fn)
    local path = entry.path
    stored[3 * i - 2] = #path == 1 and path[1] or path
    stored[3 * i - 1], stored[3 * i] = sources:number(file), line
  end
  return stored
end

---Plain data with functions as what can be remembered of it; raises an error for all else.
---@param what string
---@param value table
---@param sources ggen.Sources
---@return table value without its functions
---@return table? functions as in the record of a task
function M.take_functions(what, value, sources)
  local functions = { n = 0 }
  scan(value, { what }, 1, functions)
  if functions.n == 0 then return value end
  return without_functions(value, functions), stored_functions(functions, sources)
end

-- Used again for each task: there may be 100,000.
local row, way, found = {}, {}, { n = 0 }

---@param task ggen.Task of an evaluated project
---@param owner integer
---@param sources ggen.Sources
---@return string bytes
function M.encode_task(task, owner, sources)
  local spec, stored = task.spec, nil
  way[1], found.n = task.id, 0
  scan(spec, way, 1, found)
  if found.n > 0 then
    spec, stored = without_functions(spec, found), stored_functions(found, sources)
  end
  local declaration = task.declaration
  row[1], row[2] = declaration.name, owner
  row[3], row[4] = sources:number(declaration.file), declaration.line
  row[5], row[6], row[7], row[8] = spec, task.matrix or false, task.phase or false, stored
  return writer:reset():encode(row):get()
end

---@param bytes string
---@return table record raises an error on bytes that are none
function M.decode_task(bytes)
  return reader:set(bytes):decode()
end

---@param value table plain data with functions
---@return integer count of the functions
---@return function? one one of them
function M.count_functions(value)
  local count, one = 0, nil
  for _, inner in pairs(value) do
    local kind = type(inner)
    if kind == "function" then
      count, one = count + 1, inner
    elseif kind == "table" and next(inner) ~= nil then
      local more, other = M.count_functions(inner)
      count, one = count + more, one or other
    end
  end
  return count, one
end

---@param kept function|ggen.TaskSpec the only function, or the real spec
---@param path string|(string|integer)[] of a record
---@return function
function M.function_at(kept, path)
  if type(kept) == "function" then return kept end
  return type(path) == "table" and at_path(kept, path, #path) or kept[path]
end

---@param spec table a decoded one
---@param path string|(string|integer)[] of a record
---@param fn function
function M.set_function(spec, path, fn)
  if type(path) ~= "table" then
    spec[path] = fn
  else
    at_path(spec, path, #path - 1)[path[#path]] = fn
  end
end

M.encode, M.decode = buffer.encode, buffer.decode

return M
