-- The rows of a trace: a task has one to itself while it runs, and all its spans go there, so that
-- spans of one row nest. Row 0 is the host's own, which does one thing at a time.
-- SPDX-License-Identifier: MIT
local trace = require("ggen.core.trace")

local M = {}

M.HOST = 0

local owners = {} -- row -> task
local rows = {} -- task -> row
local starts = {} -- task -> nanoseconds

---Gives a task the lowest free row; does nothing unless a trace is made.
---@param task ggen.Task
function M.take(task)
  if not trace.enabled() then return end
  local row = 1
  while owners[row] do row = row + 1 end
  owners[row], rows[task], starts[task] = task, row, trace.now()
  trace.lane_name(row, "tasks " .. row)
end

---@param task ggen.Task
---@return integer row that of the host for a task without one
function M.of(task) return rows[task] or M.HOST end

---Writes the span of a task and gives its row back.
---@param task ggen.Task
---@param result ggen.TaskResult
function M.release(task, result)
  local row = rows[task]
  if not row then return end
  trace.span("task", task.id, row, starts[task], trace.now(),
    { status = result.status, code = result.code })
  owners[row], rows[task], starts[task] = nil, nil, nil
end

return M
