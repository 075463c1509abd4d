-- Whether the machine has memory left for one more task beside those that run. Where it has none,
-- tasks run one at a time, whatever the scheduler: the alternative is that the kernel kills one.
-- What a single run may take is another question (plugins/scheduler/resource.lua).
-- SPDX-License-Identifier: MIT
local M = {}

-- Reading the kernel's files takes longer than starting most tasks.
local LOOK_EVERY = 0.25 -- seconds
local ASK_AGAIN = 1 -- seconds
local LEAST_FREE = 0.02 -- of the memory
local MOST_PRESSURE = 50 -- percent of the time in which somebody waited for memory

---@class ggen.Headroom
---@field package _options ggen.HeadroomOptions
local Headroom = {}
Headroom.__index = Headroom

---@class ggen.HeadroomOptions
---@field machine fun(): ggen.Machine called when it is first looked at
---@field now fun(): number monotonic seconds
---@field start_timer fun(seconds: number, fn: fun()): userdata
---@field pump fun() starts what may start: there may be room again although no task has ended
---@field on_short fun() called once

---@param options ggen.HeadroomOptions
---@return ggen.Headroom
function M.new(options)
  return setmetatable({ _options = options, _short = false }, Headroom)
end

local function look(machine)
  local pressure = machine.memory_pressure()
  return pressure ~= nil and pressure > MOST_PRESSURE
    or machine.free_memory() < LEAST_FREE * machine.memory
end

---@return boolean one more task would not fit
function Headroom:is_short()
  local options = self._options
  local now = options.now()
  -- A short run ends before it can matter.
  self._next = self._next or now + LOOK_EVERY
  if now < self._next then return self._short end
  self._next = now + LOOK_EVERY
  self._machine = self._machine or options.machine()
  self._short = look(self._machine)
  if not self._short then return false end
  if not self._told then
    self._told = true
    options.on_short()
  end
  self._timer = self._timer or options.start_timer(ASK_AGAIN, function()
    self._timer = nil
    options.pump()
  end)
  return true
end

function Headroom:close()
  if self._timer then self._timer:close() end
  self._timer = nil
end

return M
