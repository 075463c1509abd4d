-- A recorded run, played again with other times or another width: what a change would have given.
-- Tasks start in their recorded order as soon as what they waited for has ended and a worker is
-- free. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

local function number(value) return type(value) == "number" and value > 0 and value or 0 end

-- By task: the tasks that it waited for, as positions from 1. Positions that are not before it are
-- no needs; they would make a cycle.
local function needs_of(tasks)
  local all = {}
  for i, task in ipairs(tasks) do
    local needs = {}
    for _, position in ipairs(type(task.needs) == "table" and task.needs or {}) do
      if type(position) == "number" and position >= 0 and position + 1 < i then
        needs[#needs + 1] = position + 1
      end
    end
    all[i] = needs
  end
  return all
end

---@class ggen.perf.Replay
---@field makespan number seconds
---@field busy number seconds of work of all workers

---@param record table of a run
---@param options { jobs: integer?, seconds: (fun(task: table, position: integer): number)? }?
---@return ggen.perf.Replay
function M.run(record, options)
  options = options or {}
  local tasks = record.tasks or {}
  local jobs = math.max(1, options.jobs or number(record.jobs))
  local seconds = options.seconds or function(task) return number(task.duration) end
  local needs, ends, free = needs_of(tasks), {}, {}
  for i = 1, jobs do free[i] = 0 end
  local makespan, busy = 0, 0
  for i, task in ipairs(tasks) do
    local ready = 0
    for _, need in ipairs(needs[i]) do ready = math.max(ready, ends[need] or 0) end
    local worker = 1
    for w = 2, jobs do
      -- The one that is free last of those in time: the others stay for who comes early.
      local better = free[w] <= ready and (free[worker] > ready or free[w] > free[worker])
      if better or free[worker] > ready and free[w] < free[worker] then worker = w end
    end
    local took = number(seconds(task, i))
    local finish = math.max(ready, free[worker]) + took
    if took > 0 then free[worker] = finish end
    ends[i] = finish
    makespan, busy = math.max(makespan, finish), busy + took
  end
  return { makespan = makespan, busy = busy }
end

---What a run would have gained if some tasks had taken another time.
---@param record table of a run
---@param seconds fun(task: table, position: integer): number
---@return number seconds 0 or more
function M.gain(record, seconds)
  return math.max(0, M.run(record).makespan - M.run(record, { seconds = seconds }).makespan)
end

return M
