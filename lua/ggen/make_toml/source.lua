-- The text of one make.toml while it is read: values with their lines, faults that say what was
-- expected, and notes on what is left aside. Does not know what any key means.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local suggest = require("ggen.suggest")
local toml = require("ggen.core.toml")

local M = {}

local floor = math.floor

---@class ggen.make_toml.Note
---@field line integer
---@field kind string "unknown", "bash", "empty", "ignored", "cargo-make", "variable", "hook"
---@field key string what it is about, as `lifecycle.build.retires`
---@field text string a sentence without the key: "has no meaning here"
---@field hint string? what mends it

---@class ggen.make_toml.Source
---@field file string as messages name it
---@field root table
---@field notes ggen.make_toml.Note[]
---@field shell string? of the phases that name none
---@field raw boolean? variables in values stay as they are written
---@field orders table<table, string[]> with raw: the names of variables as they stand in a table
---@field references { name: string, line: integer, key: string }[] names of phases that are used
---@field package _places table
local Source = {}
Source.__index = Source

-- Where something was written that must not be written again in `line`: the same header, or the
-- same key below the same header.
local function earlier(text, line)
  local lines = {}
  for words in text:gmatch("([^\n]*)\n?") do
    lines[#lines + 1] = words:gsub("^%s+", ""):gsub("%s*#.*$", ""):gsub("%s+$", "")
    if #lines == line then break end
  end
  local function subject(words) return words:match("^%[.*$") or words:match("^(.-)%s*=") end
  local wanted = subject(lines[line] or "")
  for i = line - 1, 1, -1 do
    if not wanted then return nil end
    if subject(lines[i]) == wanted then return i end
    if lines[i]:sub(1, 1) == "[" and wanted:sub(1, 1) ~= "[" then return nil end
  end
  return nil
end

---@param text string
---@param file string as messages name it
---@param getenv fun(name: string): string?
---@return ggen.make_toml.Source
function M.open(text, file, getenv)
  local root, places = toml.decode_placed((text:gsub("^\239\187\191", "   ")))
  if not root then
    local line, column, reason = places:match("^line (%d+), column (%d+): (.*)$")
    line = tonumber(line)
    reason = reason:gsub("^Error while parsing ", "in a ")
    if reason:find("redefine", 1, true) then
      local first = earlier(text, line)
      if first then reason = reason .. (" (the first one is in line %d)"):format(first) end
    end
    fault.raise(("this is not TOML: column %s: %s"):format(column, reason), file, line)
  end
  return setmetatable({ file = file, root = root, notes = {}, references = {},
    variable = function(_, name) return getenv(name) end, _places = places }, Source)
end

---The keys of a table in the order of the file.
---@param value table
---@return string[] keys
function Source:keys(value) return self._places[value] end

---@param container table
---@param key string|integer
---@return integer line
function Source:line(container, key)
  return floor((self._places[container][key] or 0) / toml.columns)
end

---How a key is written in a dotted path.
---@param path string "" for the root
---@param key string|integer
---@return string
function M.join(path, key)
  if type(key) == "number" then return ("%s[%d]"):format(path, key) end
  if not key:find("^[%w_-]+$") then key = '"' .. key:gsub("[%c\"\\]", "?") .. '"' end
  return path == "" and key or path .. "." .. key
end

---Raises a fault about one key.
---@param container table
---@param key string|integer
---@param path string of the container
---@param message string
function Source:fault(container, key, path, message)
  fault.raise(M.join(path, key) .. ": " .. message, self.file, self:line(container, key))
end

---@param container table
---@param key string|integer
---@param path string of the container
---@param kind string
---@param text string what is said of the key
---@param hint string?
function Source:note(container, key, path, kind, text, hint)
  local notes = self.notes
  notes[#notes + 1] = { line = self:line(container, key), kind = kind, key = M.join(path, key),
    text = text, hint = hint }
end

---Notes a key that nothing is made of.
---@param known table<string, any>? keys that have a meaning in this place
---@param hints table<string, string>? what those who write a key may have meant
function Source:unknown(container, key, path, known, hints)
  local hint = hints and hints[key] and (' (did you mean "%s"?)'):format(hints[key])
    or known and suggest.hint(key, known)
  if hint == "" then hint = nil end
  self:note(container, key, path, "unknown", "has no meaning here", hint)
end

local NAMES = { string = "a text", number = "a number", boolean = "true or false" }

---@param value any
---@return string what it is, in words
function Source:describe(value)
  if type(value) ~= "table" then
    if type(value) == "boolean" then return tostring(value) end
    if type(value) == "number" then return ("the number %.14g"):format(value) end
    return NAMES[type(value)] or type(value)
  end
  if #value > 0 then return "a list" end
  return next(value) == nil and #self._places[value] == 0 and "an empty list or table" or "a table"
end

function Source:mismatch(container, key, path, expected)
  self:fault(container, key, path, ("expected %s, got %s"):format(expected,
    self:describe(container[key])))
end

---Whether a value is a table of keys (and no list).
---@param value any
---@return boolean
function M.is_table(value) return type(value) == "table" and #value == 0 end

-- ---- readers of one value: (source, container, key, path) -> value ----

local read = {}
M.read = read

local function no_nul(self, container, key, path, value)
  if value:find("\0", 1, true) then self:fault(container, key, path, "cannot hold a NUL byte") end
  return value
end

function read.text(self, container, key, path)
  local value = container[key]
  if type(value) ~= "string" then self:mismatch(container, key, path, "a text") end
  return no_nul(self, container, key, path, value)
end

function read.boolean(self, container, key, path)
  local value = container[key]
  if type(value) ~= "boolean" then self:mismatch(container, key, path, "true or false") end
  return value
end

function read.port(self, container, key, path)
  local value = container[key]
  if type(value) ~= "number" or value % 1 ~= 0 or value < 0 or value > 65535 then
    self:mismatch(container, key, path, "a port (a whole number from 0 to 65535)")
  end
  return value
end

---@param what string of the elements: "texts", "names of phases"
---@return function
function read.texts(what)
  return function(self, container, key, path)
    local value = container[key]
    if type(value) == "string" then return { no_nul(self, container, key, path, value) } end
    if type(value) ~= "table" or #value == 0 and next(value) ~= nil then
      self:mismatch(container, key, path, "a text or a list of " .. what)
    end
    for i = 1, #value do
      if type(value[i]) ~= "string" then
        self:mismatch(value, i, M.join(path, key), "a text")
      end
      no_nul(self, value, i, M.join(path, key), value[i])
    end
    return value
  end
end

function read.count(most, least)
  least = least or 0
  return function(self, container, key, path)
    local value = container[key]
    if type(value) ~= "number" or value % 1 ~= 0 or value < least or value > most then
      self:mismatch(container, key, path, ("a whole number from %d to %d"):format(least, most))
    end
    return value
  end
end

function read.duration(self, container, key, path)
  local value = container[key]
  local seconds, message
  if type(value) == "string" or type(value) == "number" then
    seconds, message = require("ggen.units").duration(value)
  end
  if not seconds then
    self:fault(container, key, path, message or ('expected seconds or a duration ("5m"), got %s')
      :format(self:describe(value)))
  end
  return seconds
end

function read.choice(...)
  local values = { ... }
  return function(self, container, key, path)
    local value = container[key]
    for _, one in ipairs(values) do
      if value == one then return value end
    end
    local hint = type(value) == "string" and suggest.hint(value, values) or ""
    self:fault(container, key, path, ('expected "%s", got %s%s'):format(
      table.concat(values, '" or "'),
      type(value) == "string" and ("%q"):format(value):gsub("\\\n", "\\n")
        or self:describe(value), hint))
  end
end

---A table of keys.
function read.table(self, container, key, path)
  local value = container[key]
  if not M.is_table(value) then self:mismatch(container, key, path, "a table") end
  return value
end

---Reads names of phases, and remembers that they are used.
function read.names(self, container, key, path)
  local names = read.texts("names of phases")(self, container, key, path)
  local is_list = type(container[key]) == "table"
  for i, name in ipairs(names) do
    local line = is_list and self:line(container[key], i) or self:line(container, key)
    if name == "" then
      self:fault(container, key, path, "the name of a phase cannot be empty")
    end
    self.references[#self.references + 1] = { name = name, line = line, key = M.join(path, key) }
  end
  return names
end

---Reads a table by a description: `fields` has the name in the model and the reader of each key.
---@param value table
---@param path string
---@param fields table<string, { [1]: string, [2]: function }>
---@param out table
---@param hints table<string, string>? for unknown keys
---@return table out
function Source:record(value, path, fields, out, hints)
  local keys = self._places[value]
  for i = 1, #keys do
    local key = keys[i]
    local field = fields[key]
    if not field then
      self:unknown(value, key, path, fields, hints)
    elseif field[2] then
      out[field[1]] = field[2](self, value, key, path)
    end
  end
  return out
end

return M
