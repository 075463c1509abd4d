-- Which plugin is meant: by its name, by the path of its file, or by the rock in a directory.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")

local M = {}

local MOST_BYTES = 4 * 1024 * 1024 -- of the file of a plugin
local ROOTS = { "lua", "src", "." } -- where the modules of a rock lie

---@class ggen.PluginTarget
---@field name string "kind.name", or what was asked for
---@field plugin ggen.Plugin
---@field path string? of its file
---@field source string? text of its file

---Runs what loads a plugin of which little is known: one that does not end is an error.
---@param name string
---@param limit number seconds
---@param load fun(...): ggen.Plugin
---@param ... any its arguments
---@return ggen.Plugin raises a fault
function M.within(name, limit, load, ...)
  local watchdog = require("ggen.core.watchdog")
  jit.off() -- a loop that is compiled cannot be stopped
  local message = ("plugin %q is still loading after %s"):format(name,
    require("ggen.units").format_duration(limit))
  watchdog.start(limit, message)
  local ok, plugin = pcall(load, ...)
  local late = watchdog.stop()
  jit.on()
  if late then fault.raise(message) end
  if not ok then error(plugin, 0) end
  return plugin
end

---@param name string
---@param place table as ggen.registry.load takes it
---@param limit number seconds
---@return ggen.Plugin raises a fault
function M.load(name, place, limit)
  return M.within(name, limit, require("ggen.registry").load, name, place)
end

---A plugin in the sources of its rock, as it will run when it is installed.
---@param root string where the modules of the rock lie, with "/" at its end
---@param kind string of its directory
---@param short string the path of its file there, without ".lua"
---@param path string of its file
---@param dir string absolute: what it may touch
---@return ggen.Plugin raises a fault
function M.of_rock(root, kind, short, path, dir)
  short = short:gsub("/init$", "")
  local ok, plugin = pcall(require("ggen.isolation.load").plugin, kind .. "." .. short, path,
    { dir = dir, search_path = root .. "?.lua;" .. root .. "?/init.lua" })
  local checked, message
  if ok then checked, message = require("ggen.registry").check(plugin)
  else message = tostring(plugin) end
  if checked and checked.kind ~= kind then
    message = ("it lies in %s, and says that its kind is %q"):format(kind, checked.kind)
  elseif checked and checked.name ~= short then
    message = ("its file is that of %s, and it says that its name is %q"):format(short,
      checked.name)
  end
  if message then fault.raise(("plugin %q is broken: %s"):format(path, message)) end
  return checked
end

---The plugins of the rock in a directory.
---@param dir string
---@return { kind: string, name: string, path: string }[] found, path relative to the directory
function M.in_directory(dir)
  local found = {}
  for _, root in ipairs(ROOTS) do
    local base = dir .. "/" .. root .. "/ggen/plugins"
    if fs.stat(base) then
      for _, path in ipairs(fs.glob(base, { "*/*.lua", "*/*/init.lua" }) or {}) do
        local kind, name = path:gsub("/init%.lua$", ".lua"):match("^(%a+)/([^/]+)%.lua$")
        if kind and require("ggen.kinds").kinds[kind] then
          found[#found + 1] = { kind = kind, name = name,
            path = ("%s/ggen/plugins/%s"):format(root, path) }
        end
      end
      if #found > 0 then return found end
    end
  end
  return found
end

-- The text of a plugin that was loaded by its name; built-in ones have no comments any more.
local function source_of(name, project)
  local plain = name:gsub("/", ".", 1)
  if require("ggen.core.embedded").has("ggen.plugins." .. plain) then return nil end
  local installed = require("ggen.plugin.installed").of(project)
  local found = installed and installed:plugin(plain)
  if found then return (found.read(found.path)) end
  local path = package.searchpath("ggen.plugins." .. plain, package.path)
  return path and fs.read(path, MOST_BYTES)
end

---@param name string?
---@param dir string absolute
---@param limit number seconds for its file
---@return ggen.PluginTarget raises a fault
function M.find(name, dir, limit)
  local shown, path = name, nil
  local project = require("ggen.locate").find(dir) or dir -- the lock is that of the project
  if not name then
    local found = M.in_directory(dir)
    if #found ~= 1 then
      fault.raise(#found == 0
        and "no plugin here (no file lua/ggen/plugins/KIND/NAME.lua): name one"
        or ("there are %d plugins here: name one, as in ./%s"):format(#found, found[1].path))
    end
    shown = found[1].kind .. "." .. found[1].name
    name = "./" .. found[1].path
  end
  if name:find("^%.?%.?/") then
    path = name:sub(1, 1) == "/" and name or dir .. "/" .. name:gsub("^%./", "")
  end
  local plugin = M.load(path or name, { dir = dir, project = project }, limit)
  if path and shown == name and plugin.kind and path:find("/ggen/plugins/") then
    shown = plugin.kind .. "." .. plugin.name
  end
  local source = path and fs.read(path, MOST_BYTES) or not path and source_of(name, project)
  return { name = shown, plugin = plugin, path = path, source = source or nil }
end

return M
