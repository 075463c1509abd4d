-- References between two processes: what one of them keeps (functions, objects) and the other one
-- names by a number. Both sides use this. A stand-in that nobody holds any more is released, and
-- then what it stood for is let go, unless it has been sent once more meanwhile.
-- SPDX-License-Identifier: MIT
local M = {}

local MOST = 50000 -- stand-ins for things of the other side
local MANY = 64 -- of which nobody holds: then they are told

---@class ggen.Peer
---@field known table<any, integer> weak: values that are referred to; ours have numbers above zero
---@field package _mine table<integer, any>
---@field package _sent table<integer, integer> how often
---@field package _theirs table<integer, any> weak: stand-ins
---@field package _received table<integer, integer> how often
---@field package _dead integer[] ids of stand-ins that are gone
---@field package _count integer stand-ins
---@field package _next integer
---@field package _describe fun(value: any, nested: boolean): any, string?, any, any
---@field package _make fun(class: string, id: integer, data: any): any
---@field package _refresh (fun(stand_in: any, data: any))?
local Peer = {}
Peer.__index = Peer

---@param describe fun(value: any, nested: boolean): any, string?, any, any gives the value itself,
---its class, what goes with it the first time, and what goes with it each time
---@param make fun(class: string, id: integer, data: any): any a stand-in
---@param refresh (fun(stand_in: any, data: any))? for one that is there already
---@return ggen.Peer
function M.new(describe, make, refresh)
  return setmetatable({ known = setmetatable({}, { __mode = "k" }),
    _mine = {}, _sent = {}, _theirs = setmetatable({}, { __mode = "v" }), _received = {},
    _dead = {}, _count = 0, _next = 1, _describe = describe, _make = make, _refresh = refresh },
    Peer)
end

---@param channel userdata
---@param objects boolean tables with a metatable are referred to
function Peer:attach(channel, objects)
  channel:hooks(self.known, function(value, nested) return self:name(value, nested) end,
    function(theirs, id, class, data) return self:find(theirs, id, class, data) end, objects)
end

---Keeps a value that the other side may name from now on.
---@param value any
---@return integer id
function Peer:keep(value)
  local id = self._next
  self._next = id + 1
  self._mine[id], self._sent[id] = value, 1
  return id
end

---How a value is named.
---@param value any
---@param nested boolean within a table
---@return boolean theirs
---@return integer id
---@return string? class
---@return any data
function Peer:name(value, nested)
  local known = self.known
  local id = known[value]
  if id and id < 0 then return true, -id end
  local object, class, once, always = self._describe(value, nested)
  id = known[object]
  if id then
    self._sent[id] = self._sent[id] + 1
    return false, id, class, always
  end
  id = self:keep(object)
  known[object] = id
  return false, id, class, once
end

-- Called when a stand-in is gone. Another one may have taken its place.
local function guard(self, id)
  local proxy = newproxy(true)
  getmetatable(proxy).__gc = function()
    if self._theirs[id] ~= nil then return end
    self._count = self._count - 1
    self._dead[#self._dead + 1] = id
  end
  return proxy
end

local guards = setmetatable({}, { __mode = "k" })

---Takes a value as the stand-in of something.
---@param id integer
---@param value any
function Peer:stand_in(id, value)
  if self._theirs[id] == nil then self._count = self._count + 1 end
  if self._count > MOST then
    collectgarbage()
    collectgarbage() -- what was found the first time is told now
    if self._count > MOST then error("too many references", 0) end
  end
  self._theirs[id], self._received[id] = value, (self._received[id] or 0) + 1
  self.known[value] = -id
  guards[value] = guard(self, id)
end

---What a name stands for.
---@param theirs boolean the other side keeps it
---@param id integer
---@param class string?
---@param data any
---@return any
function Peer:find(theirs, id, class, data)
  if not theirs then
    local value = self._mine[id]
    if value == nil then error("a reference to nothing", 0) end
    return value
  end
  if type(id) ~= "number" or id < 1 or id % 1 ~= 0 or type(class) ~= "string" then
    error("a reference that is none", 0)
  end
  local value = self._theirs[id]
  if value == nil then
    value = self._make(class, id, data)
    self:stand_in(id, value)
    return value
  end
  self._received[id] = self._received[id] + 1
  if data ~= nil and self._refresh then self._refresh(value, data) end
  return value
end

---What nobody here holds any more, when it is worth a message.
---@return integer[]? pairs of an id and how often it was received
function Peer:releases()
  if #self._dead < MANY then return nil end
  local list = {}
  for _, id in ipairs(self._dead) do
    if self._theirs[id] == nil and self._received[id] then
      list[#list + 1], list[#list + 2] = id, self._received[id]
      self._received[id] = nil
    end
  end
  self._dead = {}
  return list
end

---The other side holds these no more.
---@param list any
function Peer:let_go(list)
  if type(list) ~= "table" then error("a list of references expected", 0) end
  for i = 1, #list, 2 do
    local id, count = list[i], list[i + 1]
    if self._sent[id] then
      self._sent[id] = self._sent[id] - (type(count) == "number" and count or 0)
      if self._sent[id] <= 0 then
        local value = self._mine[id]
        if self.known[value] == id then self.known[value] = nil end
        self._mine[id], self._sent[id] = nil, nil
      end
    end
  end
end

return M
