-- Checks a value against a description of it, and says what is wrong with the path of the field.
-- The same descriptions fill in defaults (plugins' params) and write reference pages.
--
-- A description is a table with `type` and, depending on it:
--   "string" "boolean" "number" "integer" "function" "any"
--   "duration" "size"        texts or numbers (units.lua); normalised to seconds, bytes
--   "enum"    values = { "a", "b" }
--   "list"    of = description; one bare element is accepted for a list of one when single = true
--   "map"     of = description of the values; keys are strings
--   "record"  fields = { name = description }
--   "union"   any_of = { descriptions }, expects = "what to say was expected"
-- and everywhere: default, desc, required, min, max (numbers), check = function(value) -> message?
-- SPDX-License-Identifier: MIT
local suggest = require("ggen.suggest")
local units = require("ggen.units")

local M = {}

---@param value any
---@return string text a short picture of a value for a message
local function show(value)
  local kind = type(value)
  if kind == "string" then
    local text = #value > 40 and value:sub(1, 37) .. "..." or value
    return ("text %q"):format(text):gsub("\\\n", "\\n")
  end
  if kind == "number" or kind == "boolean" then return ("%s %s"):format(kind, tostring(value)) end
  return kind
end

local function expected(what, value)
  return nil, ("expected %s, got %s"):format(what, (show(value)))
end

-- Puts a key in front of the path of what is wrong below it. Paths are made on the way out of a
-- failed check only: a pipeline has many thousands of fields, and nearly all are right.
local function below(key, where)
  local dot = where:match("^%a") and "." or ""
  return (type(key) == "number" and ("[%d]"):format(key) or key) .. dot .. where
end

local function is_list(value)
  -- After the last element of a pure list comes nothing.
  if next(value, #value > 0 and #value or nil) == nil then return true end
  local count = 0
  for key in pairs(value) do
    if type(key) ~= "number" then return false end
    count = count + 1
  end
  return count == #value
end

local checkers = {}

-- Types that are right when Lua's own type is; for these the containers below spare the call.
local PLAIN = { string = "string", boolean = "boolean", ["function"] = "function" }

for _, kind in ipairs({ "string", "boolean", "function" }) do
  checkers[kind] = function(_, value)
    if type(value) == kind then return value end
    return expected(kind == "string" and "a text" or "a " .. kind, value)
  end
end

checkers.any = function(_, value) return value end

checkers.number = function(spec, value)
  if type(value) ~= "number" or value ~= value then return expected("a number", value) end
  if spec.min and value < spec.min then return nil, ("must be at least %s, is %s"):format(spec.min,
    value) end
  if spec.max and value > spec.max then return nil, ("must be at most %s, is %s"):format(spec.max,
    value) end
  return value
end

checkers.integer = function(spec, value)
  if type(value) ~= "number" or value % 1 ~= 0 then return expected("a whole number", value) end
  return checkers.number(spec, value)
end

checkers.duration = function(_, value) return units.duration(value) end
checkers.size = function(_, value) return units.size(value) end

checkers.enum = function(spec, value)
  for _, allowed in ipairs(spec.values) do
    if value == allowed then return value end
  end
  local names = {}
  for i, allowed in ipairs(spec.values) do names[i] = ("%q"):format(allowed) end
  local hint = type(value) == "string" and suggest.hint(value, spec.values) or ""
  return nil, ("expected one of %s, got %s%s"):format(table.concat(names, ", "), (show(value)),
    hint)
end

checkers.list = function(spec, value)
  if type(value) ~= "table" then
    if not spec.single then return expected("a list", value) end
    local element, message, where = M.check(spec.of, value)
    if element == nil then return nil, message, where end
    return { element }
  end
  if not is_list(value) then
    return nil, "expected a list, got a table with named fields or holes" .. (spec.named or "")
  end
  local of, result = spec.of, {}
  local plain = not of.check and PLAIN[of.type]
  for i = 1, #value do
    local element = value[i]
    if type(element) ~= plain then
      local message, where
      element, message, where = M.check(of, element)
      if element == nil then return nil, message, below(i, where) end
    end
    result[i] = element
  end
  return result
end

checkers.map = function(spec, value)
  if type(value) ~= "table" then return expected("a table", value) end
  local result = {}
  for key, element in pairs(value) do
    if type(key) ~= "string" then
      return nil, ("expected names as keys, got %s"):format((show(key)))
    end
    local checked, message, where = M.check(spec.of, element)
    if checked == nil then return nil, message, below(key, where) end
    result[key] = checked
  end
  return result
end

local REQUIRED = {}
local defaults = setmetatable({}, { __mode = "k" })

-- The fields of a record that have a default (normalised) or must be given; false for none.
local function defaults_of(spec)
  local found = defaults[spec]
  if found ~= nil then return found end
  found = {}
  for key, field in pairs(spec.fields) do
    if field.required then found[key] = REQUIRED end
    if field.default ~= nil then
      local default, message = M.check(field, field.default)
      assert(default ~= nil, message) -- it may be false
      found[key] = default
    end
  end
  if next(found) == nil then found = false end
  defaults[spec] = found
  return found
end

checkers.record = function(spec, value)
  if type(value) ~= "table" then return expected("a table", value) end
  local result, fields = {}, spec.fields
  for key, element in pairs(value) do
    local field = fields[key]
    if not field then
      if type(key) ~= "string" then
        local what = show(element)
        return nil, ("unexpected element %s (fields have names: name = value)"):format(what)
      end
      return nil, ("unknown field %q%s"):format(key, suggest.hint(key, fields))
    end
    if field.check or type(element) ~= PLAIN[field.type] then
      local message, where
      element, message, where = M.check(field, element)
      if element == nil then return nil, message, below(key, where) end
    end
    result[key] = element
  end
  local absent = defaults_of(spec)
  if not absent then return result end
  for key, default in pairs(absent) do
    if result[key] == nil then
      if default == REQUIRED then return nil, ("field %q is missing"):format(key) end
      result[key] = default
    end
  end
  return result
end

checkers.union = function(spec, value)
  local deepest
  for _, option in ipairs(spec.any_of) do
    local checked, message, where, right_type = M.check(option, value)
    if checked ~= nil then return checked end
    if right_type then deepest = { message, where } end
    -- A table that fails inside was meant to be this option: its message helps most.
    if type(value) == "table" and (where ~= "" or option.type == "record") then
      deepest = where ~= "" and { message, where } or deepest or { message, where }
    end
  end
  if deepest then return nil, deepest[1], deepest[2] end
  return expected(spec.expects, value)
end

---Checks a value and returns it with defaults filled in and units normalised. `false` is returned
---as it is, so compare with nil.
---@param spec table a description (see the head of this file)
---@param value any
---@return any? value a copy where the value is a table; nil when it does not fit
---@return string? message what is wrong
---@return string? where the path of the field that is wrong ("" for the value itself)
---@return boolean? right_type true when only the description's own check refused the value
function M.check(spec, value)
  local checker = checkers[spec.type]
  if not checker then error("bug: a schema of the unknown type " .. tostring(spec.type)) end
  local checked, message, where = checker(spec, value)
  if checked == nil then return nil, message, where or "" end
  if spec.check then
    message = spec.check(checked)
    if message then return nil, message, "", true end
  end
  return checked
end

---Makes one text of what check() returned.
---@param message string
---@param where string
---@return string
function M.message(message, where)
  if where == "" then return message end
  return ("field %q: %s"):format(where, message)
end

---@param spec table
---@return string text the type as a reader would name it
function M.type_name(spec)
  if spec.type == "list" then return "list of " .. M.type_name(spec.of) end
  if spec.type == "map" then return "table of " .. M.type_name(spec.of) end
  if spec.type == "enum" then return table.concat(spec.values, " | ") end
  if spec.type == "union" then return spec.expects end
  return spec.type == "string" and "text" or spec.type
end

return M
