-- A run record as a tree of spans: the run, below it its phases and its tasks. A phase in which
-- nothing ran is not recorded, so that only phases of both runs are compared. What is measured anew
-- each time (processor time, memory, commits) is no part of it: `perf compare` knows noise.
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
---@param is_phase fun(name: string): boolean whether a phase becomes a span
---@return userdata trace
function M.build(texts, record, is_phase)
  local builder = spans.build(texts)
  local root = builder:span({ name = plain(record.pipeline) or "run", start = 0,
    status = plain(record.status), duration = plain(list(record.totals).wall), attributes = {
      command = words(record.command), machine = plain(record.machine), jobs = plain(record.jobs),
      code = record.code ~= 0 and plain(record.code) or nil, ggen = plain(record.ggen),
    } })
  for _, phase in ipairs(list(record.phases)) do
    local name = plain(list(phase).name)
    if name and is_phase(name) then
      builder:span({ name = "phase " .. name, parent = root, start = plain(phase.start),
        duration = plain(phase.duration) })
    end
  end
  for _, task in ipairs(list(record.tasks)) do add_task(builder, root, list(task)) end
  -- They were up to date before anything began.
  for _, id in ipairs(list(record.fresh)) do
    builder:span({ name = plain(id), parent = root, status = "ok", start = 0, duration = 0,
      attributes = { cache = "fresh" } })
  end
  return builder:finish()
end

local function phases_of(record)
  local names = {}
  for _, phase in ipairs(list(record and record.phases)) do
    local name = plain(list(phase).name)
    if name then names[name] = true end
  end
  return names
end

---Gives the sides that are runs their trees.
---@param texts userdata
---@param a ggen.diff.Side
---@param b ggen.diff.Side
function M.complete(texts, a, b)
  local of_a, of_b = phases_of(a.record), phases_of(b.record)
  local function in_both(name) return of_a[name] and of_b[name] or false end
  for _, side in ipairs({ a, b }) do
    if side.record then
      side.trace = M.build(texts, side.record, in_both)
      side.about = side.trace:about()
    end
  end
end

return M
