-- Divides tasks among machines: the longest first, each to the machine that has the least to do.
-- The same tasks with the same durations are always divided the same way.
-- SPDX-License-Identifier: MIT
local M = {}

---Reads "2/5".
---@param value string
---@return { index: integer, count: integer }? shard
---@return string? message
function M.parse(value)
  local index, count = value:match("^(%d+)/(%d+)$")
  index, count = tonumber(index), tonumber(count)
  if not index then return nil, ("--shard: I/N expected, such as 2/5, got %q"):format(value) end
  if count < 1 then
    return nil, ("--shard: %s: there is at least one shard (1/1)"):format(value)
  end
  if index < 1 or index > count then
    return nil, ("--shard: %s: shards are counted from 1/%d to %d/%d"):format(value,
      count, count, count)
  end
  return { index = index, count = count }
end

local function median(numbers)
  if #numbers == 0 then return nil end
  table.sort(numbers)
  return numbers[math.floor((#numbers + 1) / 2)]
end

---@class ggen.ShardOf
---@field tasks integer[] those of this shard, in the order of the selection
---@field expected number seconds of work
---@field known integer of all tasks, how many have a known duration

---@param selection integer[]
---@param shard { index: integer, count: integer }
---@param duration fun(index: integer): number? expected seconds; nil when nothing is known
---@return ggen.ShardOf
function M.pick(selection, shard, duration)
  local known, durations = {}, {}
  for _, index in ipairs(selection) do
    local seconds = duration(index)
    durations[index] = seconds
    known[#known + 1] = seconds
  end
  local found = { tasks = {}, expected = 0, known = #known }
  local usual = median(known) or 1
  local order = {}
  for i, index in ipairs(selection) do
    durations[index] = durations[index] or usual
    order[i] = index
  end
  table.sort(order, function(a, b)
    if durations[a] ~= durations[b] then return durations[a] > durations[b] end
    return a < b
  end)
  local loads, counts, mine = {}, {}, {}
  for i = 1, shard.count do loads[i], counts[i] = 0, 0 end
  for _, index in ipairs(order) do
    local least = 1
    for i = 2, shard.count do
      -- Tasks that take no time at all are spread as well.
      if loads[i] < loads[least] or loads[i] == loads[least] and counts[i] < counts[least] then
        least = i
      end
    end
    loads[least], counts[least] = loads[least] + durations[index], counts[least] + 1
    mine[index] = least == shard.index
  end
  for _, index in ipairs(selection) do
    if mine[index] then found.tasks[#found.tasks + 1] = index end
  end
  found.expected = loads[shard.index]
  return found
end

return M
