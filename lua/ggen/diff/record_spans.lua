-- A run record as a tree of spans: the run, below it its phases and its tasks. What is measured
-- anew each time (processor time, memory, commits) is no part of it: `perf compare` knows noise.
-- SPDX-License-Identifier: MIT
local spans = require("ggen.core.spans")

local M = {}

local function add_task(builder, root, task)
  local attempts = task.attempts
  builder:span({ name = task.id, parent = root, status = task.status, start = task.start,
    duration = task.duration, attributes = {
      cache = task.cache, signal = task.signal, reason = task.reason,
      code = task.code ~= 0 and task.code or nil,
      attempts = attempts and attempts > 1 and attempts or nil,
    } })
end

---@param texts userdata where the texts of the tree are kept
---@param record table a run record (docs/formats.md)
---@return userdata trace
function M.build(texts, record)
  local builder, totals = spans.build(texts), record.totals or {}
  local root = builder:span({ name = record.pipeline or "run", status = record.status, start = 0,
    duration = totals.wall, attributes = {
      command = table.concat(record.command or {}, " "), machine = record.machine,
      jobs = record.jobs, code = record.code ~= 0 and record.code or nil, ["ggen"] = record.ggen,
    } })
  for _, phase in ipairs(record.phases or {}) do
    builder:span({ name = "phase " .. phase.name, parent = root, start = phase.start,
      duration = phase.duration })
  end
  for _, task in ipairs(record.tasks or {}) do add_task(builder, root, task) end
  -- They were up to date before anything began.
  for _, id in ipairs(record.fresh or {}) do
    builder:span({ name = id, parent = root, status = "ok", start = 0, duration = 0,
      attributes = { cache = "fresh" } })
  end
  return builder:finish()
end

return M
