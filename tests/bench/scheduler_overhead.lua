-- Prints the microseconds that scheduling takes for each of 100,000 tasks on a virtual clock: with
-- fifo, and what resource over critical-path adds to that. The plan and the decisions are those of
-- a real run; the tasks have run before, and nothing is executed.
-- Usage: ggen-lua lua tests/bench/scheduler_overhead.lua
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")
local graph = require("ggen.core.graph")
local registry = require("ggen.registry")
local timings = require("ggen.timings")
local virtual_run = require("ggen.virtual_run")

local ROUNDS, TASKS, LAYER, JOBS = 7, 100000, 1000, 8
local GIB = 2 ^ 30

local dir = assert(fs.make_temp_dir(fs.temp_dir(), "ggen-scheduler-"))
local tasks, seconds, g = {}, {}, graph.new()
local samples = require("ggen.core.timings").samples()
for i = 1, TASKS do
  tasks[i] = { index = i, id = "t" .. i, spec = {} }
  seconds[i] = (i * 7919 % 1000 + 1) / 1000
  g:add(tasks[i].id)
  samples:add(tasks[i].id, seconds[i], seconds[i], i % 100 * 2 ^ 20, 1, false)
end
for i = LAYER + 1, TASKS do
  g:edge(i - LAYER, i)
  g:edge(i - LAYER + (i % LAYER == 0 and -1 or 1), i)
end
assert(g:freeze())
assert(fs.mkdir(dir .. "/.ggen"))
assert(samples:append(dir .. "/" .. timings.FILE))

local project = { dir = dir, phases = {}, graph = g }
function project.task(_, index) return tasks[index] end
function project.count() return TASKS end
function project.survey() return { services = {}, io = {}, alone = {} } end

-- From before the history is read to the end of the last task.
local function round(name, params)
  local plugins = registry.new({ project_dir = dir, options = {} })
  plugins:use("scheduler." .. name, params)
  local plan = g:plan()
  collectgarbage()
  local start = clock.monotonic()
  local result = virtual_run.run({ project = project, plan = plan, plugins = plugins,
    timings = timings.open(dir), jobs = JOBS, seconds = seconds, memory = 64 * GIB,
    warn = error })
  local taken = clock.monotonic() - start
  assert(#result.log == TASKS)
  return taken / TASKS * 1e6
end

local fifo, added = {}, {}
for i = 0, ROUNDS do -- the first one is not counted
  local plain, resource = round("fifo"), round("resource", { over = "critical-path" })
  if i > 0 then fifo[i], added[i] = plain, resource - plain end
end
fs.remove(dir, { recursive = true })
table.sort(fifo)
table.sort(added)
local middle = math.ceil(ROUNDS / 2)
print(("%.3f\t%.3f"):format(fifo[middle], added[middle]))
