-- cargo-make's `condition`: whether a task takes part. What is asked of the world goes through
-- `world`, because the same question is asked while loading and in a run.
-- SPDX-License-Identifier: MIT
local SYSTEM = require("ggen.conditions").SYSTEM
local contains = require("ggen.contains")

local M = {}

---@class ggen.ConditionWorld
---@field variable fun(name: string): string?
---@field exists fun(path: string): boolean
---@field run (fun(script: string): integer)? exit code

-- The name of cargo-make for the platform.
local PLATFORM = jit.os == "OSX" and "mac" or jit.os:lower()

-- What cargo-make takes for false.
local FALSE = { [""] = true, ["0"] = true, ["false"] = true, ["no"] = true }

local checks = {}

function checks.platforms(platforms)
  return contains(platforms, PLATFORM), "this is " .. PLATFORM
end

function checks.os(systems)
  return contains(systems, SYSTEM), "this is " .. SYSTEM
end

function checks.disabled() return false, "it is disabled" end

function checks.profiles(profiles, world)
  local own = world.variable("CARGO_MAKE_PROFILE") or "development"
  return contains(profiles, own), ("the profile is %s"):format(own)
end

function checks.env_set(names, world)
  for _, name in ipairs(names) do
    if not world.variable(name) then return false, ("the variable %s is not set"):format(name) end
  end
  return true
end

function checks.env_not_set(names, world)
  for _, name in ipairs(names) do
    if world.variable(name) then return false, ("the variable %s is set"):format(name) end
  end
  return true
end

function checks.env_true(names, world)
  for _, name in ipairs(names) do
    local value = world.variable(name)
    if not value or FALSE[value:lower()] then return false, ("%s is not true"):format(name) end
  end
  return true
end

function checks.env_false(names, world)
  for _, name in ipairs(names) do
    local value = world.variable(name)
    if not value or not FALSE[value:lower()] then return false, ("%s is not false"):format(name) end
  end
  return true
end

function checks.env(values, world)
  for name, value in pairs(values) do
    if world.variable(name) ~= value then return false, ("%s is not %q"):format(name, value) end
  end
  return true
end

local function with_variables(path, world)
  return (path:gsub("%${([%a_][%w_]*)}", function(name) return world.variable(name) or "" end))
end

function checks.files_exist(paths, world)
  for _, path in ipairs(paths) do
    path = with_variables(path, world)
    if not world.exists(path) then return false, ("there is no file %s"):format(path) end
  end
  return true
end

function checks.files_not_exist(paths, world)
  for _, path in ipairs(paths) do
    path = with_variables(path, world)
    if world.exists(path) then return false, ("there is a file %s"):format(path) end
  end
  return true
end

function checks.script(script, world)
  if not world.run then return false, "condition_script is not run while loading" end
  local code = world.run(script)
  return code == 0, ("its condition_script ended with %d"):format(code)
end

local ORDER = { "disabled", "platforms", "os", "profiles", "env_set", "env_not_set", "env_true",
  "env_false", "env", "files_exist", "files_not_exist", "script" }

---@param condition table of the model
---@param world ggen.ConditionWorld
---@return boolean holds, string? reason why not
function M.holds(condition, world)
  for _, name in ipairs(ORDER) do
    local value = condition[name]
    if value ~= nil then
      local good, reason = checks[name](value, world)
      if not good then return false, condition.fail_message or reason end
    end
  end
  return true
end

return M
