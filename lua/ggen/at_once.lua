-- Calls that must not wait: what they are asked is answered at once, or the whole run stands still.
-- Who waits in one all the same is told so (async.lua). Methods are known to the clock of plugins,
-- where it costs nothing (budget.lua); this is for the rest.
-- SPDX-License-Identifier: MIT
local M = {}

local held -- the coroutine that is in the midst of such a call

local function answered(before, ...)
  held = before
  return ...
end

---Calls a function that must not wait. What it begins meanwhile, in coroutines of their own, may.
---@param fn function
---@param ... any its arguments
---@return boolean ok as pcall
---@return ...
function M.pcall(fn, ...)
  local before = held
  held = coroutine.running()
  return answered(before, pcall(fn, ...))
end

---@param co thread
---@return boolean
function M.holds(co) return co == held end

return M
