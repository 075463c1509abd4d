-- What a scheduler would have made of the runs of the past: the tasks of a plan with the times and
-- the memory that they took, on a virtual clock.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local plan = require("ggen.plan")
local registry = require("ggen.registry")
local timings = require("ggen.timings")
local virtual_run = require("ggen.virtual_run")

local M = {}

---@class ggen.ScheduleResult: ggen.VirtualResult
---@field name string
---@field warnings string[]

---@class ggen.ScheduleWork what is to be scheduled
---@field project ggen.Project
---@field main integer[] selected tasks
---@field known integer how many tasks have run before
---@field tasks integer how many there are
---@field seconds number[] by the index of the task
---@field bytes number[] by the index of the task
---@field longest number seconds on the longest way: no run is shorter
---@field sum number seconds of all tasks

-- A generator of our own, so that a seed means the same on every machine: Park and Miller, 1988.
local function random_of(seed)
  local state = seed % 2147483646 + 1
  return function(limit)
    state = state * 16807 % 2147483647
    return state % limit + 1
  end
end

local function sample_of(samples, random)
  local good = {}
  for _, sample in ipairs(samples) do
    if not sample.failed then good[#good + 1] = sample end
  end
  return good[1] and good[random(#good)]
end

---@param project ggen.Project
---@param selection integer[]
---@param seed integer? nil: each task takes what is expected of it; else one of its last times
---@return ggen.ScheduleWork
function M.work(project, selection, seed)
  local main = plan.divide(project, selection)
  local some_plan, history = plan.plan(project, main), timings.open(project.dir)
  local view = require("ggen.view").new({ jobs = 1, project = project, timings = history })
  view:enter(some_plan)
  local expected, known = view:durations()
  local work = { project = project, main = main, known = known, tasks = 0, seconds = {},
    bytes = {}, sum = 0, timings = history }
  local random = seed and random_of(seed)
  for _, index in ipairs(some_plan:wanted()) do
    local task = project:task(index)
    local sample = random and sample_of(history:history():samples(task.id), random)
    work.seconds[index] = sample and sample.wall or expected[index]
    work.bytes[index] = sample and sample.memory or view:memory(task)
    work.sum = work.sum + work.seconds[index]
    if not task.phase then work.tasks = work.tasks + 1 end
  end
  work.longest = 0
  for _, seconds in ipairs(require("ggen.core.timings").remaining(some_plan, work.seconds)) do
    work.longest = math.max(work.longest, seconds)
  end
  return work
end

---@param work ggen.ScheduleWork
---@param word string "critical-path", the whole name of a plugin, or a file
---@param options { jobs: integer, io_jobs: integer?, memory: number?, dir: string }
---@return ggen.ScheduleResult
function M.run(work, word, options)
  local plugins = registry.new({ project_dir = work.project.dir, options = {} })
  local name = word:find("[./]") and word or "scheduler." .. word
  local instance = plugins:use(name, nil, { dir = options.dir })
  if instance.plugin.kind ~= "scheduler" then
    fault.raise(("plugin %q is of kind %s, not scheduler"):format(word, instance.plugin.kind))
  end
  instance.name = word
  local warnings = {}
  local result = virtual_run.run({
    project = work.project, plan = plan.plan(work.project, work.main), plugins = plugins,
    timings = work.timings, jobs = options.jobs, io_jobs = options.io_jobs,
    seconds = work.seconds, bytes = work.bytes, memory = options.memory,
    warn = function(message) warnings[#warnings + 1] = message end,
  })
  plugins:close()
  result.name, result.warnings = word, warnings
  return result
end

return M
