-- A run record as a tree of spans: the run, below it its phases and its tasks. What is measured
-- anew each time (processor time, memory, commits) is no part of it: `perf compare` knows noise.
-- SPDX-License-Identifier: MIT
local spans = require("ggen.core.spans")

local M = {}

-- What a record of another program has in a place, if it is of the kind that belongs there.
local function plain(value)
  return (type(value) == "string" or type(value) == "number") and value or nil
end

local function list(value) return type(value) == "table" and value or {} end

local function words(value)
  local out = {}
  for i, word in ipairs(list(value)) do out[i] = plain(word) or "?" end
  return #out > 0 and table.concat(out, " ") or nil
end

local function add_task(builder, root, task)
  builder:span({ name = plain(task.id), parent = root, status = plain(task.status),
    start = plain(task.start), duration = plain(task.duration), attributes = {
      cache = plain(task.cache), signal = plain(task.signal), reason = plain(task.reason),
      code = task.code ~= 0 and plain(task.code) or nil,
      attempts = task.attempts ~= 1 and plain(task.attempts) or nil,
    } })
end

---@param texts userdata where the texts of the tree are kept
---@param record table a run record (docs/formats.md)
---@return userdata trace
function M.build(texts, record)
  local builder = spans.build(texts)
  local root = builder:span({ name = plain(record.pipeline) or "run", start = 0,
    status = plain(record.status), duration = plain(list(record.totals).wall), attributes = {
      command = words(record.command), machine = plain(record.machine), jobs = plain(record.jobs),
      code = record.code ~= 0 and plain(record.code) or nil, ggen = plain(record.ggen),
    } })
  for _, phase in ipairs(list(record.phases)) do
    builder:span({ name = "phase " .. (plain(list(phase).name) or "?"), parent = root,
      start = plain(list(phase).start), duration = plain(list(phase).duration) })
  end
  for _, task in ipairs(list(record.tasks)) do add_task(builder, root, list(task)) end
  -- They were up to date before anything began.
  for _, id in ipairs(list(record.fresh)) do
    builder:span({ name = plain(id), parent = root, status = "ok", start = 0, duration = 0,
      attributes = { cache = "fresh" } })
  end
  return builder:finish()
end

return M
