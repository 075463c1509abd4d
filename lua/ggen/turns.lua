-- Writers that work at the same time and share one log, as the function hooks of a task do: the
-- lines of each stay together, in the order in which they began. Who is first writes through; the
-- others are kept until it is their turn. Knows nothing of hooks.
-- SPDX-License-Identifier: MIT
local output = require("ggen.core.output")

local M = {}

---@class ggen.Turns
---@field package _sink fun(): userdata the log that they share
---@field package _queue table[] those that have not had their turn to the end
local Turns = {}
Turns.__index = Turns

---@param sink fun(): userdata made when somebody writes first
---@return ggen.Turns
function M.new(sink) return setmetatable({ _sink = sink, _queue = {} }, Turns) end

---A writer begins.
---@return { log: fun(): userdata } writer log() is where it writes
function Turns:begin()
  local queue = self._queue
  local writer = {}
  -- Asked each time: the first of them has no log of its own.
  function writer.log()
    if queue[1] == writer then return writer.own or self._sink() end
    writer.own = writer.own or output.log({})
    return writer.own
  end
  queue[#queue + 1] = writer
  return writer
end

---A writer has written its last.
---@param writer table of begin()
function Turns:finish(writer)
  local queue = self._queue
  writer.ended = true
  while queue[1] and queue[1].ended do
    table.remove(queue, 1)
    local first = queue[1]
    if first and first.own then first.own:attach(self._sink()) end
  end
end

return M
