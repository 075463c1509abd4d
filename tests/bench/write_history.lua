-- Writes .ggen/history.jsonl of DIR, and the record of the last run: LINES runs of TASKS tasks that
-- took what they always take, with 3 % of noise.
-- Usage: ggen-lua lua tests/bench/write_history.lua DIR LINES TASKS
-- SPDX-License-Identifier: MIT
local json = require("ggen.core.json")
local fs = require("ggen.core.fs")

local dir, lines, tasks = arg[1], tonumber(arg[2]), tonumber(arg[3])

math.randomseed(1)
local usual = {}
for i = 1, tasks do usual[i] = math.exp(2 * math.random() - 1) end

-- The same run as a line and as a record.
local function run(number)
  local when = os.date("!%Y-%m-%dT%H:%M:%S", 1750000000 + 600 * number)
  local id = ("%s.000-%06x"):format(when:gsub("[-:]", ""), number)
  local time, machine = when .. ".000Z", "bench/2 cpus/8 GiB"
  local commit = ("%08x"):format(number):rep(5)
  local line, record, wall = json.array(), json.array(), 0
  for i = 1, tasks do
    local name = "package" .. i .. "#build"
    local seconds = math.floor(1e6 * usual[i] * (0.97 + 0.06 * math.random())) / 1e6
    line[i] = { id = name, duration = seconds, cpu = seconds, peak_memory = 2 ^ 26, cache = "miss",
      code = 0, retries = 0 }
    record[i] = { id = name, status = "ok", cache = "miss", reason = "a file changed", start = wall,
      duration = seconds, ran = seconds, user = seconds, sys = 0, peak_memory = 2 ^ 26, code = 0,
      attempts = 1, worker = 1, needs = i > 1 and { i - 2 } or json.array() }
    wall = wall + seconds
  end
  local totals = { wall = wall, cpu = wall, critical_path = wall, tasks = tasks, ok = tasks,
    fresh = 0, restored = 0, ran = tasks, failed = 0, optional = 0, skipped = 0, not_run = 0,
    hit_rate = 0, misses = tasks, saved = 0, hashed = 1e6, read = 1e6, written = 1e6,
    restored_bytes = 0, outputs = { bytes = 1e6, files = tasks }, peak_memory = 2 ^ 26 }
  local common = { id = id, session = id, time = time, pipeline = "bench", machine = machine,
    jobs = 2, code = 0, status = "ok", phases = json.array() }
  local function with(fields)
    for name, value in pairs(common) do fields[name] = value end
    return json.encode(fields)
  end
  return id, with({ v = 1, command = "run", commit = commit, dirty = false, wall = wall, cpu = wall,
    critical_path = wall, hit_rate = 0, tasks_total = tasks, fresh = 0, misses = tasks, saved = 0,
    hashed = 1e6, read = 1e6, written = 1e6, restored = 0, out_bytes = 1e6, out_files = tasks,
    peak_memory = 2 ^ 26, tasks = line }), with({ schema = "ggen-run", version = 1, ggen = "bench",
    command = { "run" }, git = { commit = commit, branch = "main", dirty = false },
    totals = totals, critical_path = json.array(), tasks = record, fresh = json.array(),
    notes = json.array() })
end

assert(fs.mkdir(dir .. "/.ggen/runs"))
local history = assert(io.open(dir .. "/.ggen/history.jsonl", "w"))
for number = 1, lines do
  local id, line, record = run(number)
  history:write(line, "\n")
  if number == lines then
    local file = assert(io.open(dir .. "/.ggen/runs/" .. id .. ".json", "w"))
    file:write(record)
    file:close()
  end
end
history:close()
