-- What a run was waiting for: the tasks on its longest way, as they are recorded, and what it would
-- have taken with more workers, played on a virtual clock under the same scheduler. Knows what the
-- tasks took, not how it is shown (report.lua).
-- SPDX-License-Identifier: MIT
local plugin_use = require("ggen.plugin_use")
local registry = require("ggen.registry")
local timings = require("ggen.core.timings")

local M = {}

-- In less, what happens between the tasks counts as much as they do.
local LEAST_WALL = 0.5 -- seconds
-- Playing a run with more tasks takes longer than anybody would wait for the answer.
local MOST_TASKS = 10000
local MOST_JOBS = 1024
-- A gain of less is no reason to buy a larger machine.
local LEAST_GAIN = 0.02

---@class ggen.CriticalPath
---@field tasks { id: string, duration: number }[] in their order, what ran at the end last; without
---those that took no time
---@field duration number seconds, of all of them
---@field share number of the run's wall time, 0 to 1
---@field ran integer how many tasks took time, of those asked for and of those at the end
---@field more { jobs: integer, wall: number }[]? what the run would have taken with more workers;
---empty when they would not have helped, nil when that is not known

-- The scheduler of a run, without what it remembers of it.
local function fresh_plugins(run)
  local plugins = registry.new({ project_dir = run.project.dir, options = {} })
  for _, entry in ipairs(run.project.loaded.root.uses) do
    if plugin_use.kind(entry) == "scheduler" then
      plugins:use(entry.name, entry.params, entry)
    end
  end
  if not plugins:get("scheduler") then plugins:use("scheduler.critical-path") end
  return plugins
end

-- What a scheduler would know that knew the run before.
local function hindsight(run, seconds)
  return {
    history = function() return { durations = function() return seconds, #seconds, 0 end } end,
    expected = function(_, task)
      local _, _, memory = run.timings:expected(task)
      return seconds[task.index], 0, memory
    end,
  }
end

local function play(run, seconds, jobs)
  local plugins = fresh_plugins(run)
  local result = require("ggen.virtual_run").run({
    project = run.project, plan = run.main:again(), plugins = plugins, jobs = jobs,
    io_jobs = run.options.io_jobs, seconds = seconds, timings = hindsight(run, seconds),
    memory = run.options.memory or require("ggen.machine").memory(),
  })
  plugins:close()
  return result.makespan
end

-- The double of the workers, and so on while that helps. Whatever the run spent on other things
-- than its tasks, it would have spent then, too.
local function with_more(run, seconds, wall, longest)
  local jobs, found = run.options.jobs, {}
  local before = play(run, seconds, jobs)
  while before > longest * (1 + LEAST_GAIN) and jobs * 2 <= MOST_JOBS do
    jobs = jobs * 2
    local makespan = play(run, seconds, jobs)
    if before - makespan < LEAST_GAIN * wall then break end
    wall, before = wall - (before - makespan), makespan
    found[#found + 1] = { jobs = jobs, wall = wall }
  end
  return found
end

-- Nobody waits for an answer on a run that took no time, or failed. What ran at its end would have
-- run then, too: it is about the tasks that were asked for.
local function more_workers(run, wall)
  local again = run.main:again()
  local wanted = again:wanted()
  if #wanted > MOST_TASKS or wall < LEAST_WALL or run.totals.code ~= 0 then return nil end
  local seconds, took, longest = {}, run.account.rows:durations(again:size()), 0
  for index = 1, again:size() do seconds[index] = 0 end
  for _, index in ipairs(wanted) do seconds[index] = took[index] end
  for _, rest in ipairs(timings.remaining(again, seconds)) do longest = math.max(longest, rest) end
  -- A scheduler of the user's may do anything; the run itself is over.
  local ok, more = pcall(with_more, run, seconds, wall, longest)
  return ok and more or nil
end

---@param run ggen.Run that has ended
---@return ggen.CriticalPath? path nil when no task took any time
function M.of(run)
  local path, wall = require("ggen.recording").compose(run):critical_path(), run.totals.wall
  if path.ran == 0 then return nil end
  path.share = wall > 0 and math.min(path.duration / wall, 1) or 1
  path.more = more_workers(run, wall)
  return path
end

return M
