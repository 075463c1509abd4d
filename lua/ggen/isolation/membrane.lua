-- What passes between the host and an isolated plugin, in both directions. Objects of the host are
-- seen through views that have only what is public of them (views.lua); plain data is copied, so
-- that neither side changes the other's; functions are wrapped, and convert what they are called
-- with. What one side has given to the other comes back to it as it was.
--
-- "Inside" is the plugin, "outside" the host. Knows no kind of plugin and no permission.
-- SPDX-License-Identifier: MIT
local CANCELLED = require("ggen.async").CANCELLED
local fault = require("ggen.fault")
local json = require("ggen.core.json")

local M = {}

local DEEPEST = 64 -- levels of a table that is passed

---@class ggen.Membrane
---@field package _views table<string, ggen.IsolationView> by class
---@field package _ask fun(permission: string|function, ...)
---@field package _inner table<any, any> outside -> inside, weak: views and wrapped functions
---@field package _outer table<any, any> inside -> outside, weak
---@field package _stand_ins table<function, true> inside, weak: of functions of the pipeline
local Membrane = {}
Membrane.__index = Membrane

---@class ggen.IsolationView what of a class is seen from inside
---@field data table<string, true>? fields that are copied when they are read
---@field shapes table<string, table<string, true>>? fields of which only these fields are copied
---@field parts table<string, table<string, true>>? fields of which only these fields are seen, as
---they are at the time
---@field objects table<string, true>? fields that are objects, or tables of functions
---@field methods table<string, true>?
---@field needs table<string, string|function>? what methods ask for, by method: the name of a
---permission, or a function of the permissions, the object and the arguments that may raise

---@param views table<string, ggen.IsolationView> by the __name of a class
---@param ask fun(permission: string|function, object: any, ...) raises when the plugin may not
---@return ggen.Membrane
function M.new(views, ask)
  return setmetatable({
    _views = views, _ask = ask,
    _inner = setmetatable({}, { __mode = "k" }), _outer = setmetatable({}, { __mode = "k" }),
    _stand_ins = setmetatable({}, { __mode = "k" }),
  }, Membrane)
end

local SCALAR = { ["nil"] = true, number = true, string = true, boolean = true, userdata = true,
  cdata = true }

function Membrane:_pair(inside, outside)
  self._inner[outside], self._outer[inside] = inside, outside
  return inside
end

-- Errors ----------------------------------------------------------------------------------------

---An error of the host, as a plugin may catch it: a text.
---@param value any
---@return any
local function error_for_inside(value)
  if value == CANCELLED or type(value) == "string" then return value end
  if fault.is(value) then return tostring(value) end
  return "error of the host"
end

---An error of a plugin, as the host sees it. Nothing of the plugin is called for it: its __tostring
---could do anything.
---@param value any
---@return any
local function error_for_outside(self, value)
  if value == CANCELLED or type(value) == "string" then return value end
  if self._outer[value] == CANCELLED then return CANCELLED end
  local message = type(value) == "table" and rawget(value, "message")
  if type(message) == "string" then return message end
  return ("error() was called with a %s, not with a text"):format(type(value))
end

-- Calls -----------------------------------------------------------------------------------------

-- convert(self, a), convert(self, b), ...; most calls have few arguments.
local function each(self, convert, count, a, b, c, ...)
  if count == 0 then return end
  if count == 1 then return convert(self, a) end
  if count == 2 then return convert(self, a), convert(self, b) end
  if count == 3 then return convert(self, a), convert(self, b), convert(self, c) end
  return convert(self, a), convert(self, b), convert(self, c),
    each(self, convert, count - 3, ...)
end

local to_inside, to_outside, to_host

local function back_inside(self, ok, ...)
  if not ok then error(error_for_inside((...)), 0) end
  return each(self, to_inside, select("#", ...), ...)
end

local function back_outside(self, ok, ...)
  if not ok then error(error_for_outside(self, (...)), 0) end
  return each(self, to_outside, select("#", ...), ...)
end

---A function of the host, for the inside.
---@param fn function
---@return function
function Membrane:callable(fn)
  local known = self._inner[fn]
  if known then return known end
  return self:_pair(function(...)
    return back_inside(self, pcall(fn, each(self, to_host, select("#", ...), ...)))
  end, fn)
end

-- A function of the plugin, for the outside.
local function wrapped(self, fn)
  local known = self._outer[fn]
  if known then return known end
  local outside = function(...)
    return back_outside(self, pcall(fn, each(self, to_inside, select("#", ...), ...)))
  end
  self:_pair(fn, outside)
  return outside
end

local OF_THE_PIPELINE = "this function belongs to the pipeline: only ggen-lua calls it"

-- Out of a table of data a function of the host may be handed back, as the step of a task is, but
-- not called.
local function stand_in(self, fn)
  local known = self._inner[fn]
  if known then return known end
  local inside = function() error(OF_THE_PIPELINE, 2) end
  self._stand_ins[inside] = true
  return self:_pair(inside, fn)
end

-- Views -----------------------------------------------------------------------------------------

local function refuse_change(_, name)
  error(("what the host gives cannot be changed (field %q)"):format(tostring(name)), 2)
end

local function class_of(object)
  local meta = getmetatable(object)
  return type(meta) == "table" and rawget(meta, "__name") or nil
end

local STEPS = "ggen.Context" -- its methods take steps of a task, which may be functions

-- Of one class: with an object of another one it would be a method that nobody looked at.
local function method_of(self, class, name, needed, convert)
  return function(view, ...)
    local object = self._outer[view]
    if object == nil or class_of(object) ~= class then
      error(("call it with a colon: object:%s(...)"):format(name), 2)
    end
    if needed then self._ask(needed, object, ...) end
    return back_inside(self, pcall(object[name], object,
      each(self, convert, select("#", ...), ...)))
  end
end

-- A copy of some fields of a table.
local function shaped(self, value, fields)
  if type(value) ~= "table" then return to_inside(self, value) end
  local result = {}
  for name in pairs(fields) do result[name] = to_inside(self, value[name]) end
  return result
end

-- A table of the host of which some fields are seen, with what they hold at the time.
local function part_of(self, value, fields)
  if type(value) ~= "table" then return to_inside(self, value) end
  local known = self._inner[value]
  if known then return known end
  return self:_pair(setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
    __index = function(_, name)
      if fields[name] then return to_inside(self, value[name]) end
    end,
  }), value)
end

-- An object of a class, by what is public of it.
local function view_of(self, object, public)
  local methods, class = {}, class_of(object)
  local convert = class == STEPS and to_outside or to_host
  for name in pairs(public.methods or {}) do
    methods[name] = method_of(self, class, name, public.needs and public.needs[name], convert)
  end
  local data, objects, shapes = public.data or {}, public.objects or {}, public.shapes or {}
  local parts = public.parts or {}
  return self:_pair(setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
    __index = function(_, name)
      local method = methods[name]
      if method then return object[name] ~= nil and method or nil end
      if data[name] then return to_inside(self, object[name]) end
      if objects[name] then return self:object(object[name]) end
      if shapes[name] then return shaped(self, object[name], shapes[name]) end
      if parts[name] then return part_of(self, object[name], parts[name]) end
    end,
  }), object)
end

---An object of the host, or a table of functions that may be called, for the inside.
---@param value any
---@return any
function Membrane:object(value)
  local kind = type(value)
  if kind == "function" then return self:callable(value) end
  if kind ~= "table" then return value end
  local known = self._inner[value]
  if known then return known end
  if getmetatable(value) then return to_inside(self, value) end
  return self:_pair(setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
    __index = function(_, name) return self:object(value[name]) end,
  }), value)
end

---Something of the host that is only told apart from other things.
---@param value table
---@return table inside empty, always the same for the same value
function Membrane:token(value)
  return self._inner[value] or self:_pair(setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
  }), value)
end

-- Tables ----------------------------------------------------------------------------------------

local function copy(self, value, convert, seen, depth)
  if depth > DEEPEST then error("a table is nested too deeply to be passed", 0) end
  local known = seen[value]
  if known then return known end
  local result = {}
  seen[value] = result
  -- Not by "for ... in next": compiled by LuaJIT of 2022, that loop around a call of itself once in
  -- some ten thousand times leaves an element out.
  local key, element = next(value)
  while key ~= nil do
    if type(element) == "table" then element = convert(self, element, seen, depth + 1)
    elseif type(element) == "function" then element = convert(self, element) end
    if SCALAR[type(key)] then result[key] = element end
    key, element = next(value, key)
  end
  return result
end

-- Lists of JSON are marked by their metatable; a plugin has a mark of its own on its copies.
local ARRAY = getmetatable(json.array({}))
local MARK = "ggen.json.array"
local INSIDE = { __metatable = MARK }

---Marks a list of a plugin as one of JSON.
---@param list table without a metatable
---@return table list the same
function Membrane.mark_list(list) return setmetatable(list, INSIDE) end

local function data_inside(self, value, seen, depth)
  if type(value) == "function" then return stand_in(self, value) end
  return to_inside(self, value, seen, depth)
end

---What the inside gets for a value of the host.
function to_inside(self, value, seen, depth)
  local kind = type(value)
  if SCALAR[kind] then return value end
  local known = self._inner[value]
  if known ~= nil then return known end
  if kind == "function" then return self:callable(value) end
  if kind ~= "table" then error(("a %s cannot be passed to a plugin"):format(kind), 0) end
  local meta = getmetatable(value)
  if not meta then return copy(self, value, data_inside, seen or {}, depth or 1) end
  if meta == ARRAY then
    return setmetatable(copy(self, value, data_inside, seen or {}, depth or 1), INSIDE)
  end
  -- Of what no view is known, nothing is seen.
  return view_of(self, value, self._views[class_of(value)] or {})
end

local function outward(self, value, convert, seen, depth)
  local kind = type(value)
  if SCALAR[kind] then return value end
  local known = self._outer[value]
  if known ~= nil then return known end
  if kind == "function" then return wrapped(self, value) end
  if kind ~= "table" then error(("a plugin cannot pass a %s to the host"):format(kind), 0) end
  -- As the `self` of a method, or as an argument, it comes back as the plugin's own table.
  local result = copy(self, value, convert, seen or {}, depth or 1)
  if getmetatable(value) == MARK then json.array(result) end
  self._inner[result] = value
  return result
end

---What the host gets for a value of the plugin. Metatables of the plugin stay with it: they could
---run code in the midst of the host's.
function to_outside(self, value, seen, depth)
  return outward(self, value, to_outside, seen, depth)
end

---The same for what a function of the host is called with: it would call a function of the pipeline
---in the plugin's stead.
function to_host(self, value, seen, depth)
  if value ~= nil and self._stand_ins[value] then error(OF_THE_PIPELINE, 0) end
  return outward(self, value, to_host, seen, depth)
end

---@param value any of the host
---@return any for the inside
function Membrane:inside(value) return to_inside(self, value) end

---@param value any of the plugin
---@return any for the host
function Membrane:outside(value) return to_outside(self, value) end

return M
