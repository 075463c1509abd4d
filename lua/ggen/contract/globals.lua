-- Whether somebody wrote a global variable, or something into the libraries of Lua.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")

local M = {}

local LIBRARIES = { "string", "table", "math", "io", "os", "coroutine", "debug", "package", "bit",
  "jit" }

---@class ggen.contract.Globals
---@field package _before table<string, table<any, any>>
local Globals = {}
Globals.__index = Globals

local function tables()
  local list = { _G = _G }
  for _, name in ipairs(LIBRARIES) do list[name] = _G[name] end
  return list
end

local function copy_of(map)
  local copy = {}
  for key, value in pairs(map) do copy[key] = value end
  return copy
end

---What there is now.
---@return ggen.contract.Globals
function M.now()
  local before = {}
  for name, map in pairs(tables()) do before[name] = copy_of(map) end
  return setmetatable({ _before = before }, Globals)
end

---What has been written since; it is taken back.
---@return string? names
function Globals:changed()
  local found = {}
  for name, map in sorted.pairs(tables()) do
    local before = self._before[name]
    for key, value in pairs(copy_of(map)) do
      if before[key] ~= value then
        found[#found + 1] = name .. "." .. tostring(key)
        rawset(map, key, before[key])
      end
    end
  end
  table.sort(found)
  return #found > 0 and table.concat(found, ", ") or nil
end

return M
