-- What the host shows of its objects to a plugin in another process, by views.lua: which fields go
-- along, and what is answered when a field is read or a method called. What the plugin may not do
-- is refused here, whatever comes out of its process.
-- SPDX-License-Identifier: MIT
local CANCELLED = require("ggen.async").CANCELLED
local is_output = require("ggen.core.sandbox").is_output
local views = require("ggen.isolation.views")

local M = {}

local function set(text)
  local names = {}
  for name in text:gmatch("%S+") do names[name] = true end
  return names
end

-- Classes whose fields never change, with those that go along at once; the others are asked for
-- when they are read.
local FIXED = {
  ["ggen.Task"] = set("index id name workspace dir"),
  ["ggen.Project"] = set("dir"),
  ["ggen.Machine"] = set("cpus memory"),
  ["ggen.Style"] = set("ok fail skip run"),
  ["ggen.Host"] = set("project_dir"),
}
-- Fields that go along each time.
local NOW = { ["ggen.View"] = set("jobs") }

-- A table whose functions may be called, as host.screen: told from data by this.
local TABLE = {}

---@class ggen.Offered what one process has been offered
---@field package _tables table<table, true> weak: tables of functions
---@field package _parts table<table, table<string, true>> weak: the fields that are seen
---@field package _callable table<function, true> weak
---@field package _data table<function, true> weak: seen in data; may be handed back, not called
---@field package _ask fun(needed: string|function, ...)
local Offered = {}
Offered.__index = Offered

---@param ask fun(needed: string|function, object: any, ...) raises when the plugin may not
---@return ggen.Offered
function M.new(ask)
  local function weak() return setmetatable({}, { __mode = "k" }) end
  return setmetatable({ _ask = ask, _tables = weak(), _parts = weak(), _callable = weak(),
    _data = weak() }, Offered)
end

local function class_of(object)
  local meta = getmetatable(object)
  local class = type(meta) == "table" and rawget(meta, "__name")
  return type(class) == "string" and class or ""
end

local function fixed_fields(object, class, data)
  local names = FIXED[class]
  if not names then return end
  data.fixed, data.stays = {}, true
  for name in pairs(names) do
    data.fixed[name] = object[name]
    if object[name] == nil then
      data.absent = data.absent or {}
      data.absent[name] = true
    end
  end
end

local function fields_now(object, class)
  local names = NOW[class]
  if not names then return nil end
  local now = {}
  for name in pairs(names) do now[name] = object[name] end
  return now
end

---For peer.lua.
---@param value any
---@param nested boolean
---@return any value, string class, any once, any always
function Offered:describe(value, nested)
  local kind = type(value)
  if kind == "function" then
    -- Out of a table of data a function may be handed back, as the step of a task is, not called.
    if nested then self._data[value] = true else self._callable[value] = true end
    return value, "function"
  end
  if kind == "userdata" and is_output(value) then self._tables[value] = true end
  if self._tables[value] or self._parts[value] then return value, "table" end
  if kind ~= "table" then return value, "" end
  if getmetatable(value) == TABLE then
    if value.fields then self._parts[value.of] = value.fields
    else self._tables[value.of] = true end
    return value.of, "table"
  end
  if value == CANCELLED then return value, "cancelled" end
  local class = class_of(value)
  local public = views[class]
  if not public then return value, "" end
  local data = { now = fields_now(value, class) }
  fixed_fields(value, class, data)
  for name in pairs(public.methods or {}) do
    if value[name] == nil then
      data.without = data.without or {}
      data.without[name] = true
    end
  end
  return value, class, data, data.now and { now = data.now }
end

-- As a field of an object: what is called, or has functions that are.
local function as_object(self, value)
  if type(value) == "function" then self._callable[value] = true end
  if type(value) == "table" and not getmetatable(value) then
    return setmetatable({ of = value }, TABLE)
  end
  return value
end

---A field of an object that the plugin has.
---@param object any
---@param name any
---@return any
function Offered:get(object, name)
  if object ~= nil and self._tables[object] then return as_object(self, object[name]) end
  local seen = object ~= nil and self._parts[object]
  if seen then
    if seen[name] then return object[name] end
    return nil
  end
  local public = type(object) == "table" and views[class_of(object)]
  if not public then return nil end
  if public.data and public.data[name] then return object[name] end
  if public.objects and public.objects[name] then return as_object(self, object[name]) end
  local value, part = object[name], public.parts and public.parts[name]
  if part and type(value) == "table" then
    return setmetatable({ of = value, fields = part }, TABLE)
  end
  local shape = public.shapes and public.shapes[name]
  if not shape then return nil end
  if type(value) ~= "table" then return value end
  local copy = {}
  for field in pairs(shape) do copy[field] = value[field] end
  return copy
end

---Raises when one of the values, or of those in their tables, is a function of the pipeline: who is
---given one would call it in the plugin's stead.
function Offered:look_at(...)
  local function look(value, depth)
    if self._data[value] and not self._callable[value] then
      error("this function belongs to the pipeline: only ggen-lua calls it", 0)
    end
    if type(value) ~= "table" or getmetatable(value) or depth == 0 then return end
    for _, element in pairs(value) do
      if type(element) == "function" or type(element) == "table" then look(element, depth - 1) end
    end
  end
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "function" or type(value) == "table" then look(value, 4) end
  end
end

---Calls a method of an object that the plugin has.
---@async
---@param object any
---@param name any
---@return ...
function Offered:method(object, name, ...)
  local public = type(object) == "table" and views[class_of(object)]
  if not public or not public.methods or not public.methods[name] then
    error(("there is no method %s"):format(tostring(name)), 0)
  end
  if public.needs and public.needs[name] then self._ask(public.needs[name], object, ...) end
  -- Steps of a task are functions of the pipeline.
  if class_of(object) ~= "ggen.Context" then self:look_at(...) end
  return object[name](object, ...)
end

---Calls a function that the plugin was given.
---@async
---@param fn any
---@return ...
function Offered:call(fn, ...)
  if type(fn) ~= "function" or not self._callable[fn] then
    error("this function belongs to the pipeline: only ggen-lua calls it", 0)
  end
  self:look_at(...)
  return fn(...)
end

return M
