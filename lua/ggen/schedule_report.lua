-- What simulated schedules look like: a table for people, a log, JSON for programs.
-- SPDX-License-Identifier: MIT
local units = require("ggen.units")

local M = {}

---@param work ggen.ScheduleWork
---@param results ggen.ScheduleResult[]
---@param jobs integer
---@param most integer how many tasks run at once at most
---@return string
function M.table(work, results, jobs, most)
  local rows = { { "scheduler", "makespan", "idle", "peak memory" } }
  for _, result in ipairs(results) do
    local slots = result.makespan * jobs
    rows[#rows + 1] = {
      result.name, units.format_duration(result.makespan),
      ("%.0f %%"):format(slots > 0 and result.idle / slots * 100 or 0),
      units.format_size(result.peak_memory),
    }
  end
  local head = ("%d of %d tasks have run before, -j%d; no run is shorter than %s\n"):format(
    work.known, work.tasks, jobs,
    units.format_duration(math.max(work.longest, work.sum / most)))
  return head .. require("ggen.columns").render(rows, "  ")
end

---@param work ggen.ScheduleWork
---@param result ggen.ScheduleResult
---@return string
function M.log(work, result)
  local lines = { "", result.name }
  for _, entry in ipairs(result.log) do
    local task = work.project:task(entry.id)
    if not task.phase then
      lines[#lines + 1] = ("  %9.3f %9.3f  %s"):format(entry.start, entry.finish, task.id)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---@param work ggen.ScheduleWork
---@param results ggen.ScheduleResult[]
---@param jobs integer
---@return string
function M.json(work, results, jobs)
  local json, list = require("ggen.core.json"), {}
  for i, result in ipairs(results) do
    local log = {}
    for j, entry in ipairs(result.log) do
      log[j] = { task = work.project:id(entry.id), start = entry.start, finish = entry.finish }
    end
    list[i] = { scheduler = result.name, makespan = result.makespan, idle = result.idle,
      peak_memory = result.peak_memory, log = json.array(log),
      warnings = json.array(result.warnings) }
  end
  return json.encode({ jobs = jobs, tasks = work.tasks, known = work.known,
    longest_way = work.longest, sum = work.sum, schedulers = json.array(list) }, { indent = 2 })
    .. "\n"
end

return M
