-- Which executor runs a task: one that accepts it before those that take any. Runs nothing.
-- SPDX-License-Identifier: MIT
local registry = require("ggen.registry")

local M = {}

---The last one used that accepts the task; else the last one that does not ask.
---@param list ggen.Instance[] of kind executor
---@param task ggen.Task
---@return ggen.Instance? chosen nil: none accepts it
---@return string? message a plugin is broken
function M.choose(list, task)
  local any
  for i = #list, 1, -1 do
    local instance = list[i]
    if not instance.impl.accepts then
      any = any or instance
    else
      local ok, accepted = registry.call(instance, "accepts", task)
      if not ok then return nil, accepted end
      if type(accepted) ~= "boolean" then
        return nil, ("plugin %q, method accepts: true or false expected, got %s"):format(
          instance.name, type(accepted))
      end
      if accepted then return instance end
    end
  end
  return any
end

return M
