-- A run that has ended, for specs of observers: its record, a project, and what was said.
-- SPDX-License-Identifier: MIT
local registry = require("ggen.registry")
local style = require("ggen.style")

local M = {}

-- Five tasks of a shop: two ran, one failed on the way if asked, one was restored, one was fresh.
function M.record(changes)
  local record = {
    schema = "ggen-run", version = 1, id = "20261102T202300.123-f841ad",
    session = "20261102T202300.123-f841ad", time = "2026-11-02T20:23:00.123Z", ggen = "0.6.0",
    pipeline = "shop", command = { "run" }, machine = "linux-x86_64/2 cpus/24 GiB/cpu", jobs = 2,
    git = { commit = ("1402f91c"):rep(5), branch = "main", dirty = false },
    code = 0, status = "ok",
    totals = { wall = 2.5, cpu = 4, critical_path = 2, tasks = 5, ok = 5, fresh = 1, restored = 1,
      ran = 3, failed = 0, optional = 0, skipped = 0, not_run = 0, hit_rate = 0.4, misses = 3,
      saved = 0.6, hashed = 1000, read = 2000, written = 3000, restored_bytes = 4000,
      outputs = { bytes = 5000, files = 6 }, peak_memory = 3 * 2 ^ 30 },
    critical_path = { "codegen", "web#test" },
    phases = { { name = "release", start = 0, duration = 2.4, tasks = 4 } },
    tasks = {
      { id = "codegen", status = "ok", cache = "miss", reason = "src/codegen.c changed", start = 0,
        duration = 1, ran = 0.9, user = 0.8, sys = 0.1, peak_memory = 2 ^ 20, code = 0,
        attempts = 1, worker = 1, needs = {} },
      { id = "web#test", workspace = "web", status = "ok", cache = "miss", start = 1,
        duration = 1.4, ran = 1.3, user = 1, sys = 0.5, peak_memory = 3 * 2 ^ 30, code = 0,
        attempts = 3, worker = 1, needs = { 0 } },
      { id = "lint", status = "ok", cache = "miss", start = 0.5, duration = 0.5, ran = 0.5,
        user = 0.4, sys = 0, peak_memory = 2 ^ 20, code = 0, attempts = 1, worker = 2, needs = {} },
      { id = "pack", status = "ok", cache = "restored", start = 2.4, duration = 0.01, ran = 0,
        user = 0, sys = 0, peak_memory = 0, code = 0, attempts = 1, worker = 2, needs = { 2 },
        saved = 0.6 },
    },
    fresh = { "build" }, notes = {},
  }
  for key, value in pairs(changes or {}) do record[key] = value end
  return record
end

function M.project(dir, uses)
  return setmetatable({ dir = dir or "/nowhere", phases = {},
    loaded = { root = { uses = uses or {} } } }, { __index = require("ggen.project") })
end

---@param record table
---@param project table?
---@return table run with `said`: what was noted, "warning: ..."
function M.run(record, project)
  local run
  run = { said = {}, project = project or M.project(), totals = record.totals,
    record = function() return record end,
    events = { note = function(_, level, text) table.insert(run.said, level .. ": " .. text) end } }
  return run
end

---Sets an observer up.
---@return table impl
---@return table shown what it wrote to the screen, as text() of it
function M.use(name, params, host)
  local shown = {}
  local fields = { project_dir = "/nowhere", options = { dry_run = false },
    style = style.new(false),
    screen = { write = function(_, text) table.insert(shown, text) end } }
  for key, value in pairs(host or {}) do fields[key] = value end
  local instance = registry.new(fields):use(name, params, { file = "pipeline.lua", line = 3 })
  return instance.impl, { text = function() return table.concat(shown) end }, instance
end

return M
