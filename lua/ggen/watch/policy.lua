-- The plugin of kind watch: which changes are a reason to run again. One that raises, or answers
-- with something else than changes that it was given, is named once and left out from then on.
-- SPDX-License-Identifier: MIT
local registry = require("ggen.registry")

local M = {}

---@class ggen.WatchPolicy
---@field package _instance ggen.Instance?
---@field package _warn fun(text: string)
local Policy = {}
Policy.__index = Policy

---@param instance ggen.Instance of kind watch
---@param warn fun(text: string)
---@return ggen.WatchPolicy
function M.new(instance, warn)
  return setmetatable({ _instance = instance, _warn = warn }, Policy)
end

-- Of what it was given by the path and the kind: one from another process is a copy.
local function key_of(event)
  return type(event) == "table" and type(event.path) == "string" and type(event.kind) == "string"
    and event.kind .. " " .. event.path
end

local function problem_of(answer, events)
  if type(answer) ~= "table" then
    return ("a list of changes expected, got %s"):format(type(answer))
  end
  local given = {}
  for _, event in ipairs(events) do given[key_of(event)] = true end
  for at, event in pairs(answer) do
    if type(at) ~= "number" or at < 1 or at > #answer or not given[key_of(event)] then
      return "it may return changes that it was given, and nothing else"
    end
  end
end

---@param events ggen.FileEvent[]
---@return ggen.FileEvent[] changes those that count
function Policy:changes(events)
  local instance = self._instance
  if not instance or not instance.impl.batch or #events == 0 then return events end
  local ok, answer = registry.call(instance, "batch", events)
  if ok then
    local problem = problem_of(answer, events)
    if not problem then return answer end
    answer = ("plugin %q, method batch: %s"):format(instance.name, problem)
  end
  self._instance = nil
  self._warn(answer .. " (it is left out, and all changes count)")
  return events
end

return M
