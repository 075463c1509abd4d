-- The directory that the rocks of a project lie in, .ggen/plugins: its files against the lock, and
-- changing it. One process does that at a time.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local hash = require("ggen.core.hash")
local installed = require("ggen.plugin.installed")
local sorted = require("ggen.sorted")

local M = {}

local STAGING = ".staging"

local function tree_of(dir) return dir .. "/" .. installed.TREE end

---@param dir string absolute directory of the project
---@return string
function M.share(dir) return dir .. "/" .. installed.SHARE end

-- A link in the place of one of these directories would have us change what it leads to.
local function refuse_link(path)
  local info = fs.stat(path, { follow = false })
  if info and info.type ~= "directory" then
    require("ggen.fault").raise(("%s is no directory: remove it"):format(path))
  end
end

---Calls a function that gets an empty directory, while nobody else changes the tree.
---@async
---@generic T
---@param dir string absolute directory of the project
---@param fn fun(staging: string): T
---@return T
function M.hold(dir, fn)
  local tree = tree_of(dir)
  for _, part in ipairs({ "", "/share", "/share/lua", "/share/lua/5.1" }) do
    refuse_link(tree .. part)
  end
  local ok, message = fs.mkdir(tree)
  if not ok then require("ggen.fault").raise(("cannot make %s: %s"):format(tree, message)) end
  -- The lock belongs into git, and what it names does not.
  local ignore = tree .. "/.gitignore"
  if not fs.stat(ignore, { follow = false }) then fs.write(ignore, "*\n") end
  local core, name = require("ggen.core.lock"), tree .. "/.lock"
  local lock = core.try(name, "plugins")
  if not lock then
    io.stderr:write("ggen-lua: another ggen-lua changes the plugins here; this one waits\n")
    lock = core.hold(name, "plugins")
  end
  local staging = tree .. "/" .. STAGING
  fs.remove(staging, { recursive = true }) -- of one that was killed
  local done, value
  done, value = pcall(function()
    require("ggen.fault").check(fs.mkdir(staging))
    return fn(staging)
  end)
  fs.remove(staging, { recursive = true })
  lock:close()
  if not done then error(value, 0) end
  return value
end

---@class ggen.TreeState
---@field changed string[] files that are not what the lock says
---@field missing string[]
---@field extra string[] files that the lock does not name

local function files_below(root, prefix, found)
  for _, entry in ipairs(fs.list(root) or {}) do
    local path = prefix .. entry.name
    if entry.type == "directory" then
      files_below(root .. "/" .. entry.name, path .. "/", found)
    else
      found[path] = entry.type
    end
  end
  return found
end

---Looks at every file.
---@param dir string absolute directory of the project
---@param lock ggen.Lock
---@return ggen.TreeState
function M.state(dir, lock)
  local share = M.share(dir)
  local there = files_below(share, "", {})
  local state = { changed = {}, missing = {}, extra = {} }
  for _, entry in ipairs(lock.plugins) do
    for path, digest in sorted.pairs(entry.files) do
      local text = there[path] and fs.read(share .. "/" .. path)
      local list = not there[path] and state.missing
        or (not text or hash.bytes(text) ~= digest:lower()) and state.changed
      if list then list[#list + 1] = path end
      there[path] = nil
    end
  end
  state.extra = sorted.keys(there)
  return state
end

---Whether every file is there as the lock says, and no other.
---@param dir string absolute directory of the project
---@param lock ggen.Lock
---@return boolean
function M.is_as_locked(dir, lock)
  local state = M.state(dir, lock)
  return #state.changed == 0 and #state.missing == 0 and #state.extra == 0
end

---Whether a rock is there as the lock says.
---@param dir string
---@param entry ggen.LockedRock
---@return boolean
function M.holds(dir, entry)
  local state = M.state(dir, { version = 1, plugins = { entry } })
  return #state.changed == 0 and #state.missing == 0
end

---Puts files into the tree.
---@param dir string absolute directory of the project
---@param from string directory on the same file system, which loses them
---@param files table<string, any> by path
---@return boolean? done
---@return string? message
function M.put(dir, from, files)
  local share = M.share(dir)
  for path in sorted.pairs(files) do
    local to = share .. "/" .. path
    for at in path:gmatch("()/") do refuse_link(share .. "/" .. path:sub(1, at - 1)) end
    local ok, message = fs.mkdir(to:match("^(.*)/"))
    local info = ok and fs.stat(to, { follow = false })
    if info and info.type == "directory" then fs.remove(to, { recursive = true }) end
    if ok then ok, message = fs.rename(from .. "/" .. path, to) end
    if not ok then return nil, message end
  end
  return true
end

---Removes files, and the directories that are empty then.
---@param dir string absolute directory of the project
---@param paths string[]
function M.drop(dir, paths)
  local share = M.share(dir)
  for _, path in ipairs(paths) do
    fs.remove(share .. "/" .. path)
    local above = path:match("^(.*)/")
    while above and #(fs.list(share .. "/" .. above) or { 1 }) == 0 do
      fs.remove(share .. "/" .. above, { recursive = true })
      above = above:match("^(.*)/")
    end
  end
end

return M
