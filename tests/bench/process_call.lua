-- Prints the microseconds that a call of priority(task, view) takes in a plugin with trust =
-- "process" that looks at both, through the registry, and what the first call with a task takes
-- (what the task is goes along): medians, each with the 99th percentile.
-- Usage: ggen-lua lua tests/bench/process_call.lua
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local registry = require("ggen.registry")

local CALLS = 20000
local here = arg[0]:match("^(.*)/[^/]*$") or "."

local plugins = registry.new({})
local instance = plugins:use("./in_process.lua", {}, { dir = here })
local view = setmetatable({ jobs = 5, running = {} }, { __name = "ggen.View" })

local function task(number)
  return setmetatable({ index = number, id = "web#build" .. number, name = "build", workspace =
    "web", dir = "web", spec = { run = { "make" }, env = { A = "1" } } }, { __name = "ggen.Task" })
end

local function round(next_task)
  local times = {}
  for i = 1, CALLS do
    local one = next_task(i)
    local start = clock.monotonic()
    local ok, priority = registry.call(instance, "priority", one, view)
    times[i] = (clock.monotonic() - start) * 1e6
    assert(ok and priority == one.index + 5, priority)
  end
  table.sort(times)
  return times[CALLS / 2], times[math.floor(CALLS * 0.99)]
end

local known = task(1)
print(("known\t%.1f\t%.1f"):format(round(function() return known end)))
print(("new\t%.1f\t%.1f"):format(round(task)))
plugins:close()
