-- A recorded run, played again with other times or another width: what a change would have given.
-- Tasks start in their recorded order as soon as what they waited for has ended and a worker is
-- free. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

local function number(value) return type(value) == "number" and value > 0 and value or 0 end

-- When all that a task waited for has ended. What is not before it in the list has no end yet, and
-- cannot make it wait for ever.
local function ready_at(task, ends)
  local ready = 0
  for _, position in ipairs(type(task.needs) == "table" and task.needs or {}) do
    ready = math.max(ready, type(position) == "number" and ends[position + 1] or 0)
  end
  return ready
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
  -- More workers than tasks change nothing.
  local jobs = math.max(1, math.min(#tasks, options.jobs or number(record.jobs)))
  local seconds = options.seconds or function(task) return number(task.duration) end
  local ends, free = {}, {}
  for i = 1, jobs do free[i] = 0 end
  local makespan, busy = 0, 0
  for i, task in ipairs(tasks) do
    local ready = ready_at(task, ends)
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
---@param before ggen.perf.Replay? of the run as it was, where somebody has made it already
---@return number seconds 0 or more
function M.gain(record, seconds, before)
  before = before or M.run(record)
  return math.max(0, before.makespan - M.run(record, { seconds = seconds }).makespan)
end

return M
