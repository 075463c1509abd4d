-- Loads an installed plugin into an environment of its own: it sees what is public of ggen-lua, the
-- part of Lua that touches nothing outside, and the Lua modules beside it. This keeps accidents and
-- carelessness away from the project; it is no wall against code that is out to get through.
-- SPDX-License-Identifier: MIT
local api = require("ggen.isolation.api")
local fs = require("ggen.core.fs")
local globals = require("ggen.isolation.globals")
local locate = require("ggen.locate")
local membrane = require("ggen.isolation.membrane")
local permissions = require("ggen.isolation.permissions")
local views = require("ggen.isolation.views")

local M = {}

local MOST_BYTES = 4 * 1024 * 1024 -- of a file of a plugin
local BYTECODE = 27

local function read(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text = file:read(MOST_BYTES + 1) or ""
  file:close()
  if #text > MOST_BYTES then return nil, path .. ": the file is larger than 4 MiB" end
  if text:byte(1) == BYTECODE then return nil, path .. ": it is compiled (a source is loaded)" end
  return text
end

-- A module of Lua on the given path. Modules in C are not looked for.
local function find(name, find_named, search_path)
  if not name:find("^[%w_%-][%w_%-%.]*$") or name:find("%.%.") then
    error(("require: %q is no name of a module"):format(name), 0)
  end
  local relative = name:gsub("%.", "/")
  if find_named then return find_named(relative) end
  for template in search_path:gmatch("[^;]+") do
    local path = template:gsub("%?", (relative:gsub("%%", "%%%%")))
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
end

local LIBRARIES = { "string", "table", "math", "os", "coroutine", "bit", "_G" }

local function requirer(plugin, ggen, options)
  local env
  local loaded, loading = { ggen = ggen }, {}
  local read_text = options.read or read
  local function run(path, ...)
    local text, message = read_text(path)
    if not text then error(message, 0) end
    local chunk
    chunk, message = loadstring(text:gsub("^#[^\n]*", ""), "@" .. locate.display(path, fs.cwd()))
    if not chunk then error(message, 0) end
    return setfenv(chunk, env)(...)
  end
  local function require_module(name)
    if type(name) ~= "string" then error("require: a text expected, got a " .. type(name), 2) end
    if loaded[name] ~= nil then return loaded[name] end
    local part = name:match("^ggen%.std%.(.+)$")
    if name == "ggen.std" then return ggen.std end
    if part then return ggen.std[part] end
    if name:find("^ggen%.") then
      error(("plugin %q may not require %q: only ggen and ggen.std are public"):format(plugin,
        name), 2)
    end
    local path = find(name, options.find, options.search_path)
    if not path then
      error(("plugin %q: there is no module %q in Lua (modules in C, io, debug, ffi and package"
        .. " are not to be had)"):format(plugin, name), 2)
    end
    if loading[name] then error(("the module %q requires itself"):format(name), 2) end
    loading[name] = true
    local value = run(path, name)
    loading[name] = nil
    loaded[name] = value == nil and true or value
    return loaded[name]
  end
  return require_module, run, function(made)
    env = made
    for _, name in ipairs(LIBRARIES) do loaded[name] = env[name] end
  end
end

---@class ggen.IsolationOptions
---@field dir string absolute directory of the project
---@field granted string[]? permissions that the project grants; nil: what the plugin asks for
---@field search_path string where its own modules are, as package.path
---@field find? fun(relative: string): string? gives the file of a module instead of that path
---@field read? fun(path: string): string?, string? gives the text of a file instead of the file

---Runs the file of a plugin.
---@param name string as the pipeline writes it
---@param path string
---@param options ggen.IsolationOptions
---@return any plugin what the file returned, as the host may use it; raises what the file raises
function M.plugin(name, path, options)
  local granted = permissions.new(name, options.dir)
  local border = membrane.new(views, function(kind) granted[kind](granted) end)
  local require_module, run, enter = requirer(name, api.new(border, granted, name), options)
  enter(globals.new(require_module))
  local plugin = border:outside(run(path))
  if type(plugin) ~= "table" then return plugin end
  local asked = type(plugin.permissions) == "table" and plugin.permissions or {}
  local ok, message = granted:grant(options.granted or asked)
  if not ok then error(message, 0) end
  return plugin
end

return M
