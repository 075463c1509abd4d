-- Plugins that are no part of the build, found and loaded: a file beside the pipeline, one that the
-- lock of the project names, a rock that is just there. Where the code of each may run is decided
-- here: with the usual globals, in an environment of its own, or in a process of its own.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local locate = require("ggen.locate")

local M = {}

---@alias ggen.Place { file: string?, line: integer?, dir: string?, project: string? } where a
---pipeline names a plugin; dir: that of paths; project: that of the lock, where it is another
---@alias ggen.OnChunk fun(chunk: string, name: string, place: ggen.Place) is told how the code of
---a plugin will be called, before it runs

local loaded_isolated = {} -- by path and directory: a plugin is read once

-- How messages name a file.
local function shown(path) return locate.display(path, fs.cwd()) end

-- One that marks itself runs in a process of its own, wherever it lies.
local function own_process(name, path, place, code)
  local key = path .. "\0" .. code
  if loaded_isolated[key] == nil then
    loaded_isolated[key] = require("ggen.isolation.process").plugin(name, path,
      { dir = place.project or place.dir or fs.cwd(), search_path = package.path })
  end
  return loaded_isolated[key]
end

-- A plugin file beside the pipeline sees the usual globals and cannot add to them.
local function load_file(file, chunk_name, plugin_name, path, place)
  local code = file:read("*a")
  file:close()
  if code:find("trust", 1, true) and require("ggen.isolation.mark").is_in(code) then
    return own_process(plugin_name, path, place, code)
  end
  local chunk, message = loadstring(code:gsub("^#[^\n]*", ""), "@" .. chunk_name)
  if not chunk then error(message, 0) end
  setfenv(chunk, require("ggen.plugin_globals").new(plugin_name, function(_, name)
    error(("assignment to the global %q (write: local %s = ...)"):format(tostring(name),
      tostring(name)), 2)
  end))
  local plugin = chunk()
  local problem = type(plugin) == "table" and plugin.trust ~= nil
    and require("ggen.isolation.mark").problem(plugin)
  if problem then error(problem, 0) end
  return plugin
end

---A plugin that is named by the path of its file.
---@param path string
---@param name string as the pipeline names it
---@param place ggen.Place
---@param on_chunk ggen.OnChunk
---@return any plugin what the file returned
---@return string? message
---@return string? why "not_found", "broken"
function M.by_path(path, name, place, on_chunk)
  local chunk = shown(path)
  on_chunk(chunk, name, place)
  local file = io.open(path, "rb")
  if not file then return nil, ("there is no file %s"):format(chunk), "not_found" end
  local ok, plugin = pcall(load_file, file, chunk, name, path, place)
  if not ok then return nil, tostring(plugin), "broken" end
  if plugin == nil then return nil, "the file returned nothing (return the plugin)", "broken" end
  return plugin
end

-- found: what the lock of the project says of it; nil for a rock that is just there.
local function isolated(name, path, dir, found)
  local key = path .. "\0" .. dir
  local plugin = loaded_isolated[key]
  if plugin == nil then
    plugin = require("ggen.isolation.load").plugin(name, path, found
      and { dir = dir, search_path = found.search_path, granted = found.permissions,
        find = found.find, read = found.read, trust = found.trust }
      or { dir = dir, search_path = package.path })
    loaded_isolated[key] = plugin
  end
  return plugin
end

-- One that the lock of the project names: nothing else of that name is looked for.
local function locked(name, short_name, place, on_chunk, installed)
  local found = installed:plugin(short_name)
  on_chunk(shown(found.path), name, place)
  local ok, plugin = pcall(isolated, name, found.path, place.dir or ".", found)
  if installed.problem then return nil, installed.problem, "locked" end
  if not ok then return nil, tostring(plugin), "broken" end
  local problem = require("ggen.plugin.installed").beyond(found.permissions, plugin, short_name)
  if problem then return nil, problem, "level" end
  return plugin
end

---A plugin of a rock.
---@param kind string
---@param short string its name without the kind
---@param name string as the pipeline names it
---@param place ggen.Place
---@param on_chunk ggen.OnChunk
---@return any plugin
---@return string? message
---@return string? why "not_found", "broken", "locked" (its files are not what the lock says),
---"level" (it wants more than the lock grants)
function M.by_rock(kind, short, name, place, on_chunk)
  local dir, short_name = place.dir or ".", kind .. "." .. short
  local installed = require("ggen.plugin.installed").of(place.project
    or dir:sub(1, 1) == "/" and dir or fs.cwd())
  if installed and installed:has(short_name) then
    return locked(name, short_name, place, on_chunk, installed)
  end
  local path = package.searchpath("ggen.plugins." .. short_name, package.path)
  if not path then
    if installed and installed:is_unlocked(short_name) then
      return nil, ("it lies in .ggen/plugins, and ggen-lock.json does not name it: ggen-lua"
        .. " plugin add takes it, or git has a lock that does"), "not_found"
    end
    local names = installed and installed:names() or {}
    for _, builtin in ipairs(require("ggen.registry").builtin()) do names[#names + 1] = builtin end
    return nil, require("ggen.plugin.absent").message(kind, short, names), "not_found"
  end
  on_chunk(shown(path), name, place)
  local ok, plugin = pcall(isolated, name, path, dir)
  if not ok then return nil, tostring(plugin), "broken" end
  return plugin
end

return M
