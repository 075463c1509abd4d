-- Prints the seconds that it takes to load a lifecycle state of 100 records, add one and save it:
-- the median, and the smallest. The records are those of the benchmarks of the original.
-- Usage: ggen-lua lua tests/bench/state.lua DIRECTORY
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local core = require("ggen.core.state")
local fs = require("ggen.core.fs")

local ROUNDS, RECORDS = 51, 100

local function add(state, i)
  local phase = "phase_" .. i % 5
  state:record({ phase = phase, started_ms = 1000000 + i, duration_ms = 100 + i % 50,
    success = true })
  state:key(phase, ("key_%x"):format(i))
end

local dir = arg[1] .. "/state"
assert(fs.mkdir(dir))
local times = {}
for round = 1, ROUNDS do
  fs.remove(dir .. "/.ggen", { recursive = true })
  local first = core.open(dir)
  for i = 0, RECORDS - 1 do add(first, i) end
  assert(first:save())
  local started = clock.monotonic()
  local state = core.open(dir)
  add(state, RECORDS)
  assert(state:save())
  times[round] = clock.monotonic() - started
end
table.sort(times)
print(("%.6f\t%.6f"):format(times[math.ceil(ROUNDS / 2)], times[1]))
