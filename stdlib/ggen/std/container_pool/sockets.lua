-- Directories of this machine that containers put their unix sockets into: made, asked, removed.
-- SPDX-License-Identifier: MIT
local ffi = require("ffi")
local fs = require("ggen.core.fs")

ffi.cdef("int chmod(const char *path, unsigned int mode);")

local M = {}

-- A socket's address holds 107 bytes; the longest usual name in such a directory is some 30.
local LONGEST = 107 - 32
local HOME = "/.ggen/sockets"
local YOUNG = 60 -- seconds in which the container of a directory may be still to come

local function tag_of(container) return container:match("%x+$"):sub(1, 8) end

---A new directory that any user of a container may write to, and others of this machine cannot
---reach.
---@param project_dir string
---@param container string its name, whose end the directory is named after
---@return string? dir
---@return string? message
function M.make(project_dir, container)
  local home = project_dir .. HOME
  local dir = home .. "/" .. tag_of(container)
  if #dir > LONGEST then
    local made, message = fs.make_temp_dir("ggen-sockets-")
    if not made then return nil, message end
    home, dir = made, made .. "/s"
  end
  local ok, message = fs.mkdir(dir)
  if not ok then return nil, message end
  ffi.C.chmod(home, tonumber("700", 8))
  ffi.C.chmod(dir, tonumber("777", 8))
  return dir
end

---@param dir string of make()
function M.remove(dir)
  fs.remove(dir, { recursive = true })
  local home = dir:match("^(.*/ggen%-sockets%-[^/]+)/s$")
  if home then fs.remove(home, { recursive = true }) end
end

---Removes the directories of containers that are gone: whoever removes one for a run that died
---knows nothing of them.
---@param project_dir string
---@param now number seconds since 1970
---@param containers fun(): table[]? { name } of all containers of the project; asked when there
---is a directory that may be nobody's
function M.sweep(project_dir, now, containers)
  local home, known = project_dir .. HOME, nil
  for _, entry in ipairs(fs.list(home) or {}) do
    local made = fs.stat(home .. "/" .. entry.name)
    if made and now - made.mtime > YOUNG then
      if not known then
        known = {}
        local list = containers()
        if not list then return end
        for _, one in ipairs(list) do
          if one.name:find("%x$") then known[tag_of(one.name)] = true end
        end
      end
      if not known[entry.name] then fs.remove(home .. "/" .. entry.name, { recursive = true }) end
    end
  end
end

---Whether somebody listens at a socket of the directory; one without sockets says nothing.
---@async
---@param dir string
---@param world table
---@return boolean? answers
---@return string? message
function M.answers(dir, world)
  local message
  for _, entry in ipairs(fs.list(dir) or {}) do
    if entry.type == "other" then
      local ok
      ok, message = world.connects_unix(dir .. "/" .. entry.name)
      if ok then return true end
    end
  end
  if message then return nil, message end
  return true
end

return M
