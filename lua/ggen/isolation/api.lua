-- `require "ggen"` as an installed plugin has it: the public module by the list below, with every
-- call that reaches outside asked for its permission first.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")
local suggest = require("ggen.suggest")

local M = {}

-- What stands before a call: looks at its arguments, raises, or gives others in their place.
local guards = {}

function guards.process(permissions)
  return function(...)
    permissions:process()
    return ...
  end
end

local function file_guard(write)
  return function(permissions)
    return function(path, ...) return permissions:path(path, write), ... end
  end
end
guards.reads, guards.writes = file_guard(false), file_guard(true)

function guards.request(permissions)
  return function(options)
    if type(options) ~= "table" or type(options.url) ~= "string" then return options end
    local scheme, authority = options.url:match("^(%a+)://([^/?#]*)")
    if not scheme or authority:find("@", 1, true) then
      error("an address as http://HOST:PORT/PATH expected", 0)
    end
    local host, port = authority:match("^(.-):(%d+)$")
    host = (host or authority):gsub("^%[(.*)%]$", "%1")
    if options.unix_socket then
      options.unix_socket = permissions:path(options.unix_socket, true)
    else
      permissions:net(host, tonumber(port) or scheme:lower() == "https" and 443 or 80)
    end
    for name, write in pairs({ ca_file = false, body_file = false, save = true }) do
      if options[name] then options[name] = permissions:path(options[name], write) end
    end
    return options
  end
end

-- A letter is sent when its time comes, and asked for then.
function guards.delivery(permissions)
  local ask = guards.request(permissions)
  return function(options)
    if type(options) ~= "table" then return options end
    options.dir = permissions:path(options.dir, true)
    options.ask = function(request) return require("ggen.http").request(ask(request)) end
    return options
  end
end

function guards.report(permissions)
  return function(run, name, path, text)
    return run, name, permissions:path(path, true), text
  end
end

local PURE = false

local function all(names, guard)
  local functions = {}
  for name in names:gmatch("%S+") do functions[name] = guard or PURE end
  return functions
end

local function with(functions, more)
  for name, guard in pairs(more) do functions[name] = guard end
  return functions
end

-- The functions of each module, with what guards them.
local MODULES = {
  async = all("await all can_wait future race run semaphore sleep spawn wrap"),
  delivery = with(all("retry_after said"), { new = guards.delivery }),
  evict = all("lowest"),
  files = all("write hold try update", guards.writes),
  history = { open = guards.reads },
  http = { request = guards.request },
  json = all("decode encode array"),
  metrics = all("find compile"),
  random = all("hex"),
  recommendations = all("of"),
  report = with(all("reason summary flaky chain critical_path cache_summary table cut blocks"),
    { write = guards.report, append = guards.report }),
  schema = all("check message type_name"),
  suggest = all("hint nearest distance"),
  targets = all("new any of_project of row profile cells missed"),
  trace = with(all("start"), { write = guards.writes }),
  units = all("duration size whole jobs format_duration format_short milliseconds format_estimate"
    .. " format_size"),
}

local STD = {
  glob = with(all("match"), { list = function(permissions)
    return function(patterns, root) return patterns, permissions:path(root or ".", false) end
  end }),
  json = all("decode encode array"),
  list = all("map filter partition reduce find index_of contains any all concat flatten unique"),
  matrix = all("product exclude include id"),
  path = all("join split normalize is_absolute dirname basename extension stem with_extension"
    .. " absolute relative is_inside"),
  retry = all("delay run"),
  semver = all("parse format compare sorted next satisfies max_satisfying"),
  sh = with(all("quote join split"), all("run capture", guards.process)),
  text = all("trim split lines words starts_with ends_with replace count fill indent dedent"),
  toml = all("decode decode_lines"),
}

-- Values that are no functions.
local CONSTANTS = { targets = { "params" }, metrics = { "run", "part" } }

-- What the tier of its own process needs of it (client.lua).
M.modules, M.std, M.constants = MODULES, STD, CONSTANTS

local function refuse_change()
  error("ggen is the host's: nothing of it can be changed", 2)
end

---A table whose fields are made when they are first asked for.
---@param what string for messages
---@param names table<string, any> the fields that it has
---@param make fun(name: string): any
---@return table
function M.lazily(what, names, make)
  local made = {}
  return setmetatable({}, {
    __metatable = false, __newindex = refuse_change,
    __index = function(_, name)
      local value = made[name]
      if value == nil then
        if not names[name] then
          error(("%s has no %q for an installed plugin%s"):format(what, tostring(name),
            suggest.hint(tostring(name), names)), 2)
        end
        value = make(name)
        made[name] = value
      end
      return value
    end,
  })
end

---@param membrane ggen.Membrane
---@param permissions ggen.Permissions
---@param plugin string its name
---@return table ggen
function M.new(membrane, permissions, plugin)
  local function functions_of(title, module, list, constants)
    local names = {}
    for name in pairs(list) do names[name] = true end
    for _, name in ipairs(constants or {}) do names[name] = true end
    return M.lazily(title, names, function(name)
      local guard = list[name]
      if guard == nil then return membrane:inside(module[name]) end
      local fn = module[name]
      if not guard then return membrane:callable(fn) end
      local ask = guard(permissions)
      return membrane:callable(function(...) return fn(ask(...)) end)
    end)
  end

  local public = require("ggen")
  local names = { std = true, environment = true, VERSION = true, API = true, loading = true,
    deprecate = true }
  for name in pairs(MODULES) do names[name] = true end

  local std_names = {}
  for _, name in ipairs(sorted.keys(STD)) do std_names[name] = true end
  local std = M.lazily("ggen.std", std_names, function(name)
    return functions_of("ggen.std." .. name, public.std[name], STD[name])
  end)

  local environment = { base = function()
    local seen = {}
    for name, value in pairs(require("ggen.environment").base()) do
      if permissions:sees_variable(name) then seen[name] = value end
    end
    return seen
  end }

  local function deprecate(name, instead, remove_in)
    require("ggen.deprecation").say(plugin, name, instead, remove_in)
  end

  return M.lazily("ggen", names, function(name)
    if name == "std" then return std end
    if name == "environment" then return membrane:object(environment) end
    if name == "deprecate" then return membrane:callable(deprecate) end
    if name == "loading" then return function() return nil end end
    if name == "VERSION" or name == "API" then return public[name] end
    return functions_of("ggen." .. name, public[name], MODULES[name], CONSTANTS[name])
  end)
end

return M
