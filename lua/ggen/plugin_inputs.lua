-- The code of plugins as inputs of the configuration: what is remembered of loading holds while it
-- is what it was. Knows where the code of a plugin lies, and runs none of it.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local registry = require("ggen.registry")

local M = {}

-- Modules of the standard library of LuaJIT that are not preloaded.
local STANDARD = { _G = true, string = true, table = true, math = true, io = true, os = true,
  debug = true, coroutine = true, package = true, bit = true, jit = true, ["jit.opt"] = true,
  ["jit.util"] = true, ["jit.profile"] = true }

-- Records where a module of a rock was found, and where it was not.
local function record_module(name, inputs)
  for _, variable in ipairs({ "LUA_PATH", "LUA_CPATH" }) do inputs:variable(variable) end
  local relative = name:gsub("%.", "/")
  for template in (package.path .. ";" .. package.cpath):gmatch("[^;]+") do
    local path = template:gsub("%?", (relative:gsub("%%", "%%%%")))
    if path:sub(1, 1) ~= "/" then path = fs.cwd() .. "/" .. path end
    if inputs:exists(path) then
      inputs:read(path)
      return
    end
  end
end

---Makes the code of plugins an input of the configuration: their files, the modules of rocks that
---have been loaded so far, and the variables that they asked for.
---@param uses { name: string, dir: string }[]
---@param inputs userdata
function M.record(uses, inputs)
  local embedded, modules = {}, {}
  for _, name in ipairs(require("ggen.core.embedded").names()) do embedded[name] = true end
  local function add_rock(kind, short, dir)
    local module = "ggen.plugins." .. kind .. "." .. short
    if embedded[module] or package.preload[module] then return end
    modules[module] = not require("ggen.plugin.installed").record(kind .. "." .. short, dir, inputs)
      or nil
  end
  for _, entry in ipairs(uses) do
    local kind, short = entry.name:match("^(%a+)[./](.+)$")
    local path = registry.path_of(entry.name, entry.dir)
    if path then
      inputs:read(path)
    elseif kind then
      add_rock(kind, short, entry.dir)
    end
  end
  for name in pairs(package.loaded) do
    -- What the program itself makes lies in no file.
    if not name:find("^ggen%.core%.") and name ~= "ggen.version" then modules[name] = true end
  end
  for name in pairs(modules) do
    if not embedded[name] and not package.preload[name] and not STANDARD[name] then
      record_module(name, inputs)
    end
  end
  for name in pairs(require("ggen.plugin_variables").asked) do inputs:variable(name) end
end

return M
