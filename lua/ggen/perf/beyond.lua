-- The newest runs that are far beyond all that was ever seen: no statistics of a single run can be
-- sure of ten per cent, but nobody doubts ten times as long. Pure.
-- SPDX-License-Identifier: MIT
local robust = require("ggen.perf.robust")

local M = {}

M.LEAST = 8 -- values before it
M.TIMES, M.TIMES_MOST, M.SPREADS = 3, 1.5, 10 -- the median; the most that was seen; the spread
M.FLOOR = { duration = 1, cpu = 1, peak_memory = 64 * 1024 * 1024 } -- over the median

-- How many of the newest values are far above the median of all.
local function streak_of(values, first, most)
  local median, count = robust.median(values), 0
  while count < most and #values - count >= first
    and values[#values - count] > M.TIMES * median do
    count = count + 1
  end
  return count
end

---@param metric string
---@param before number[] values of a baseline, which come before all others
---@param values number[]
---@param most integer so many runs; more are how things are
---@return integer? count of the newest values that are far beyond all before them, nil without any
function M.count(metric, before, values, most)
  local all = {}
  for i = 1, #before do all[i] = before[i] end
  for i = 1, #values do all[#all + 1] = values[i] end
  local count = streak_of(all, math.max(#before, M.LEAST) + 1, most)
  if count == 0 then return nil end
  local least = math.huge
  for _ = 1, count do least = math.min(least, table.remove(all)) end
  local spread, median = robust.spread(all)
  local seen = 0
  for i = 1, #all do seen = math.max(seen, all[i]) end
  local far = least > M.TIMES * median and least > M.TIMES_MOST * seen
    and least > median + M.SPREADS * (spread or 0)
    and least - median >= (M.FLOOR[metric] or 0)
  return far and count or nil
end

return M
