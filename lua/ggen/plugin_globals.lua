-- The globals of plugin files beside the pipeline, and of the modules that they require: `os` and
-- `io` tell what they ask for (plugin_variables.lua, plugin_io.lua), the rest is as usual. Not a
-- wall: what lies in the project is trusted.
-- SPDX-License-Identifier: MIT
local M = {}

-- What makes functions of texts, with the place of their argument for globals: without ours such a
-- function would see the other ones.
local COMPILERS = { load = 4, loadstring = 4, loadfile = 3 }

local function compiler(name, globals)
  return function(...)
    local chunk, message = _G[name](...)
    if chunk and select("#", ...) < COMPILERS[name] then setfenv(chunk, globals) end
    return chunk, message
  end
end

local function globals_of(path, on_new)
  local globals = { os = require("ggen.plugin_variables").os(path),
    io = require("ggen.plugin_io").new(path) }
  globals.require = function(name)
    if name == "os" or name == "io" then return globals[name] end
    return require(name)
  end
  for name in pairs(COMPILERS) do globals[name] = compiler(name, globals) end
  globals.dofile = function(...) return assert(globals.loadfile(...))() end
  return setmetatable(globals, { __index = _G, __newindex = on_new })
end

local watched -- whether modules are loaded by ours

-- From here on modules of files have such globals too, and may add to those of all. Those of the
-- host are in no file.
local function watch_modules()
  if watched then return end
  watched = true
  for i = 2, #package.loaders do -- the first is package.preload: functions of others
    local loader = package.loaders[i]
    package.loaders[i] = function(name)
      local chunk = loader(name)
      local info = type(chunk) == "function" and debug.getinfo(chunk, "S")
      if info and info.what ~= "C" and info.source:sub(1, 6) ~= "@ggen:" then
        local path = info.short_src
        setfenv(chunk, globals_of(path:find("^[./]") and path or "./" .. path, _G))
      end
      return chunk
    end
  end
end

---The globals of the file of a plugin beside the pipeline.
---@param path string as the pipeline names it
---@param on_new fun(globals: table, name: any) for one that it adds
---@return table
function M.new(path, on_new)
  watch_modules()
  return globals_of(path, on_new)
end

return M
