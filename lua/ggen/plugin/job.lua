-- A change of the plugins of a project: rocks are got and checked, with those that they need; what
-- is granted is said, and asked for where it becomes more; then the files go into the tree, and the
-- lock is written. Until then nothing has changed.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local lock = require("ggen.plugin.lock")
local origins = require("ggen.plugin.origin")
local rock_version = require("ggen.plugin.rock_version")
local tree = require("ggen.plugin.tree")

local M = {}

local MOST_ROCKS = 100

---@class ggen.PluginJob
---@field dir string absolute directory of the project
---@field lock ggen.Lock as it was
---@field how ggen.Fetching
---@field staging string
---@field taken table<string, ggen.Rock> got in this job, by name
---@field asked table<string, true> those that somebody asked for, by name
---@field needed table<string, table<string, true>> by name: the rocks that need it
---@field renewed table<string, true> rocks of the lock in whose place others come
---@field private _count integer
local Job = {}
Job.__index = Job

-- What the host is to the rocks that ask for it.
local function provided(name)
  if name == "lua" then return "5.1-1" end
  if name == "luajit" then return "2.1.0-1" end
  if name == "ggen-api" then return require("ggen.registry").API .. ".0.0-1" end
  if name == "ggen-lua" then return require("ggen.version"):match("^[%d%.]+") .. "-1" end
end

---@param dir string absolute directory of the project
---@param staging string an empty directory
---@param how ggen.Fetching
---@return ggen.PluginJob
function M.new(dir, staging, how)
  local locked = lock.open(dir) or { version = lock.VERSION, plugins = {} }
  return setmetatable({ dir = dir, lock = locked,
    how = how, staging = staging, taken = {}, asked = {}, needed = {}, renewed = {},
    _count = 0 }, Job)
end

---@param name string of a rock, or of a plugin
---@return ggen.LockedRock?
function Job:locked(name)
  for _, entry in ipairs(self.lock.plugins) do
    if entry.rock == name or entry.name == name then return entry end
  end
end

---Gets a rock, without those that it needs.
---@async
---@param origin ggen.Origin
---@return ggen.Rock raises a fault
function Job:get(origin)
  self._count = self._count + 1
  if self._count > MOST_ROCKS then
    fault.raise(("more than %d rocks would be needed"):format(MOST_ROCKS))
  end
  local rock = origins.fetch(origin, self.how, ("%s/%d"):format(self.staging, self._count))
  self.taken[rock.rock] = rock
  return rock
end

local function need_fails(rock, need, version)
  fault.raise(("%s %s needs %s, and here is %s"):format(rock.rock, rock.version, need, version))
end

-- Whether a rock is there only for those that are renewed: then so is it.
local function is_renewed(self, entry)
  if entry.name or not next(self.renewed) then return false end
  for _, name in ipairs(entry.needed_by or {}) do
    if not self.renewed[name] then return false end
  end
  self.renewed[entry.rock] = true
  return true
end

---Gets what a rock needs, and what that needs.
---@async
---@param rock ggen.Rock
function Job:get_needs(rock)
  local list = rock.spec.dependencies
  for _, text in ipairs(type(list) == "table" and list or {}) do
    local need, message = rock_version.need(tostring(text))
    if not need then fault.raise(("%s: %s"):format(rock.rock, message)) end
    local of_host, taken = provided(need.rock), self.taken[need.rock]
    local before = not taken and self:locked(need.rock) or nil
    local locked = before and not is_renewed(self, before) and before
    local there = of_host or taken and taken.version or locked and locked.version
    if there and not rock_version.satisfies(there, need) then
      need_fails(rock, text, ("%s %s%s"):format(need.rock, there, locked and ", which "
        .. lock.FILE .. " has for " .. table.concat(locked.needed_by or { "itself" }, ", ") or ""))
    end
    if not of_host then
      self.needed[need.rock] = self.needed[need.rock] or {}
      self.needed[need.rock][rock.rock] = true
      if not there then
        self:get_needs(self:get({ rock = need.rock, need = need,
          server = before and origins.server_of(before, self.dir) }))
      end
    end
  end
end

-- Looks at the tables of the plugins, with the modules of all rocks around them.
local function read_plugins(self)
  local path, shares = {}, { tree.share(self.dir) }
  for _, rock in pairs(self.taken) do table.insert(shares, 1, rock.share) end
  for _, share in ipairs(shares) do
    path[#path + 1] = share .. "/?.lua;" .. share .. "/?/init.lua"
  end
  for name, rock in require("ggen.sorted").pairs(self.taken) do
    if self.asked[name] then
      local problem = require("ggen.plugin.rock").read_plugin(rock, table.concat(path, ";"),
        self.dir)
      if problem then
        fault.raise(("%s %s is refused: the plugin %s: %s"):format(name, rock.version, rock.plugin,
          problem))
      end
    end
  end
end

---Takes a rock in as a plugin that somebody asked for.
---@async
---@param origin ggen.Origin
---@return ggen.Rock
function Job:add(origin)
  local rock = self:get(origin)
  if not rock.plugin then
    fault.raise(("%s is no plugin: the rock of one is named ggen-KIND-NAME, of one of the kinds %s")
      :format(rock.rock, table.concat(require("ggen.registry").kind_names(), ", ")))
  end
  self.asked[rock.rock] = true
  if self:locked(rock.rock) then self.renewed[rock.rock] = true end
  self:get_needs(rock)
  return rock
end

local function keys(set) return set and next(set) and require("ggen.sorted").keys(set) or nil end

-- A line of the lock for a rock of this job.
local function entry_of(self, rock, before, trust)
  local entry = { rock = rock.rock, version = rock.version, source = rock.source,
    files = rock.files, built = rock.built, needed_by = before and before.needed_by }
  if self.asked[rock.rock] then
    local manifest = rock.manifest
    local stays = before and before.trust == "process"
    entry.name, entry.api, entry.permissions = rock.plugin, manifest.api, manifest.permissions
    entry.trust = (trust == "process" or stays or manifest.trust == "process") and "process"
      or "environment"
  end
  return entry
end

-- Of those that need a rock, what the lock says of rocks that stay, and what this job has seen.
local function needed_by(self, entry)
  local set = {}
  for _, name in ipairs(entry.needed_by or {}) do
    if not self.taken[name] then set[name] = true end
  end
  for name in pairs(self.needed[entry.rock] or {}) do set[name] = true end
  return keys(set)
end

---The lock that this job leads to.
---@param trust "process"|nil of what is added
---@return ggen.Lock
function Job:planned(trust)
  read_plugins(self)
  local planned = { version = lock.VERSION, plugins = {} }
  for _, entry in ipairs(self.lock.plugins) do
    if not self.taken[entry.rock] then
      local copy = {}
      for name, value in pairs(entry) do copy[name] = value end
      planned.plugins[#planned.plugins + 1] = copy
    end
  end
  for _, rock in pairs(self.taken) do
    planned.plugins[#planned.plugins + 1] = entry_of(self, rock, self:locked(rock.rock), trust)
  end
  for _, entry in ipairs(planned.plugins) do entry.needed_by = needed_by(self, entry) end
  M.drop_unneeded(planned)
  local checked, message = lock.decode(lock.encode(planned))
  if not checked then fault.raise("these rocks do not go together: " .. message) end
  return checked
end

---Leaves out the rocks that nobody asked for and nobody needs any more.
---@param planned ggen.Lock changed
function M.drop_unneeded(planned)
  repeat
    local present, kept, dropped = {}, {}, false
    for _, entry in ipairs(planned.plugins) do present[entry.rock] = true end
    for _, entry in ipairs(planned.plugins) do
      local set = {}
      for _, name in ipairs(entry.needed_by or {}) do set[name] = present[name] end
      entry.needed_by = keys(set)
      if entry.name or entry.needed_by then kept[#kept + 1] = entry else dropped = true end
    end
    planned.plugins = kept
  until not dropped
end

---Puts the files into the tree and writes the lock.
---@param dir string absolute directory of the project
---@param before ggen.Lock
---@param planned ggen.Lock
---@param taken table<string, ggen.Rock> whose files are to be put there
function M.apply(dir, before, planned, taken)
  local function failed(message)
    fault.raise(("the plugins here could not be changed: %s (ggen-lua plugin sync makes %s as %s"
      .. " says)"):format(message, ".ggen/plugins", lock.FILE))
  end
  for _, entry in ipairs(planned.plugins) do
    local rock = taken[entry.rock]
    if rock then
      local ok, message = tree.put(dir, rock.share, rock.files)
      if not ok then failed(message) end
    end
  end
  local ok, message = lock.write(dir, planned)
  if not ok then failed(message) end
  local stay, gone = {}, {}
  for _, entry in ipairs(planned.plugins) do
    for path in pairs(entry.files) do stay[path] = true end
  end
  for _, entry in ipairs(before.plugins) do
    for path in pairs(entry.files) do
      if not stay[path] then gone[#gone + 1] = path end
    end
  end
  tree.drop(dir, gone)
end

return M
