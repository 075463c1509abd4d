-- The plugins that the lock of a project names, for whoever loads them: where each one is, what is
-- granted to it, and its files, of which only those come through that are what the lock says. A
-- file is looked at when it is read: what runs is what was checked, and what nobody uses costs
-- nothing.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local lock = require("ggen.plugin.lock")

local M = {}

M.TREE = ".ggen/plugins" -- below the project
M.SHARE = M.TREE .. "/share/lua/5.1"

local MOST_BYTES = 4 * 1024 * 1024 -- of a file of a plugin
local BYTECODE = 27

---@class ggen.Installed the lock of a project at work
---@field dir string absolute directory of the project
---@field share string absolute directory of the modules
---@field problem string? the first file that was not what the lock says
---@field read_files table<string, true> paths of files that were read
---@field package _entries table[] lines of the lock; a used one is checked
---@field package _text string? of the lock, as it was read
local Installed = {}
Installed.__index = Installed

---@param dir string
---@param locked ggen.Lock
---@return ggen.Installed
function M.new(dir, locked)
  return setmetatable({ dir = dir, share = dir .. "/" .. M.SHARE, read_files = {},
    _entries = locked.plugins }, Installed)
end

-- The line of the rock that a file is of.
local function owner_of(self, path)
  for _, entry in ipairs(self._entries) do
    if entry.files[path] then return entry end
  end
end

local function named(self, name)
  for _, entry in ipairs(self._entries) do
    if entry.name == name then return entry end
  end
end

local known = {}

---What is installed in a project.
---@param dir string absolute directory of the root's pipeline.lua
---@return ggen.Installed? installed nil without a lock; raises a fault when the lock is no good
function M.of(dir)
  local installed = known[dir]
  if installed == nil then
    local text
    local locked = lock.open(dir, function(read)
      text = read
      return lock.decode_unchecked(read)
    end)
    installed = locked and M.new(dir, locked) or false
    if installed then installed._text = text end
    known[dir] = installed
  end
  return installed or nil
end

local function shown(self, path)
  return require("ggen.locate").display(self.dir .. "/" .. M.SHARE .. "/" .. path, fs.cwd())
end

local function stop(self, message)
  self.problem = self.problem or message
  error(fault.new({ message = message }), 0)
end

-- Whether another ggen-lua is changing what is installed, or has done so since the lock was read.
local function is_changing(self)
  local core, path = require("ggen.core.lock"), self.dir .. "/" .. M.TREE .. "/.lock"
  local held = not fs.stat(path) or core.try(path, "plugins")
  if not held then return true end
  if held ~= true then held:close() end
  return self._text ~= nil and fs.read(lock.path(self.dir)) ~= self._text
end

local function stop_at_file(self, message)
  if is_changing(self) then
    message = "the plugins here are being changed by another ggen-lua: run again when it has ended"
  end
  stop(self, message)
end

-- The bytes of a file; raises a fault when they are not those of the lock.
local function checked(self, path, plugin)
  local owner = owner_of(self, path)
  local expected = owner and owner.files[path]
  if type(expected) ~= "string" then
    stop(self, ("plugin %q: %s is not in %s: a module that no rock of it has (ggen-lua plugin sync"
      .. " removes it)"):format(plugin, shown(self, path), lock.FILE))
  end
  local text, message, kind = fs.read(self.share .. "/" .. path, MOST_BYTES)
  if not text then
    if kind == "not_found" then
      stop_at_file(self, ("plugin %q: %s has %s %s, and %s is not there (ggen-lua plugin sync"
        .. " installs it)")
        :format(plugin, lock.FILE, owner.rock, owner.version, shown(self, path)))
    end
    stop(self, ("plugin %q: cannot read %s: %s"):format(plugin, shown(self, path), message))
  end
  if require("ggen.core.hash").bytes(text) ~= expected:lower() then
    stop_at_file(self, ("plugin %q: %s is not what %s says: it was changed after %s %s was added"
      .. " (ggen-lua plugin audit shows all that differs, sync puts back what was added)"):format(
      plugin, shown(self, path), lock.FILE, owner.rock, owner.version))
  end
  self.read_files[self.share .. "/" .. path] = true
  return text
end

---@param name string "kind.name"
---@return boolean
function Installed:has(name) return named(self, name) ~= nil end

---@return string[] names "kind.name" of each
function Installed:names()
  local names = {}
  for _, entry in ipairs(self._entries) do names[#names + 1] = entry.name end
  return names
end

---@class ggen.InstalledPlugin
---@field path string absolute
---@field permissions string[] that are granted
---@field trust "environment"|"process"
---@field api string|integer|nil
---@field search_path string where its modules are, as package.path
---@field find fun(relative: string): string? the file of a module, when the lock names it
---@field read fun(path: string): string?, string? the text of a file below it

---@param name string "kind.name"
---@return ggen.InstalledPlugin? plugin nil when the lock does not name it
function Installed:plugin(name)
  local found = named(self, name)
  if not found then return nil end
  local entry, message = lock.check_entry(found)
  if not entry then lock.refuse(self.dir, ("%s: %s"):format(name, message)) end
  local prefix = self.share .. "/"
  return { path = prefix .. lock.main_file(entry), permissions = entry.permissions,
    trust = entry.trust, api = entry.api,
    search_path = ("%s?.lua;%s?/init.lua"):format(prefix, prefix),
    find = function(relative)
      for _, path in ipairs({ relative .. ".lua", relative .. "/init.lua" }) do
        if owner_of(self, path) then return prefix .. path end
      end
    end,
    read = function(path)
      if path:sub(1, #prefix) ~= prefix then return nil, path .. ": this is no file of a rock" end
      local text = checked(self, path:sub(#prefix + 1), name)
      if text:byte(1) == BYTECODE then
        return nil, path .. ": it is compiled (a source is loaded)"
      end
      return text
    end }
end

---Whether the tree has a plugin that the lock does not name.
---@param name string "kind.name"
---@return boolean
function Installed:is_unlocked(name)
  local base = self.share .. "/ggen/plugins/" .. name:gsub("%.", "/", 1)
  return fs.stat(base .. ".lua") ~= nil or fs.stat(base .. "/init.lua") ~= nil
end

---Makes the lock an input of the configuration, and the files of a plugin that were read.
---@param name string "kind.name"
---@param dir string absolute directory of the root's pipeline.lua
---@param inputs userdata
---@return boolean locked false: the lock does not name it
function M.record(name, dir, inputs)
  if not inputs:exists(lock.path(dir)) then return false end
  inputs:read(lock.path(dir))
  local installed = M.of(dir)
  local found = installed and installed:plugin(name)
  if not found then return false end
  inputs:read(found.path)
  for path in pairs(installed.read_files) do inputs:read(path) end
  return true
end

---Says what a plugin asks for beyond what the lock grants.
---@param granted string[]
---@param plugin table what its file returned
---@param name string
---@return string? problem
function M.beyond(granted, plugin, name)
  if type(plugin) ~= "table" or type(plugin.permissions) ~= "table" then return nil end
  local set = {}
  for _, text in ipairs(granted) do set[text] = true end
  for _, text in ipairs(plugin.permissions) do
    if not set[text] then
      return ("it asks for the permission %q, which %s does not grant (ggen-lua plugin update %s)")
        :format(tostring(text), lock.FILE, name)
    end
  end
end

return M
