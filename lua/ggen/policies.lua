-- The cache policies of a run, asked as one: each has a say, and one that refuses is enough. A
-- policy that raises or says neither yes nor no is named once and left out from then on.
-- SPDX-License-Identifier: MIT
local registry = require("ggen.registry")

local M = {}

---@class ggen.Policies
local Policies = {}
Policies.__index = Policies

---What is said of an answer that is neither yes nor no.
---@param instance ggen.Instance
---@param method string
---@param answer any
---@return string
function M.no_boolean(instance, method, answer)
  return ("plugin %q, method %s: a boolean expected, got %s"):format(instance.name, method,
    type(answer) == "string" and ("%q"):format(answer) or tostring(answer))
end

---@param instances ggen.Instance[] of kind cache
---@param events ggen.Events
---@return ggen.Policies
function M.new(instances, events)
  return setmetatable({ _instances = instances, _events = events, _failed = {} }, Policies)
end

---@param method string "lookup" or "admit"
---@param ... any its arguments
---@return boolean yes
---@return (string|number)? reason of the one that refused, with its name; or for how many seconds
---the answer holds, whatever else happens
function Policies:ask(method, ...)
  local holds = math.huge
  for _, instance in ipairs(self._instances) do
    if instance.impl[method] and not self._failed[instance] then
      local ok, answer, reason = registry.call(instance, method, ...)
      if ok and answer ~= nil and type(answer) ~= "boolean" then
        ok, answer = false, M.no_boolean(instance, method, answer)
      end
      if not ok then
        self._failed[instance] = true
        self._events:note("warning", answer .. " (the policy is left out from here on)")
      elseif answer == false then
        return false, ("%s: %s"):format(instance.plugin.name, reason or "refused")
      end
      holds = math.min(holds, ok and type(reason) == "number" and reason or 0)
    end
  end
  return true, holds
end

---@param method string
---@return boolean somebody has it
function Policies:have(method)
  for _, instance in ipairs(self._instances) do
    if instance.impl[method] then return true end
  end
  return false
end

return M
