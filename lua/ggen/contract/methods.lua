-- The methods of a plugin, and what the contract says of each (kinds.lua): whether it is pure,
-- whether it may wait, and how much time it has.
-- SPDX-License-Identifier: MIT
local kinds = require("ggen.kinds")
local sorted = require("ggen.sorted")

local M = {}

---@param kind string
---@param method string
---@return ggen.KindMethod
function M.of(kind, method) return kinds.any[method] or kinds.kinds[kind].methods[method] end

---The methods of a plugin that is set up, in the order in which the host calls them.
---@param kind string
---@param impl table
---@param order string[]? those that have an order
---@return string[]
function M.list(kind, impl, order)
  local names, taken = {}, {}
  local function take(name)
    if taken[name] or type(impl[name]) ~= "function" then return end
    taken[name] = true
    names[#names + 1] = name
  end
  for _, name in ipairs(order or {}) do take(name) end
  for _, name in ipairs(sorted.keys(kinds.kinds[kind].methods)) do take(name) end
  take("health")
  return names
end

return M
