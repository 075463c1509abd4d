-- Checks values against a JSON Schema: the part of draft 2020-12 that the schemas in docs/ use. A
-- keyword or a pattern that this does not know is an error, so that nothing passes unchecked; so is
-- a field that the schema does not describe.
-- SPDX-License-Identifier: MIT
local json = require("ggen.core.json")

local M = {}

-- The regular expressions of the schemas, as patterns of Lua.
local PATTERNS = {
  ["^[0-9]{8}T[0-9]{6}\\.[0-9]{3}-[0-9a-f]{6}$"] =
    { "^" .. ("%d"):rep(8) .. "T" .. ("%d"):rep(6) .. "%.%d%d%d%-" .. ("[0-9a-f]"):rep(6) .. "$" },
  ["^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"] =
    { "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$" },
  ["^([0-9a-f]{40}|[0-9a-f]{64})$"] =
    { "^" .. ("[0-9a-f]"):rep(40) .. "$", "^" .. ("[0-9a-f]"):rep(64) .. "$" },
}

local function type_of(value)
  if value == json.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  -- An empty array has a mark of its own: an object is written as {}.
  local text = json.encode(value)
  return text:sub(1, 1) == "[" and "array" or "object"
end

local function is_type(value, name)
  local found = type_of(value)
  if name == "integer" then return found == "number" and value % 1 == 0 end
  return found == name
end

local check

local keywords = {
  type = function(value, names)
    for _, name in ipairs(type(names) == "table" and names or { names }) do
      if is_type(value, name) then return end
    end
    return "is " .. type_of(value)
  end,
  const = function(value, wanted)
    return value ~= wanted and "is not " .. tostring(wanted) or nil
  end,
  enum = function(value, list)
    for _, wanted in ipairs(list) do
      if value == wanted then return end
    end
    return tostring(value) .. " is none of the values"
  end,
  minimum = function(value, least)
    return type(value) == "number" and value < least and "is below " .. least or nil
  end,
  maximum = function(value, most)
    return type(value) == "number" and value > most and "is above " .. most or nil
  end,
  minLength = function(value, least)
    return type(value) == "string" and #value < least and "is too short" or nil
  end,
  maxItems = function(value, most)
    return type_of(value) == "array" and #value > most and "has too many items" or nil
  end,
  pattern = function(value, expression)
    if type(value) ~= "string" then return end
    local patterns = PATTERNS[expression] or error("unknown pattern " .. expression)
    for _, pattern in ipairs(patterns) do
      if value:find(pattern) then return end
    end
    return ("%q is not like %s"):format(value, expression)
  end,
  required = function(value, names)
    if type(value) ~= "table" then return end
    for _, name in ipairs(names) do
      if value[name] == nil then return "has no " .. name end
    end
  end,
  -- Readers have to expect further fields; we write none that is not described.
  properties = function(value, properties, path)
    if type(value) ~= "table" then return end
    for name, inner in pairs(value) do
      if not properties[name] then return "has " .. tostring(name) end
      check(inner, properties[name], path .. "." .. name)
    end
  end,
  items = function(value, schema, path)
    if type_of(value) ~= "array" then return end
    for i, item in ipairs(value) do check(item, schema, ("%s[%d]"):format(path, i - 1)) end
  end,
}

local NOT_CHECKED = { ["$schema"] = true, title = true, description = true }

function check(value, schema, path)
  if schema.type then
    local problem = keywords.type(value, schema.type)
    if problem then error(path .. " " .. problem, 0) end
  end
  for keyword, argument in pairs(schema) do
    if not NOT_CHECKED[keyword] then
      local known = keywords[keyword] or error("unknown keyword " .. keyword)
      local problem = known(value, argument, path)
      if problem then error(path .. " " .. problem, 0) end
    end
  end
end

---@param value any as json.decode() gives it
---@param schema table
---@return string? problem where and what; nil when all is well
function M.problem(value, schema)
  local ok, problem = pcall(check, value, schema, "$")
  return not ok and problem or nil
end

return M
