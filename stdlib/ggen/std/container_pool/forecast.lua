-- When to begin to make which container, so that it is ready when a task will want it: a pure
-- function of what is expected. Knows neither engine nor clock.
-- SPDX-License-Identifier: MIT
local M = {}

-- Times vary: a container is begun so much sooner than it needs.
local SLACK, MARGIN = 1.25, 0.05 -- of the time it takes; seconds

---@class ggen.ForecastWant
---@field at number when the task is expected to want it
---@field duration number seconds for which it will have it
---@field shared boolean?

---@class ggen.ForecastPool
---@field size integer
---@field make number seconds that one takes from nothing to ready
---@field clean number seconds from the end of a lease to the next
---@field memory number? bytes of one
---@field stock number[] for each that is there: when it is, or will be, free
---@field wants ggen.ForecastWant[] by time

---@class ggen.ForecastStart
---@field name string
---@field at number when to begin
---@field by number when it is wanted

-- Those who share need one container, from the first to the last of them.
local function merged(wants)
  local list, together = {}, nil
  for _, want in ipairs(wants) do
    if not want.shared then
      list[#list + 1] = { at = want.at, ends = want.at + want.duration }
    elseif together then
      together.ends = math.max(together.ends, want.at + want.duration)
    else
      together = { at = want.at, ends = want.at + want.duration }
      list[#list + 1] = together
    end
  end
  return list
end

local function earliest(free)
  local found
  for i, time in ipairs(free) do
    if not found or time < free[found] then found = i end
  end
  return found
end

-- The starts that one pool needs.
local function starts_of(name, pool, now)
  local starts, free = {}, {}
  for i, time in ipairs(pool.stock) do free[i] = time end
  for _, want in ipairs(merged(pool.wants)) do
    local wanted = math.max(want.at, now)
    local next_free = earliest(free)
    local begun, from = math.max(now, want.at - pool.make * SLACK - MARGIN)
    -- A new one only where it is there sooner than one that is going to be free.
    local new_at = math.max(wanted, begun + pool.make)
    if #free < pool.size and (not next_free or free[next_free] > new_at) then
      starts[#starts + 1] = { name = name, at = begun, by = want.at }
      next_free, from = #free + 1, new_at
    else
      from = math.max(wanted, free[next_free])
    end
    free[next_free] = from + (want.ends - want.at) + pool.clean
  end
  return starts
end

---@param now number
---@param pools table<string, ggen.ForecastPool>
---@param room number? bytes that are left of the memory budget
---@return ggen.ForecastStart[] by time; what finds no room now is not in it
function M.starts(now, pools, room)
  local all = {}
  for name, pool in pairs(pools) do
    for _, start in ipairs(starts_of(name, pool, now)) do all[#all + 1] = start end
  end
  local function sooner(field)
    return function(a, b)
      if a[field] ~= b[field] then return a[field] < b[field] end
      return a.name < b.name
    end
  end
  -- Memory goes to those that are wanted first.
  table.sort(all, sooner("by"))
  local fitting = {}
  for _, start in ipairs(all) do
    local bytes = pools[start.name].memory or 0
    if not room or bytes <= room then
      fitting[#fitting + 1] = start
      if room then room = room - bytes end
    end
  end
  table.sort(fitting, sooner("at"))
  return fitting
end

return M
