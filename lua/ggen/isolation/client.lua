-- `require "ggen"` in the process of a plugin. What only computes is done here, by the same code
-- that the host has; all else is asked of the host, which looks at the permissions.
-- SPDX-License-Identifier: MIT
local api = require("ggen.isolation.api")
local fault = require("ggen.fault")

local M = {}

-- Functions that only compute, by module; true: all that there are.
local HERE = { evict = true, json = true, schema = true, suggest = true, units = true }
local STD_HERE = {
  glob = { match = true }, json = true, list = true, matrix = true, path = true,
  retry = { delay = true }, semver = true, sh = { quote = true, join = true, split = true },
  text = true, toml = true,
}

---Stands for what a cancelled wait raises, of which a plugin sees nothing.
M.CANCELLED = setmetatable({}, { __metatable = false, __newindex = function()
  error("what the host gives cannot be changed", 2)
end })

local OWN = { ["async.CANCELLED"] = M.CANCELLED }

local function NOWHERE() return false end

---Reads what could not be read any more once the process is shut in.
function M.preload()
  local public = require("ggen")
  for name in pairs(HERE) do local _ = public[name] end
  for name in pairs(STD_HERE) do local _ = public.std[name] end
end

local function caught(ok, ...)
  if ok then return ... end
  local value = ...
  if fault.is(value) then value = tostring(value) end
  error(value, 0)
end

-- Errors of ours are objects; a plugin gets texts.
local function here(fn)
  return function(...) return caught(pcall(fn, ...)) end
end

local function is_here(list, module, name)
  local functions = list[module]
  return functions == true or functions ~= nil and functions[name] == true
end

---@param call fun(path: string, ...): ... calls a function of the host
---@param value fun(path: string): any asks for a value of the host
---@return table ggen
function M.new(call, value)
  local function remote(path)
    return function(...) return call(path, ...) end
  end

  local functions_of
  functions_of = function(title, path, module, list, is_local, constants)
    local names = {}
    for name in pairs(list) do names[name] = true end
    for _, name in ipairs(constants or {}) do names[name] = true end
    return api.lazily(title, names, function(name)
      local below = path .. "." .. name
      if OWN[below] then return OWN[below] end
      if list[name] == nil then return value(below) end
      if type(list[name]) == "table" then
        return functions_of(title .. "." .. name, below, nil, list[name], NOWHERE)
      end
      if is_local(name) then return here(module()[name]) end
      return remote(below)
    end)
  end

  local public = require("ggen")
  local std_names, names = {}, { std = true, VERSION = true, API = true,
    loading = true, deprecate = true }
  for name in pairs(api.std) do std_names[name] = true end
  for name in pairs(api.modules) do names[name] = true end
  local std = api.lazily("ggen.std", std_names, function(name)
    if api.std_needs[name] == "process" then call("may_start") end
    return functions_of("ggen.std." .. name, "std." .. name, function() return public.std[name] end,
      api.std[name], function(fn) return is_here(STD_HERE, name, fn) end, api.std_constants[name])
  end)

  return api.lazily("ggen", names, function(name)
    if name == "std" then return std end
    if name == "deprecate" then return remote("deprecate") end
    if name == "loading" then return remote("loading") end
    if name == "VERSION" or name == "API" then return public[name] end
    return functions_of("ggen." .. name, name, function() return public[name] end,
      api.modules[name], function(fn) return is_here(HERE, name, fn) end, api.constants[name])
  end)
end

return M
