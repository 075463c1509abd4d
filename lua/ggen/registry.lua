-- Plugins: finds them, checks them against the contract of their kind, sets them up, and calls
-- their methods so that an error names plugin, method and task. Knows no plugin by name.
-- SPDX-License-Identifier: MIT
local at_once = require("ggen.at_once")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local budget = require("ggen.budget")
local kinds = require("ggen.kinds")
local plugin_clock = require("ggen.core.plugin_clock")
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")
local suggest = require("ggen.suggest")
local trace = require("ggen.core.trace")

local M = {}

M.API = 1

---The kinds of plugins, with the methods that each may have. A method that is not listed is a
---misspelling.
M.kinds = kinds.kinds

---@class ggen.Instance a plugin that is set up
---@field name string as users write it: "scheduler.fifo" or "./mine.lua"
---@field plugin ggen.Plugin
---@field impl table its methods
---@field file string? where the pipeline names it
---@field line integer?
---@field slots table<string, integer> its methods on the clock of plugins (budget.lua)

local manifest = { type = "record", fields = {
  name = { type = "string", required = true },
  kind = { type = "string", required = true },
  version = { type = "string", required = true },
  api = { type = "any", required = true, check = function(wanted)
    return wanted ~= M.API and require("ggen.api_level").problem(wanted) or nil
  end },
  desc = { type = "string", required = true },
  params = { type = "map", of = { type = "any" }, default = {} },
  positional = { type = "string" },
  rest = { type = "string" },
  services = { type = "function" },
  permissions = { type = "list", of = { type = "string" }, default = {} },
  trust = { type = "enum", values = { "environment", "process" }, default = "environment" },
  setup = { type = "function", required = true },
} }

---The level of the contract that this program has for a kind.
---@param kind string
---@return integer
function M.level(kind) return M.kinds[kind].api end

local function level_refusal(plugin)
  local kind, wanted = rawget(plugin, "kind"), rawget(plugin, "api")
  if type(kind) ~= "string" or not M.kinds[kind] or wanted == M.level(kind) then return nil end
  local api_level = require("ggen.api_level")
  if api_level.problem(wanted) then return nil end -- said with the other fields
  return api_level.refusal(wanted, kind, M.level(kind))
end

---Checks what a plugin's file returned.
---@param plugin any
---@param is_ours boolean? of a built-in one a test has looked at what it says of its params
---@return table? plugin with defaults
---@return string? message
---@return string? why "level": nothing is broken, it is for another level of the contract
function M.check(plugin, is_ours)
  if type(plugin) ~= "table" then
    return nil, ("the file must return the plugin's table, it returned %s"):format(type(plugin))
  end
  -- First of all: another level may have other fields.
  local refusal = level_refusal(plugin)
  if refusal then return nil, refusal, "level" end
  local checked, message, where = schema.check(manifest, plugin)
  if checked == nil then return nil, schema.message(message, where) end
  if not M.kinds[checked.kind] then
    return nil, ("unknown kind %q%s"):format(checked.kind, suggest.hint(checked.kind, M.kinds))
  end
  if (checked.services ~= nil) ~= (checked.kind == "containers") then
    return nil, checked.services and "only a plugin of kind containers has services"
      or "it has to say what tasks may lease: services = function(params) ... end"
  end
  if is_ours or next(checked.params) == nil then return checked end
  message = require("ggen.param_schema").problem(checked.params)
  return not message and checked or nil, message
end

---The names of the plugins that are part of this build.
---@return string[] "kind.name"
function M.builtin()
  local names = {}
  for _, module in ipairs(require("ggen.core.embedded").names()) do
    local name = module:match("^ggen%.plugins%.(.+)$")
    if name then names[#names + 1] = name end
  end
  return names
end

-- Which plugin a chunk is of, and where the pipeline names it: by the name of the chunk.
local origins = {}

local function remember(chunk, name, place)
  local known = origins[chunk]
  origins[chunk] = { name = name, file = place.file or known and known.file,
    line = place.file and place.line or known and known.line }
end

---The plugin that a file is of.
---@param file string as the stack has it
---@return { name: string, file: string?, line: integer? }? origin with the place that uses it
function M.origin(file) return origins[file] end

---@param name string
---@return { name: string, file: string?, line: integer? }? origin
---@return string? file of the plugin
function M.origin_named(name)
  for file, origin in pairs(origins) do
    if origin.name == name then return origin, file end
  end
end

-- What may have been meant by a name without a kind, or with an unknown one.
local function kind_hint(name, kind)
  if kind then return suggest.hint(kind, M.kinds) end
  for _, builtin in ipairs(M.builtin()) do
    if builtin:match("%.(.*)$") == name then return (" (did you mean %q?)"):format(builtin) end
  end
  return ""
end

-- Whether a module is part of the build, or was put in by a test.
local function is_own(module)
  return package.preload[module] ~= nil or require("ggen.core.embedded").has(module)
end

---The file of a plugin that is named by one.
---@param name string
---@param dir string? the directory of paths
---@return string? path
function M.path_of(name, dir)
  if name:sub(1, 1) == "/" then return name end
  return name:match("^%.%.?/") and (dir or ".") .. "/" .. name:gsub("^%./", "") or nil
end

-- Finds a plugin and loads it. Not there and broken are different answers.
local function find(name, place)
  local path = M.path_of(name, place.dir)
  if path then return require("ggen.plugin_files").by_path(path, name, place, remember) end
  local kind, short = name:match("^(%a+)[./](.+)$")
  if not kind or not M.kinds[kind] then
    return nil, ('a plugin is named "kind.name", or by a path that begins with ./%s; known'
      .. ' kinds: %s'):format(kind_hint(name, kind),
      table.concat(M.kind_names(), ", ")), "not_found"
  end
  local module = "ggen.plugins." .. kind .. "." .. short
  if package.loaded[module] == nil and not is_own(module) then
    return require("ggen.plugin_files").by_rock(kind, short, name, place, remember)
  end
  remember(("ggen:plugins/%s/%s.lua"):format(kind, short), name, place)
  local ok, plugin = pcall(require, module)
  if not ok then return nil, tostring(plugin), "broken" end
  return plugin
end

---@return string[]
function M.kind_names() return sorted.keys(M.kinds) end

---Loads a plugin without setting it up.
---@param name string "kind.name" or a path
---@param place { file: string?, line: integer?, dir: string?, project: string? }? dir: that of
---paths; project: that of the lock, where it is another
---@return ggen.Plugin plugin raises a fault when it is not found, and another when it is broken
function M.load(name, place)
  place = place or {}
  local plugin, message, kind = find(name, place)
  if plugin == nil and kind == "not_found" then
    fault.raise(("plugin %q not found: %s"):format(name, message), place.file, place.line)
  end
  if kind == "locked" then fault.raise(message, place.file, place.line) end
  local checked
  if plugin ~= nil then
    checked, message, kind = M.check(plugin, is_own("ggen.plugins." .. name))
  end
  if not checked then
    fault.raise(("plugin %q %s: %s"):format(name, kind == "level" and "does not fit" or "is broken",
      message), place.file, place.line)
  end
  local wanted = name:match("^(%a+)[./]")
  if wanted and M.kinds[wanted] and wanted ~= checked.kind then
    fault.raise(("plugin %q is broken: it says that its kind is %q"):format(name, checked.kind),
      place.file, place.line)
  end
  return checked
end

---@class ggen.Registry the plugins of one run
local Registry = {}
Registry.__index = Registry

---@param host table what plugins get beside their params
---@return ggen.Registry
function M.new(host)
  return setmetatable({ _host = host, _by_kind = {}, _order = {} }, Registry)
end

---Checks what setup returned.
---@param kind string
---@param impl any
---@return string? problem
function M.problem_of(kind, impl)
  if type(impl) ~= "table" then
    return ("setup must return a table of methods, it returned %s"):format(type(impl))
  end
  local allowed = M.kinds[kind].methods
  for key, value in pairs(impl) do
    if type(value) == "function" and type(key) == "string" and key:sub(1, 1) ~= "_"
      and not allowed[key] and not kinds.any[key] then
      return ("a plugin of kind %s has no method %q%s"):format(kind, key, suggest.hint(key,
        allowed))
    end
    if allowed[key] and type(value) ~= "function" then
      return ("its method %s must be a function, it is a %s"):format(key, type(value))
    end
  end
end

-- p:use "cache.tiered" { "memory", "disk" }: a list is the parameter that the plugin names for it.
-- p:use "workspaces.list" { api = { ... } }: so are names that are none of its parameters.
local function named_params(plugin, params)
  params = params or {}
  if params[1] ~= nil and plugin.positional then
    local list, named = {}, {}
    for key, value in pairs(params) do
      if type(key) == "number" then list[key] = value else named[key] = value end
    end
    named[plugin.positional] = list
    return named
  end
  if plugin.rest then
    local named, rest = {}, {}
    for key, value in pairs(params) do
      if plugin.params[key] and key ~= plugin.rest then named[key] = value
      else rest[key] = value end
    end
    named[plugin.rest] = rest
    return named
  end
  return params
end

---Checks what a pipeline gives to a plugin.
---@param plugin ggen.Plugin
---@param name string as the pipeline names it
---@param params table?
---@param place { file: string?, line: integer? }
---@return table params with defaults; raises a fault when they do not fit
function M.params(plugin, name, params, place)
  local checked, message, where = schema.check({ type = "record", fields = plugin.params },
    named_params(plugin, params))
  if checked == nil then
    fault.raise(("plugin %q: %s"):format(name, schema.message(message, where)), place.file,
      place.line)
  end
  return checked
end

---Sets a plugin up for somebody who asks for it: it belongs to no kind of the run.
---@param name string
---@param params table?
---@param place { file: string?, line: integer?, dir: string? }?
---@param kind string? what it has to be
---@param host ggen.Host? instead of the one that all get
---@return ggen.Instance
function Registry:make(name, params, place, kind, host)
  place = place or {}
  local plugin = M.load(name, { file = place.file, line = place.line, dir = place.dir,
    project = self._host.project_dir })
  if kind and plugin.kind ~= kind then
    fault.raise(("plugin %q is of kind %s, not %s"):format(name, plugin.kind, kind), place.file,
      place.line)
  end
  local checked = M.params(plugin, name, params, place)
  local call = plugin_clock.enter(budget.slot_of_setup(name))
  local ok, impl, refused, file, line = at_once.pcall(plugin.setup, checked, host or self._host)
  plugin_clock.leave(call)
  if ok and impl == nil and type(refused) == "string" then
    if file then file = require("ggen.locate").display(file, fs.cwd())
    else file, line = place.file, place.line end
    fault.raise(("plugin %q: %s"):format(name, refused), file, line)
  end
  local wrong = not ok and ("setup raised: " .. tostring(impl)) or M.problem_of(plugin.kind, impl)
  if wrong then fault.raise(("plugin %q is broken: %s"):format(name, wrong), place.file,
    place.line) end
  local instance = { name = name, plugin = plugin, impl = impl, params = checked,
    path = M.path_of(name, place.dir), slots = {}, file = place.file,
    line = place.line }
  self._order[#self._order + 1] = instance
  return instance
end

---Sets a plugin up and takes it into the run. For kinds with one plugin the last one wins.
---@param name string
---@param params table?
---@param place { file: string?, line: integer?, dir: string? }?
---@param host ggen.Host? instead of the one that all get
---@return ggen.Instance
function Registry:use(name, params, place, host)
  local instance = self:make(name, params, place, nil, host)
  local kind = instance.plugin.kind
  local list = self._by_kind[kind]
  if not list or not M.kinds[kind].many then
    list = {}
    self._by_kind[kind] = list
  end
  list[#list + 1] = instance
  return instance
end

---The same in front of the others of its kind, where that makes a difference.
---@param name string
---@return ggen.Instance
function Registry:use_first(name)
  local instance = self:use(name)
  local list = self._by_kind[instance.plugin.kind]
  table.insert(list, 1, table.remove(list))
  return instance
end

---From here on notes of plugins are told to the observers.
---@param events ggen.Events
function Registry:attach(events)
  if self._host.attach_notes then self._host.attach_notes(events) end
end

---@type ggen.Events? of the run that has begun
M.events = nil

---The run has begun: from here on what is deprecated is said as its notes.
---@param events ggen.Events
function M.begun(events)
  M.events = events
  local deprecation = package.loaded["ggen.deprecation"]
  if deprecation then deprecation.begun(events) end
end

---@return string absolute
function Registry:project_dir() return self._host.project_dir end

---@param kind string
---@return ggen.Instance? the plugin of a kind that has one
function Registry:get(kind)
  local list = self._by_kind[kind]
  return list and list[#list]
end

---@param kind string
---@return ggen.Instance[]
function Registry:all(kind) return self._by_kind[kind] or {} end

---@return ggen.Instance[] all, in the order of their setup; not to be changed
function Registry:in_order() return self._order end

---@param method string
---@return ggen.Instance[] those that have it, in the order of their setup
function Registry:having(method)
  local list = {}
  for _, instance in ipairs(self._order) do
    if type(instance.impl[method]) == "function" then list[#list + 1] = instance end
  end
  return list
end

local tracing, now, span = trace.enabled, trace.now, trace.span
local enter, leave = plugin_clock.enter, plugin_clock.leave

-- The clock's number of a method. What listens without being a plugin has none.
local function slot_of(instance, method)
  local slots = instance.slots
  if not slots then return budget.OUTSIDE end
  local known = kinds.any[method] or kinds.kinds[instance.plugin.kind].methods[method]
  local slot = budget.slot(instance.name, method, known)
  slots[method] = slot
  return slot
end

local function finish(instance, method, lane, call, started, ok, ...)
  leave(call)
  if started then span("plugin", instance.name .. "." .. method, lane, started, now()) end
  if ok then return true, ... end
  local value = ...
  if value == require("ggen.async").CANCELLED then error(value, 0) end
  return false, ("plugin %q, method %s: %s"):format(instance.name, method, tostring(value))
end

---Calls a method that may wait. An error of the plugin comes back as false and a message with its
---name.
---@async
---@param lane integer the row of the trace (lanes.lua)
---@param instance ggen.Instance
---@param method string
---@param ... any
---@return boolean ok true also when the plugin does not have the method (then without results)
---@return ... results, or the message
function M.call_in(lane, instance, method, ...)
  local fn = instance.impl[method]
  if fn == nil then return true end
  local slots = instance.slots
  local slot = slots and slots[method] or slot_of(instance, method)
  return finish(instance, method, lane, enter(slot), tracing() and now(),
    pcall(fn, instance.impl, ...))
end

local function pass_on(call, ok, ...)
  leave(call)
  if not ok then error((...), 0) end
  return ...
end

---Calls a method whose errors are of what it reads, and not its own: they are raised as they are.
---@param instance ggen.Instance
---@param method string
---@param ... any
---@return ...
function M.call_through(instance, method, ...)
  local slot = instance.slots[method] or slot_of(instance, method)
  return pass_on(enter(slot),
    pcall(instance.impl[method], instance.impl, ...))
end

---Calls a method that does not wait, or while no task runs.
---@param instance ggen.Instance
---@param method string
---@param ... any
---@return boolean ok
---@return ... results, or the message
function M.call(instance, method, ...)
  return M.call_in(0, instance, method, ...)
end

---Calls a function of the host that calls what a method has handed to it. An error comes back as
---one of the method.
---@param instance ggen.Instance
---@param method string
---@param fn function
---@param ... any
---@return boolean ok
---@return ... results, or the message
function M.call_for(instance, method, fn, ...)
  local slot = instance.slots[method] or slot_of(instance, method)
  return finish(instance, method, 0, enter(slot), nil, pcall(fn, ...))
end

---Calls close() of every plugin that was set up, the last first.
---@return string[] messages what went wrong
function Registry:close()
  local messages = {}
  for i = #self._order, 1, -1 do
    local ok, message = M.call(self._order[i], "close")
    if not ok then messages[#messages + 1] = message end
  end
  self._order, self._by_kind = {}, {}
  return messages
end

return M
