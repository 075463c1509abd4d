-- `when`: whether a task takes part in this run.
-- SPDX-License-Identifier: MIT
local contains = require("ggen.contains")

local M = {}

---The name of this system, as Rust has it too.
M.SYSTEM = jit.os == "OSX" and "macos" or jit.os:lower()

local function table_holds(condition, dir)
  if type(condition.env) == "string" and not os.getenv(condition.env) then
    return false, ("the variable %s is not set"):format(condition.env)
  end
  if type(condition.env) == "table" then
    for name, value in pairs(condition.env) do
      if os.getenv(name) ~= value then return false, ("%s is not %q"):format(name, value) end
    end
  end
  if condition.os and not contains(condition.os, M.SYSTEM) then
    return false, "this is " .. jit.os
  end
  if condition.arch and not contains(condition.arch, jit.arch) then
    return false, "this is " .. jit.arch
  end
  for _, path in ipairs(condition.file or {}) do
    if not require("ggen.core.fs").stat(path:sub(1, 1) == "/" and path or dir .. "/" .. path) then
      return false, ("there is no file %s"):format(path)
    end
  end
  return true
end

---@async
---@param task ggen.Task
---@param ctx ggen.Context
---@return boolean holds, string? reason why not
function M.holds(task, ctx)
  local condition = task.spec.when
  if condition == nil or condition == true then return true end
  if condition == false then return false, "when = false" end
  if type(condition) == "function" then
    if condition(require("ggen.context").user(ctx)) then return true end
    return false, "its when function said no"
  end
  if condition.lifecycle then return require("ggen.lifecycle.admission").holds(task, ctx) end
  return table_holds(condition, task.dir)
end

return M
