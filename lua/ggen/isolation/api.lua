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
    local scheme, authority = options.url:match("^(%a+)://([^/?#\\]*)")
    if not scheme then error("an address as http://HOST:PORT/PATH expected", 0) end
    -- A name and a password in front: one @, so that everybody finds the same host.
    authority = authority:gsub("^[^@]*@", "")
    if authority:find("@", 1, true) then error("an address with one @ at most expected", 0) end
    local host, port = authority:match("^(.-):(%d+)$")
    host = (host or authority):gsub("^%[(.*)%]$", "%1")
    if options.unix_socket then
      options.unix_socket = permissions:path(options.unix_socket, true)
    else
      permissions:net(host, tonumber(port) or scheme:lower() == "https" and 443 or 80)
    end
    for name, write in pairs({ ca_file = false, cert_file = false, key_file = false,
      body_file = false, save = true }) do
      if options[name] then options[name] = permissions:path(options[name], write) end
    end
    return options
  end
end

-- A connection of its own is said by host and port, and not by an address.
function guards.upgrade(permissions)
  return function(options)
    if type(options) ~= "table" then return options end
    if options.unix_socket ~= nil then
      options.unix_socket = permissions:path(options.unix_socket, true)
    end
    if options.host ~= nil or options.port ~= nil then
      permissions:net(tostring(options.host), tonumber(options.port) or 0)
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
    return run, name, permissions:path(path, true), text, path
  end
end

-- Whoever starts something in a container may as well start it here.
function guards.container_pool(permissions)
  return function(options)
    permissions:process()
    if type(options) == "table" then
      options.project_dir = permissions:project_dir()
    end
    return options
  end
end
function guards.readiness(permissions)
  local ask = guards.request(permissions)
  return function(ready, ...)
    if type(ready) == "table" then
      if ready.port then permissions:net(tostring(ready.host or "127.0.0.1"), ready.port) end
      if ready.http then
        -- Who asks there takes all up to the first slash for the host.
        if tostring(ready.http):find("^%a+://[^/]*[?#\\@]") then
          error("an address as http://HOST:PORT/PATH expected", 0)
        end
        ask({ url = ready.http })
      end
    end
    return ready, ...
  end
end

function guards.variable(permissions)
  return function(name)
    permissions:variable(tostring(name))
    return name
  end
end

-- The path stays as it is: what is asked while a pipeline is loading is remembered by it.
function guards.looks(permissions)
  return function(path)
    permissions:path(path, false)
    return path
  end
end

function guards.make_toml(permissions)
  return function(pipeline, dir, file, options)
    permissions:path(("%s/%s"):format(dir, file), false)
    return pipeline, dir, file, options
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

-- What finds the line of something in a value that was decoded knows that value, and not the copy
-- that the plugin has of it.
local function decode_lines(_, _, decode)
  local originals = setmetatable({}, { __mode = "k" })
  local function copy(value)
    if type(value) ~= "table" then return value end
    local result = {}
    originals[result] = value
    for key, element in next, value do result[key] = copy(element) end
    return result
  end
  return function(text)
    local value, line = decode(text)
    if value == nil then return nil, line end
    return copy(value), function(of, key) return line(originals[of] or of, key) end
  end
end

-- The functions of each module, with what guards them.
local MODULES = {
  async = with(all("await all can_wait future race run semaphore sleep spawn wrap"),
    { CANCELLED = "own" }),
  delivery = with(all("retry_after said"), { new = guards.delivery }),
  evict = all("lowest"),
  environment = { base = "own", variable = guards.variable },
  files = with(all("write hold try update", guards.writes), { read = guards.reads }),
  history = { open = guards.reads, read = guards.reads },
  http = { request = guards.request, upgrade = guards.upgrade },
  json = with(all("decode encode"), { array = "own" }),
  local_service = { start = guards.process },
  make_toml = { exists = guards.looks, read = guards.looks, load = guards.make_toml },
  metrics = all("find compile"),
  random = all("hex"),
  recommendations = all("of"),
  report = with(all("reason summary flaky chain critical_path cache_summary table cut blocks"),
    { write = guards.report, append = guards.report }),
  schema = all("check message type_name"),
  suggest = all("hint nearest distance"),
  readiness = with(all("watch"), { wait = guards.readiness }),
  targets = all("new any of_project of row profile cells missed"),
  trace = with(all("start row enabled now span"), { write = guards.writes }),
  units = all("duration size whole jobs format_duration format_short milliseconds format_estimate"
    .. " format_size"),
}

local STD = {
  container_pool = with(all("check problem value"), { open = guards.container_pool }),
  containers = all("postgres redis mysql rabbitmq minio"),
  docker = { find = PURE, connect = PURE,
    owned = { open = guards.container_pool },
    shell = { open = PURE },
    warm = { new = PURE } },
  glob = with(all("match expand"), { list = function(permissions)
    return function(patterns, root) return patterns, permissions:path(root or ".", false) end
  end }),
  json = with(all("decode encode"), { array = "own" }),
  list = all("map filter partition reduce find index_of contains any all concat flatten unique"
    .. " sorted keys zip chunks range group_by slice reversed"),
  matrix = all("product exclude include id"),
  path = all("join split normalize is_absolute dirname basename extension stem with_extension"
    .. " absolute relative is_inside"),
  retry = all("delay run"),
  semver = all("parse format compare sorted next satisfies max_satisfying"),
  sh = with(all("quote join split"), all("run capture", guards.process)),
  text = all("trim split lines words starts_with ends_with replace count fill indent dedent"
    .. " pad shorten nearest wrap"),
  toml = with(all("decode"), { decode_lines = "own" }),
}

-- Values that are no functions.
local CONSTANTS = { targets = { "params" }, metrics = { "run", "part" },
  environment = { "PASSES" }, json = { "null" } }
-- Not even seen without a permission: who has a container engine has this machine.
local STD_NEEDS = { docker = "process" }
local STD_CONSTANTS = { container_pool = { "fields" }, json = { "null" } }

-- Functions that are made for each plugin: by membrane, permissions and the host's function.
local OWN = { decode_lines = decode_lines }

-- Never seen by a plugin, whose pcall lets it pass; it may be compared with, and raised.
function OWN.CANCELLED(membrane, _, value) return membrane:token(value) end

function OWN.array(membrane)
  return function(list)
    if list == nil then list = {} end
    if type(list) ~= "table" or getmetatable(list) then
      error("json.array: a table without a metatable expected", 2)
    end
    return membrane.mark_list(list)
  end
end

function OWN.base(_, permissions, base)
  return function()
    local seen = {}
    for name, value in pairs(base()) do
      if permissions:sees_variable(name) then seen[name] = value end
    end
    return seen
  end
end

-- What the tier of its own process needs of it (client.lua).
M.modules, M.std, M.constants, M.std_constants = MODULES, STD, CONSTANTS, STD_CONSTANTS
M.std_needs = STD_NEEDS

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
  local functions_of
  functions_of = function(title, module, list, constants)
    local names = {}
    for name in pairs(list) do names[name] = true end
    for _, name in ipairs(constants or {}) do names[name] = true end
    return M.lazily(title, names, function(name)
      local guard, fn = list[name], module[name]
      if guard == nil then return membrane:inside(fn) end
      if type(guard) == "table" then return functions_of(title .. "." .. name, fn, guard) end
      if guard == "own" then return OWN[name](membrane, permissions, fn) end
      if not guard then return membrane:callable(fn) end
      local ask = guard(permissions)
      return membrane:callable(function(...) return fn(ask(...)) end)
    end)
  end

  local public = require("ggen")
  local names = { std = true, VERSION = true, API = true, loading = true, deprecate = true }
  for name in pairs(MODULES) do names[name] = true end

  local std_names = {}
  for _, name in ipairs(sorted.keys(STD)) do std_names[name] = true end
  local std = M.lazily("ggen.std", std_names, function(name)
    if STD_NEEDS[name] then permissions[STD_NEEDS[name]](permissions) end
    return functions_of("ggen.std." .. name, public.std[name], STD[name], STD_CONSTANTS[name])
  end)

  local function deprecate(name, instead, remove_in)
    require("ggen.deprecation").say(plugin, name, instead, remove_in)
  end

  return M.lazily("ggen", names, function(name)
    if name == "std" then return std end
    if name == "deprecate" then return membrane:callable(deprecate) end
    if name == "loading" then return membrane:callable(public.loading) end
    if name == "VERSION" or name == "API" then return public[name] end
    return functions_of("ggen." .. name, public[name], MODULES[name], CONSTANTS[name])
  end)
end

return M
