-- Writes a history of runs into .ggen of the working directory: 30 runs of three tasks, `test`
-- being slower in the last ten, with records of the last three. Appends to one that is there.
-- Usage: ggen-lua lua tests/support/history.lua [NAME=VALUE...]
--   slower=1.12   factor of `test` from the 21st run on; all=1.3: of all tasks
--   from=1 runs=30   which of the runs are written
--   machine=CLASS
--   torn=1 foreign=1 absurd=1 negative=1 back=1   damaged lines, a line of another version, a task
--                 that took months, one that took less than nothing, a clock that went back
-- SPDX-License-Identifier: MIT
local json = require("ggen.core.json")
local fs = require("ggen.core.fs")
local options = { slower = 1.12, runs = 30, from = 1, machine = "test/2 cpus/8 GiB" }
for _, word in ipairs(arg) do
  local name, value = word:match("^(%w+)=(.*)$")
  options[name] = tonumber(value) or value
end
assert(fs.mkdir(".ggen/runs"))
local file = assert(io.open(".ggen/history.jsonl", "a"))
for i = options.from, options.runs do
  local half_hours = options.back and i == 15 and 1 or i
  local id = ("20261101T%02d%02d00.000-%06x"):format(half_hours / 2, half_hours % 2 * 30,
    i)
  local time = ("2026-11-01T%02d:%02d:00.000Z"):format(half_hours / 2,
    half_hours % 2 * 30)
  local wobble = (1 + ((i * 7 % 11) - 5) / 5 * 0.03) * (i > 20 and options.all or 1)
  local seconds = { codegen = 1 * wobble, build = 2 * wobble,
    test = 4 * wobble * (i > 20 and options.slower or 1) }
  if options.absurd and i == 5 then seconds.build = 1e7 end
  if options.negative and i == 6 then seconds.build = -2 end
  local commit = ("%08x"):format(i * 0x1234567):rep(5)
  local line = { v = 1, id = id, session = id, time = time, pipeline = "shop", command = "run",
    commit = commit, dirty = false, machine = options.machine, jobs = 2, code = 0, status = "ok",
    wall = seconds.codegen + 2 * wobble + seconds.test, cpu = 6 * wobble, critical_path = 5,
    hit_rate = 0.25, tasks_total = 4, fresh = 1, misses = 3, saved = 1.5, hashed = 1000,
    read = 2000, written = 3000, restored = 0, out_bytes = 3000, out_files = 3,
    peak_memory = 2 ^ 28, phases = { { name = "all", duration = seconds.test + 2 } },
    tasks = json.array() }
  local tasks, start = json.array(), 0
  for k, name in ipairs({ "codegen", "build", "test" }) do
    line.tasks[k] = { id = name, duration = seconds[name], cpu = seconds[name] * 0.9,
      peak_memory = k * 2 ^ 26, cache = "miss", code = 0, retries = 0 }
    tasks[k] = { id = name, status = "ok", cache = "miss", reason = "src/" .. name .. ".c changed",
      start = start, duration = seconds[name], ran = seconds[name],
      user = seconds[name] * 0.8, sys = seconds[name] * 0.1, peak_memory = k * 2 ^ 26,
      code = 0, attempts = 1, worker = 1,
      needs = json.array(k > 1 and { k - 2 } or {}) }
    start = start + seconds[name]
  end
  file:write(assert(json.encode(line)), "\n")
  if options.torn and i == 10 then file:write('{"v":1,"id":"torn\n{"v":\n') end
  if options.foreign and i == 10 then file:write('{"v":7,"id":"x"}\n') end
  local record = { schema = "ggen-run", version = 1, id = id, session = id, time = time,
    ggen = "0.6.0", pipeline = "shop", command = { "run" }, machine = options.machine, jobs = 2,
    code = 0, git = { commit = commit, branch = "main", dirty = false }, status = "ok",
    totals = { wall = line.wall, cpu = line.cpu, critical_path = start, tasks = 4, ok = 4,
      fresh = 1, restored = 0, ran = 3, failed = 0, optional = 0, skipped = 0, not_run = 0,
      hit_rate = 0.25, misses = 3, saved = 1.5, hashed = 1000, read = 2000,
      written = 3000, restored_bytes = 0,
      outputs = { bytes = 3000, files = 3 }, peak_memory = 3 * 2 ^ 26 },
    critical_path = { "codegen", "build", "test" },
    phases = { { name = "all", start = 0, duration = line.phases[1].duration, tasks = 3 } },
    tasks = tasks, fresh = { "lint" }, notes = json.array() }
  if i > 27 then
    assert(fs.write((".ggen/runs/%s.json"):format(id), assert(json.encode(record))))
  end
end
if options.torn then file:write('{"v":1,"id":"2026') end
file:close()
