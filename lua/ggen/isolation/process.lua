-- The tier that is a sandbox: a plugin with trust = "process" runs in a child process of our own
-- program that the kernel shuts in (engine/process/sandbox.h; child.lua is what runs there). Here
-- is what the host has of it: the plugin's table, whose functions are calls of that process.
-- SPDX-License-Identifier: MIT
local api = require("ggen.isolation.api")
local kinds = require("ggen.kinds")
local link = require("ggen.isolation.link")
local load = require("ggen.isolation.load")
local offered = require("ggen.isolation.offered")
local permissions = require("ggen.isolation.permissions")
local say = require("ggen.isolation.say")
local setting_up = require("ggen.isolation.setting_up")

local M = {}

---Functions of Lua's libraries that processes ask the host for, by name ("os.time"): nobody's but
---the contract suite's, which turns the clock.
---@type table<string, function>?
M.borrowed = nil

-- The functions of ggen as they are: what passes is converted by the link.
local AS_IT_IS = {
  callable = function(_, fn) return fn end,
  object = function(_, value) return value end,
  inside = function(_, value) return value end,
}

---@class ggen.ProcessOptions: ggen.IsolationOptions
---@field limit number? seconds that a call may compute
---@field memory integer? bytes
---@field weaker boolean? also on a kernel that has not all parts of the sandbox

-- A function or a value of ggen by its path: "http.request".
local function of_ggen(ggen, path)
  if type(path) ~= "string" or #path > 200 then error("a name expected", 0) end
  local value = ggen
  for name in path:gmatch("[^.]+") do
    if type(value) ~= "table" then error(("ggen has no %q"):format(path), 0) end
    value = value[name]
  end
  return value
end

-- What the process may ask for.
local function services(name, options, granted, shown)
  local ggen = api.new(AS_IT_IS, granted, name)
  local borrowed = M.borrowed
  return {
    borrowed = borrowed and function(name_of_it, ...) return borrowed[name_of_it](...) end,
    call = function(fn, ...) return shown:call(fn, ...) end,
    method = function(object, method, ...) return shown:method(object, method, ...) end,
    get = function(object, field) return shown:get(object, field) end,
    api = function(path, ...)
      if path == "may_start" then return granted:process() end
      if path == "print" then return say(tostring((...))) end
      local fn = of_ggen(ggen, path)
      if type(fn) ~= "function" then error(("ggen has no function %s"):format(path), 0) end
      shown:look_at(...)
      return fn(...)
    end,
    value = function(path)
      local value = of_ggen(ggen, path)
      if type(value) == "function" then error(("ggen.%s is a function"):format(path), 0) end
      return value
    end,
    module = function(module)
      if type(module) ~= "string" or not module:find("^[%w_%-][%w_%-%.]*$")
        or module:find("%.%.") then
        error("require: this is no name of a module", 0)
      end
      return load.module(module, options)
    end,
  }
end

---@class ggen.PluginProcess one plugin, in one process after the other
---@field package _name string
---@field package _path string
---@field package _options ggen.ProcessOptions
---@field package _link ggen.Link?
---@field package _plugin any what its file returned
---@field package _granted ggen.Permissions?
---@field package _users integer instances that are set up
local Process = {}
Process.__index = Process

-- The plugin's table, out of a process that runs.
function Process:plugin()
  if self._link and self._link:is_open() then return self._plugin end
  local name, options = self._name, self._options
  local text, chunk_name = load.source(self._path, options)
  local granted = permissions.new(name, options.dir)
  local shown = offered.new(function(needed, ...) granted:ask(needed, ...) end)
  self._link = link.new(name, services(name, options, granted, shown), shown, options)
  self._plugin = self._link:load(text, chunk_name,
    M.borrowed and require("ggen.sorted").keys(M.borrowed))
  if type(self._plugin) ~= "table" then return self._plugin end
  local asked = type(self._plugin.permissions) == "table" and self._plugin.permissions or {}
  local ok, message = granted:grant(options.granted or asked)
  if not ok then error(message, 0) end
  setting_up.check(self._plugin, granted)
  self._granted = granted
  return self._plugin
end

function Process:close()
  if self._link then self._link:close() end
end

function Process:leave(used)
  self._users = self._users - 1
  if self._users == 0 and used == self._link then self:close() end
end

-- The same table for as long as the host lives: a function of it is looked up when it is called,
-- in a new process where the first one has ended. None of them may wait.
local function lasting(self, value, path)
  if type(value) == "function" then
    return function(...)
      local fn = self:plugin()
      for _, name in ipairs(path) do fn = fn[name] end
      return self._link:at_once(fn)(...)
    end
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, element in pairs(value) do
    local below = { unpack(path) }
    below[#below + 1] = key
    copy[key] = lasting(self, element, below)
  end
  return copy
end

-- Its methods, as kinds.lua has them: what must not wait is answered at once. With the last of the
-- instances the process ends; what the host still tells one of them after its close() is lost.
local function adopt(self, kind, impl)
  local used, closed = self._link, false
  local rules = kinds.kinds[kind] and kinds.kinds[kind].methods or {}
  local close = impl.close
  for name, fn in pairs(impl) do
    if type(fn) == "function" then
      local call = rules[name] and not rules[name].waits and used:at_once(fn) or fn
      impl[name] = function(...)
        if not closed then return call(...) end
      end
    end
  end
  if close ~= nil and type(close) ~= "function" then return impl end
  function impl.close(...)
    if closed then return end
    local ok, message = true, nil
    if close then ok, message = pcall(close, ...) end
    closed = true
    self:leave(used)
    if not ok then error(message, 0) end
  end
  return impl
end

local function set_up_by(self, kind)
  local function done(ok, impl, ...)
    if ok and type(impl) == "table" then return adopt(self, kind, impl), ... end
    self:leave(self._link)
    if not ok then error(impl, 0) end
    return impl, ...
  end
  return function(...)
    self._users = self._users + 1
    return done(pcall(function(params, host)
      local setup = self:plugin().setup
      return setting_up.call(kind, self._granted, self._link:at_once(setup), params, host)
    end, ...))
  end
end

local function new(name, path, options)
  return setmetatable({ _name = name, _path = path, _options = options, _users = 0 }, Process)
end

---Runs the file of a plugin.
---@param name string as the pipeline writes it
---@param path string
---@param options ggen.ProcessOptions
---@return any plugin what the file returned; raises what the file raises
function M.plugin(name, path, options)
  local self = new(name, path, options)
  local ok, plugin = pcall(self.plugin, self)
  if not ok or type(plugin) ~= "table" then
    self:close()
    if not ok then error(plugin, 0) end
    return plugin
  end
  local copy = lasting(self, plugin, {})
  if type(copy.setup) == "function" then copy.setup = set_up_by(self, copy.kind) end
  return copy
end

---Looks at the manifest of a plugin that nobody trusts yet. Its functions, those that check its
---params among them, can be called as long as that takes.
---@generic T
---@param path string
---@param options ggen.ProcessOptions
---@param look fun(plugin: any): T gets what the file returned
---@return T? result nil when the file could not be run
---@return string? message
function M.manifest(path, options, look)
  local self = new(path:match("[^/]+$") or path, path, options)
  local ok, value = require("ggen.at_once").pcall(function() return look(self:plugin()) end)
  self:close()
  if not ok then return nil, tostring(value) end
  return value
end

return M
