-- The trace of the run (public as ggen.trace), for plugins: begun once, however many want it, and
-- written by each. What is in it is decided where the spans are made (lanes.lua, registry.lua).
-- SPDX-License-Identifier: MIT
local trace = require("ggen.core.trace")

local M = {}

---Begins to record; one that --trace or another plugin has begun goes on.
function M.start()
  if not trace.enabled() then trace.enable() end
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
