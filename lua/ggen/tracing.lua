-- The trace of the run (public as ggen.trace), for plugins: begun once, however many want it, and
-- written by each. What is in it is decided where the spans are made (lanes.lua, registry.lua).
-- SPDX-License-Identifier: MIT
local trace = require("ggen.core.trace")

local M = {}

---Begins to record; one that --trace or another plugin has begun goes on.
function M.start()
  if not trace.enabled() then trace.enable() end
end

-- Rows of plugins: far from those that tasks have while they run.
local FIRST = 1000
local rows = 0

---A row of one's own, for what no task does. What overlaps needs rows of its own.
---@param name string as the trace shows it
---@return integer row
function M.row(name)
  local row = FIRST + rows
  if not trace.enabled() then return row end
  rows = rows + 1
  trace.lane_name(row, name)
  return row
end

---Whether a trace is made: who has to find something out for it asks first.
---@return boolean
function M.enabled() return trace.enabled() end

---The time on the clock of the spans.
---@return number nanoseconds
function M.now() return trace.now() end

---Puts a span down; does nothing unless a trace is made.
---@param row integer of row(); 0 is that of the run
---@param category string
---@param name string
---@param began number of now()
---@param ended? number of now(); without it the span ends now
---@param args? table<string, string|number|boolean>
function M.span(row, category, name, began, ended, args)
  if trace.enabled() then
    trace.span(category, name, row, began, ended or trace.now(), args or {})
  end
end

---Writes a Chrome trace of what was recorded until now.
---@param path string absolute
---@return boolean? done
---@return string? message
function M.write(path)
  if not trace.enabled() then return nil, "no trace was begun" end
  local written, message = trace.write(path)
  if not written then return nil, message end
  return true
end

return M
