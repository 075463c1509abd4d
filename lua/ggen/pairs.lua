-- pairs and next that lose nothing. LuaJIT has an instruction of its own for `in pairs(t)` and
-- `in next, t`, and when its compiler gives such a loop up while it goes on, elements are left out
-- (LuaJIT issue 827, which Debian 12's has; issue 1510 is of the same sort). It tells such loops by
-- the function next: with another function it makes plain loops, which lose nothing.
-- SPDX-License-Identifier: MIT
local original_next, original_pairs = next, pairs

local function step(t, key) return original_next(t, key) end

---Goes over all elements of a table, in no order.
---@param t table
---@return function, table, nil
function _G.pairs(t)
  if type(t) ~= "table" then
    error(("bad argument #1 to 'pairs' (table expected, got %s)"):format(type(t)), 2)
  end
  local iterator, state, first = original_pairs(t)
  if iterator == original_next then iterator = step end
  return iterator, state, first
end

_G.next = step
