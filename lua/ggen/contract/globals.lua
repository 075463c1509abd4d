-- Whether somebody wrote a global variable, or something into the libraries of Lua, what all texts
-- have, or the modules of ggen.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")

local M = {}

local LIBRARIES = { "string", "table", "math", "io", "os", "coroutine", "debug", "package", "bit",
  "jit" }

---@class ggen.contract.Globals
---@field package _before table<string, table<any, any>>
local Globals = {}
Globals.__index = Globals

-- Modules of ggen, but for plugins and for what proves them: by their functions.
local function is_module(name)
  return name:find("^ggen%f[%z.]") and not name:find("^ggen%.plugins%.")
    and not name:find("^ggen%.contract")
end

local TEXTS = "the metatable of texts"

local function tables()
  local list = { _G = _G, [TEXTS] = debug.getmetatable("") }
  for _, name in ipairs(LIBRARIES) do list[name] = _G[name] end
  for name, module in pairs(package.loaded) do
    if type(module) == "table" and is_module(name) then list[name] = module end
  end
  return list
end

local function copy_of(map)
  local copy = {}
  for key, value in next, map do copy[key] = value end
  return copy
end

-- What a module of ggen keeps for itself, and its parts that are loaded when somebody asks.
local function is_own(name, key, before, now)
  -- Once a plugin is isolated, texts have a copy of string (isolation/globals.lua).
  if name == TEXTS and key == "__index" then
    return type(now) == "table" and rawget(now, "format") == string.format
  end
  if not is_module(name) then return false end
  if type(before) == "function" then return false end
  if before ~= nil then return true end
  if name ~= "ggen" and name ~= "ggen.std" then return type(now) ~= "function" end
  for _, module in pairs(package.loaded) do
    if rawequal(module, now) then return true end
  end
  return false
end

---What there is now.
---@return ggen.contract.Globals
function M.now()
  local before = {}
  for name, map in pairs(tables()) do before[name] = copy_of(map) end
  return setmetatable({ _before = before, _loaded = copy_of(package.loaded) }, Globals)
end

-- Modules in whose place somebody has put something else.
local function replaced(self, found)
  for name, module in pairs(self._loaded) do
    local now = package.loaded[name]
    if is_module(name) and not rawequal(now, module) and now ~= nil then
      found[#found + 1] = ("package.loaded[%q]"):format(name)
      package.loaded[name] = module
    end
  end
end

---What has been written since; it is taken back.
---@return string? names
function Globals:changed()
  local found = {}
  replaced(self, found)
  for name, map in sorted.pairs(tables()) do
    local before = self._before[name] or map
    local keys = copy_of(map)
    for key, value in next, before do keys[key] = value end
    for key in next, keys do
      local value = rawget(map, key)
      if not rawequal(before[key], value) and not is_own(name, key, before[key], value) then
        found[#found + 1] = name .. "." .. tostring(key)
        rawset(map, key, before[key])
      end
    end
  end
  table.sort(found)
  return #found > 0 and table.concat(found, ", ") or nil
end

return M
