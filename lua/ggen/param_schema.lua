-- Whether the params of a plugin are described as they have to be: who writes plugins makes
-- mistakes there, which no value of a user is to blame for.
-- SPDX-License-Identifier: MIT
local schema = require("ggen.schema")
local suggest = require("ggen.suggest")

local M = {}

local TYPES = { string = true, boolean = true, number = true, integer = true, any = true,
  ["function"] = true, duration = true, size = true, enum = true, list = true, map = true,
  record = true, union = true }

-- The attributes of a description, and of which type they are.
local ATTRIBUTES = { type = "string", desc = "string", default = "any", key = "boolean",
  required = "boolean", min = "number", max = "number", values = "table", of = "table",
  single = "boolean", fields = "table", any_of = "table", expects = "string", check = "function" }

-- What a type cannot do without.
local NEEDED = { enum = "values", list = "of", map = "of", record = "fields", union = "any_of" }

local described

-- Names are texts; keys of both types cannot be sorted.
local function unnamed(map, path)
  for key in pairs(map) do
    if type(key) ~= "string" then
      return ("%s: unexpected element (fields have names: name = value)"):format(path)
    end
  end
end

-- The descriptions within one, by their paths.
local function inner_problem(spec, path)
  if spec.of then return described(spec.of, path .. ".of") end
  for i, option in ipairs(spec.any_of or {}) do
    local problem = described(option, ("%s.any_of[%d]"):format(path, i))
    if problem then return problem end
  end
  return spec.fields and M.problem(spec.fields, path .. ".fields")
end

described = function(spec, path)
  if type(spec) ~= "table" then
    return ('%s: expected a table as { type = "string", desc = "..." }, got a %s'):format(path,
      type(spec))
  end
  local problem = unnamed(spec, path)
  if problem then return problem end
  for name, value in require("ggen.sorted").pairs(spec) do
    local wanted = ATTRIBUTES[name]
    if not wanted then
      return ("%s: unknown field %q%s"):format(path, tostring(name),
        suggest.hint(tostring(name), ATTRIBUTES))
    end
    if wanted ~= "any" and type(value) ~= wanted then
      return ("%s.%s: expected a %s, got a %s"):format(path, name, wanted, type(value))
    end
  end
  if not TYPES[spec.type] then
    return spec.type == nil and path .. ": field \"type\" is missing"
      or ("%s: unknown type %q%s"):format(path, spec.type, suggest.hint(spec.type, TYPES))
  end
  local needed = NEEDED[spec.type]
  if needed and spec[needed] == nil then
    return ("%s: type %q needs the field %q"):format(path, spec.type, needed)
  end
  problem = inner_problem(spec, path)
  if problem or spec.default == nil then return problem end
  local ok, value, message, where = pcall(schema.check, spec, spec.default)
  if not ok then return ("%s: its default cannot be checked: %s"):format(path, tostring(value)) end
  if value == nil then
    return ("%s: its default does not fit: %s"):format(path, schema.message(message, where))
  end
end

---@param params table<string, ggen.Param> of a plugin
---@param path string? what they are called (default "params")
---@return string? problem the first one, with the path of the field
function M.problem(params, path)
  path = path or "params"
  local problem = unnamed(params, path)
  if problem then return problem end
  for name, spec in require("ggen.sorted").pairs(params) do
    problem = described(spec, path .. "." .. name)
    if problem then return problem end
  end
end

return M
