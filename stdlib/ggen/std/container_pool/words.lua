-- What the pool says of containers and of those who wait for them.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local M = {}

local MOST = 5 -- holders that one message names

---@param one { id: string? }
---@return string
function M.short(one) return one.id and one.id:sub(1, 12) or "not made yet" end

local function held_by(holders)
  local parts = {}
  for i = 1, math.min(#holders, MOST) do
    local holder = holders[i]
    parts[i] = ("%s (for %s%s)"):format(holder.task, ggen.units.format_duration(holder.seconds),
      holder.shared and ", shared" or "")
  end
  if #holders > MOST then parts[#parts + 1] = ("%d more"):format(#holders - MOST) end
  return table.concat(parts, ", ")
end

---Why a task got no container in time.
---@param name string
---@param timeout number
---@param state table { size, holders = { { task, seconds, shared } }, making, resetting, before,
---no_room }
---@return string
function M.timed_out(name, timeout, state)
  local parts = {}
  if #state.holders > 0 then
    parts[1] = ("%d of %d leased by %s"):format(#state.holders, state.size, held_by(state.holders))
  end
  if state.making > 0 then parts[#parts + 1] = ("%d being made"):format(state.making) end
  if state.resetting > 0 then parts[#parts + 1] = ("%d being reset"):format(state.resetting) end
  if state.no_room then
    parts[#parts + 1] = "the memory budget of the pool leaves no room for another"
  end
  if state.before > 0 then parts[#parts + 1] = ("%d waited before it"):format(state.before) end
  return ("no container %q became free within %s: %s (a larger size, or a longer timeout of the"
    .. " pool)"):format(name, ggen.units.format_duration(timeout),
    #parts > 0 and table.concat(parts, "; ") or "nobody has one")
end

return M
