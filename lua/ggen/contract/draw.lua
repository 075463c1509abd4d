-- Random choices that a seed repeats, on every machine: Park and Miller, 1988. Each part of the
-- suite draws from a stream of its own, so that one more draw here changes nothing there.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.contract.Draw
---@field package _state integer
local Draw = {}
Draw.__index = Draw

local MODULUS = 2147483647

-- A number of a text, the same everywhere.
local function number_of(text)
  local value = 7
  for i = 1, #text do value = (value * 31 + text:byte(i)) % MODULUS end
  return value
end

---@param seed integer
---@param ... string|integer what the choices are for
---@return ggen.contract.Draw
function M.new(seed, ...)
  local state = seed % (MODULUS - 1) + 1
  for i = 1, select("#", ...) do
    state = (state * 16807 + number_of(tostring((select(i, ...))))) % (MODULUS - 1) + 1
  end
  local self = setmetatable({ _state = state }, Draw)
  for _ = 1, 3 do self:fraction() end -- neighbouring seeds begin alike
  return self
end

---@return number 0 <= x < 1
function Draw:fraction()
  self._state = self._state * 16807 % MODULUS
  return (self._state - 1) / (MODULUS - 1)
end

---@param low integer
---@param high integer
---@return integer
function Draw:int(low, high)
  return low + math.floor(self:fraction() * (high - low + 1))
end

---@param one_in integer
---@return boolean true once in so many times
function Draw:once_in(one_in) return self:int(1, one_in) == 1 end

---@generic T
---@param list T[]
---@return T
function Draw:pick(list) return list[self:int(1, #list)] end

---@param digits integer
---@return string
function Draw:hex(digits)
  local parts = {}
  for i = 1, digits do parts[i] = ("%x"):format(self:int(0, 15)) end
  return table.concat(parts)
end

local WORDS = { "api", "web", "docs", "lint", "build", "test", "pack", "core", "site", "tool",
  "gen", "db", "ui", "auth", "mail" }

---@return string
function Draw:word() return self:pick(WORDS) end

---@param most integer
---@return string bytes of any kind
function Draw:bytes(most)
  local parts = {}
  for i = 1, self:int(0, most) do parts[i] = string.char(self:int(0, 255)) end
  return table.concat(parts)
end

---@generic T
---@param list T[]
---@return T[] list the same, in another order
function Draw:shuffle(list)
  for i = #list, 2, -1 do
    local j = self:int(1, i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

return M
