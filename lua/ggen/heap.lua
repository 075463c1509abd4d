-- When Lua's collector looks for garbage. Nearly all that loading makes stays until the end, so
-- looking in between is wasted time; what a run makes is nearly all garbage, on top of a heap that
-- may be large by then.
-- SPDX-License-Identifier: MIT
local M = {}

-- Percent of the heap's size after a collection at which the next one begins: of a small heap and
-- of a large one; where large begins, in KiB.
local PAUSE, LARGE_PAUSE, LARGE_HEAP = 400, 140, 32 * 1024

---A pipeline is about to be loaded.
function M.loading() collectgarbage("setpause", PAUSE) end

---It was loaded, and what was only needed for that is let go of.
function M.loaded()
  if collectgarbage("count") <= LARGE_HEAP then return end
  collectgarbage("setpause", LARGE_PAUSE)
  collectgarbage()
  if collectgarbage("count") <= LARGE_HEAP then collectgarbage("setpause", PAUSE) end
end

return M
