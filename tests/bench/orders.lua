-- Prints the makespan of a recorded project under critical-path, the best of many random orders of
-- it (random_order.lua), both in seconds on a virtual clock, and their ratio.
-- Usage: ggen-lua lua tests/bench/orders.lua DIRECTORY JOBS ORDERS
-- SPDX-License-Identifier: MIT
local simulate = require("ggen.simulate_schedule")

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local directory, jobs, orders = arg[1], tonumber(arg[2]), tonumber(arg[3])

local project = require("ggen.session").open({ directory = directory })
local work = simulate.work(project, require("ggen.select").tasks(project, {}))
assert(work.known == work.tasks, "some of the tasks have not run yet")

local function makespan(scheduler)
  return simulate.run(work, scheduler, { jobs = jobs, dir = here }).makespan
end

math.randomseed(5)
local best = math.huge
for _ = 1, orders do best = math.min(best, makespan("./random_order.lua")) end
local ours = makespan("critical-path")
print(("%.6f\t%.6f\t%.4f"):format(ours, best, ours / best))
