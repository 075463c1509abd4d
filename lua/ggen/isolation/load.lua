-- Loads an installed plugin into an environment of its own: it sees what is public of ggen-lua, the
-- part of Lua that touches nothing outside, and the Lua modules beside it. This keeps accidents and
-- carelessness away from the project; it is no wall against code that is out to get through.
-- SPDX-License-Identifier: MIT
local api = require("ggen.isolation.api")
local fs = require("ggen.core.fs")
local globals = require("ggen.isolation.globals")
local locate = require("ggen.locate")
local mark = require("ggen.isolation.mark")
local membrane = require("ggen.isolation.membrane")
local modules = require("ggen.isolation.modules")
local permissions = require("ggen.isolation.permissions")
local say = require("ggen.isolation.say")
local setting_up = require("ggen.isolation.setting_up")
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
local function find(name, options)
  local relative = name:gsub("%.", "/")
  if options.find then return options.find(relative) end
  for template in options.search_path:gmatch("[^;]+") do
    local path = template:gsub("%?", (relative:gsub("%%", "%%%%")))
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
end

---The text of a file of a plugin.
---@param path string
---@param options ggen.IsolationOptions
---@return string text raises when it cannot be read
---@return string chunk_name
function M.source(path, options)
  local text, message = (options.read or read)(path)
  if not text then error(message, 0) end
  return text, "@" .. locate.display(path, fs.cwd())
end

---The text of a module of a plugin.
---@param name string
---@param options ggen.IsolationOptions
---@return string? text nil when there is none; raises when it cannot be read
---@return string? chunk_name
function M.module(name, options)
  local path = find(name, options)
  if path then return M.source(path, options) end
end

---Whether a plugin is to be run in a process of its own: it marks itself, or the project says so.
---@param text string
---@param options ggen.IsolationOptions
---@return boolean
function M.in_process(text, options)
  return options.trust == "process" or mark.is_in(text)
end

---@class ggen.IsolationOptions
---@field dir string absolute directory of the project
---@field granted string[]? permissions that the project grants; nil: what the plugin asks for
---@field search_path string where its own modules are, as package.path
---@field trust? "environment"|"process" what the project says of it
---@field find? fun(relative: string): string? gives the file of a module instead of that path
---@field read? fun(path: string): string?, string? gives the text of a file instead of the file

---Runs the file of a plugin.
---@param name string as the pipeline writes it
---@param path string
---@param options ggen.IsolationOptions
---@return any plugin what the file returned, as the host may use it; raises what the file raises
function M.plugin(name, path, options)
  local text, chunk_name = M.source(path, options)
  if M.in_process(text, options) then
    return require("ggen.isolation.process").plugin(name, path, options)
  end
  local granted = permissions.new(name, options.dir)
  local border = membrane.new(views, function(needed, ...) granted:ask(needed, ...) end)
  local require_module, run, enter = modules.new(name, api.new(border, granted, name),
    function(module) return M.module(module, options) end)
  enter(globals.new(require_module, say))
  local plugin = border:outside(run(text, chunk_name))
  if type(plugin) ~= "table" then return plugin end
  local problem = mark.problem(plugin)
  if problem then error(problem, 0) end
  local asked = type(plugin.permissions) == "table" and plugin.permissions or {}
  local ok, message = granted:grant(options.granted or asked)
  if not ok then error(message, 0) end
  setting_up.guard(plugin, granted)
  return plugin
end

return M
