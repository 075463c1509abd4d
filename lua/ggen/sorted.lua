-- Tables in an order that does not change from run to run. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

---@param map table<string, any>
---@param before (fun(a: any, b: any): boolean)? where they are not all of one type
---@return string[] keys
function M.keys(map, before)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, before)
  return keys
end

---As pairs(), in the order of the keys.
---@param map table<string, any>
---@param before (fun(a: any, b: any): boolean)? where they are not all of one type
---@return fun(): string?, any
function M.pairs(map, before)
  local keys, i = M.keys(map, before), 0
  return function()
    i = i + 1
    return keys[i], map[keys[i]]
  end
end

return M
