-- A run record as plugins get it (run:record()), for specs of what reads one.
-- SPDX-License-Identifier: MIT
local M = {}

local function task(id, fields)
  local made = { id = id, status = "ok", cache = "miss", start = 0.01, duration = 0.2, ran = 0.19,
    user = 0.1, sys = 0.05, peak_memory = 1048576, code = 0, attempts = 1, worker = 1, needs = {},
    reason = "first run" }
  for name, value in pairs(fields or {}) do made[name] = value end
  return made
end

---@param fields table? of the record, instead of those of the sample
---@param totals table? of its totals
---@return table record four tasks: one built, one restored, one that failed, one skipped
function M.new(fields, totals)
  local record = {
    schema = "ggen-run", version = 1, id = "20261121T211253.123-3f2a9c",
    session = "20261121T211253.123-3f2a9c", time = "2026-11-21T21:12:53.123Z", ggen = "0.1.0",
    pipeline = "shop", command = { "run", "build" },
    git = { commit = ("4f"):rep(20), branch = "main", dirty = false },
    machine = "linux-x86_64/2 cpus/24 GiB/a processor", jobs = 2, code = 1, status = "failed",
    totals = { wall = 0.5, cpu = 0.3, critical_path = 0.4, tasks = 6, ok = 4, fresh = 2,
      restored = 1, ran = 2, failed = 1, optional = 0, skipped = 1, not_run = 0, hit_rate = 0.6,
      misses = 2, saved = 12.5, hashed = 0, read = 0, written = 0, restored_bytes = 0,
      outputs = { bytes = 0, files = 0 }, peak_memory = 1048576 },
    critical_path = { "api#build", "api#test" },
    phases = {}, fresh = { "lint", "gen" }, notes = {},
    tasks = {
      task("api#build", { workspace = "api" }),
      task("web#build", { workspace = "web", cache = "restored", ran = 0, duration = 0.01,
        saved = 3 }),
      task("api#test", { workspace = "api", status = "failed", code = 3, duration = 0.3,
        ran = 0.3, message = "exit code 3", needs = { 0 } }),
      task("deploy", { status = "skipped", reason = "api#test failed", duration = 0, ran = 0 }),
    },
  }
  for name, value in pairs(fields or {}) do record[name] = value end
  for name, value in pairs(totals or {}) do record.totals[name] = value end
  return record
end

---@param record table
---@return table run for an observer
---@return string[] notes what it says
function M.run(record)
  local notes = {}
  return {
    record = function() return record end,
    events = { note = function(_, level, text) notes[#notes + 1] = level .. ": " .. text end },
  }, notes
end

return M
