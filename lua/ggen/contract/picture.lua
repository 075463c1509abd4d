-- A picture of what the host hands to a plugin, and what somebody has changed since: in tables, and
-- in objects of the host with their classes. What an object keeps for itself (_name) is its own
-- business, and so is what some of them work out when they are asked.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")
local values = require("ggen.contract.values")

local M = {}

-- Objects that a plugin is to change, by their methods.
local WORKED_ON = { ["ggen.Pipeline"] = true, ["ggen.Parser"] = true, ["ggen.ParserOption"] = true,
  ["ggen.ParserArgument"] = true }

-- Fields that an object sets when they are asked for, or counts.
local OWN_FIELDS = { ["ggen.Context"] = { env = true, cwd = true, used = true } }

-- What objects answer and go on using themselves.
local ANSWERS = { ["ggen.View"] = { "durations", "remaining" }, ["ggen.Run"] = { "record" } }

local DEEPEST = 16

---@class ggen.contract.Picture
---@field package _tables { name: string, of: table, class: string?, meta: any, fields: table }[]

local function class_of(meta) return type(meta) == "table" and rawget(meta, "__name") or nil end

local function below(name, key)
  if type(key) == "string" then
    return key:find("^[%a_][%w_]*$") and name .. "." .. key or ("%s[%q]"):format(name, key)
  end
  return ("%s[%s]"):format(name, values.show(key))
end

local function is_private(class, key)
  return class ~= nil and (type(key) == "string" and key:sub(1, 1) == "_"
    or OWN_FIELDS[class] ~= nil and OWN_FIELDS[class][key] == true)
end

local function take(self, seen, name, value, depth)
  if type(value) ~= "table" or seen[value] or depth > DEEPEST then return end
  seen[value] = true
  local meta = debug.getmetatable(value)
  local class = class_of(meta)
  if WORKED_ON[class] then return end
  local entry = { name = name, of = value, class = class, meta = meta, fields = {} }
  self._tables[#self._tables + 1] = entry
  for key, field in next, value do
    if not is_private(class, key) then
      entry.fields[key] = field
      take(self, seen, below(name, key), field, depth + 1)
    end
  end
  if class then take(self, seen, "the class of " .. name, meta, depth + 1) end
  for _, method in ipairs(ANSWERS[class] or {}) do
    local ok, answer = pcall(value[method], value)
    if ok then take(self, seen, ("%s:%s()"):format(name, method), answer, depth + 1) end
  end
end

---@param named { [1]: string, [2]: any }[] values, with what they are called
---@return ggen.contract.Picture
function M.take(named)
  local self, seen = { _tables = {} }, {}
  for _, pair in ipairs(named) do take(self, seen, pair[1], pair[2], 1) end
  return self
end

local function change_of(name, before, now)
  if before == nil then return ("set %s = %s"):format(name, values.show(now)) end
  if now == nil then return ("removed %s"):format(name) end
  return ("set %s = %s, which was %s"):format(name, values.show(now), values.show(before))
end

---@param picture ggen.contract.Picture
---@return string? change the first one, for a message
function M.change(picture)
  for _, entry in ipairs(picture._tables) do
    if debug.getmetatable(entry.of) ~= entry.meta then
      return "set the metatable of " .. entry.name
    end
    local found = {}
    for key, value in next, entry.of do
      if not is_private(entry.class, key) and not rawequal(entry.fields[key], value) then
        found[below(entry.name, key)] = { entry.fields[key], value }
      end
    end
    for key, value in next, entry.fields do
      if rawget(entry.of, key) == nil then found[below(entry.name, key)] = { value } end
    end
    local name = sorted.keys(found)[1]
    if name then return change_of(name, found[name][1], found[name][2]) end
  end
end

---A name for an argument.
---@param value any
---@param position integer
---@return string
function M.name_of(value, position)
  local class = type(value) == "table" and class_of(debug.getmetatable(value))
  if class then return (class:gsub("^ggen%.", ""):gsub("^%u", string.lower)) end
  return "argument " .. position
end

return M
