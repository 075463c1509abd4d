-- The plugins whose choice changes what tasks make, as parts of their keys: the fingerprint of all,
-- the executor of each.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local hash = require("ggen.core.hash")

local M = {}

-- What a plugin was told that matters for results and is not what it does anyway.
local function told(instance)
  local encode, settings = require("ggen.core.json").encode, {}
  for name, value in pairs(instance.params or {}) do
    local param = instance.plugin.params[name] or {}
    local usual
    if param.default ~= nil then usual = require("ggen.schema").check(param, param.default) end
    local differs = usual == nil or encode(value) ~= encode(usual)
    if differs and param.key ~= false then settings[name] = value end
  end
  return settings
end

-- A plugin whose choice changes what a task makes.
local function add(parts, instance, settings)
  local code, n = instance.path and hash.file(instance.path) or "", #parts
  parts[n + 1], parts[n + 2] = "plugin", instance.name
  parts[n + 3] = ("%s %s %s"):format(instance.plugin.version, code,
    require("ggen.core.json").encode(settings))
end

---The fingerprint plugin, as parts of every key.
---@param plugins ggen.Registry
---@return string[] parts kind, name, value, kind, ...
function M.everywhere(plugins)
  local parts, instance = {}, plugins:get("fingerprint")
  if instance and instance.name ~= "fingerprint.content" then
    add(parts, instance, told(instance))
  end
  return parts
end

-- What the host would choose itself, and as it would set it up, makes no difference.
local DEFAULT = { ["executor.process"] = true, ["executor.container"] = true }

---Those that may run tasks, if one makes a difference. A dry run has the keys of a real one.
---@param plugins ggen.Registry
---@return ggen.Instance[]
function M.executors(plugins)
  local list, differs = {}, false
  for _, instance in ipairs(plugins:all("executor")) do
    if instance.name ~= "executor.dry-run" then
      list[#list + 1] = instance
      differs = differs or not DEFAULT[instance.name] or next(told(instance)) ~= nil
    end
  end
  return differs and list or {}
end

---Adds the executor that will run a task.
---@param executors ggen.Instance[]
---@param task ggen.Task
---@param parts string[] is added to
function M.add_executor(executors, task, parts)
  local chosen, message = require("ggen.executors").choose(executors, task)
  if message then fault.raise(message) end
  local settings = chosen and told(chosen) or {}
  if chosen and (not DEFAULT[chosen.name] or next(settings) ~= nil) then
    add(parts, chosen, settings)
  end
end

return M
