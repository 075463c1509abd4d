-- A clean room: a directory that takes the place of the project for one task, with what the task
-- may see and nothing else. What it makes of its outputs comes back when it ends well. Knows no
-- container: who runs the task puts the room where the project would be.
--
-- Rooms are below .ggen/cleanroom, on the same disk as the project, so that outputs are moved and
-- not copied. A lock for each tells later runs which ones nobody uses any more.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local lock = require("ggen.core.lock")
local paths = require("ggen.paths")

local M = {}

local MOST_OUTSIDE = 100 -- inputs that are not in the project: each is a mount

---@class ggen.CleanRoom
---@field dir string absolute: what is to be seen where the project is
---@field outside string[] absolute paths of inputs that are not in the project
---@field files integer that were put into it
---@field package _run ggen.Run
---@field package _task ggen.Task
---@field package _lock userdata?
local Room = { __name = "ggen.CleanRoom" }
Room.__index = Room

-- What the run knows of files; a run without a cache has to be told first.
local function files_of(run)
  if run.cache then
    run.cache:define()
    return run.cache.files
  end
  if not run.room_files then
    local files, message = require("ggen.first_look").open(run.project)
    if not files then return nil, message end
    require("ggen.definition").remembered(run.project, run.plugins):tell(files)
    run.room_files = files
  end
  return run.room_files
end

local function wait(files, method, ...)
  local arguments, count = { ... }, select("#", ...)
  return async.await(function(resume)
    arguments[count + 1] = resume
    files[method](files, unpack(arguments, 1, count + 1))
  end)
end

-- Removes the rooms of runs that have died.
local function sweep(base)
  for _, entry in ipairs(fs.list(base) or {}) do
    local name = type(entry) == "table" and entry.name or entry
    local held = name ~= "lock" and lock.try(base .. "/lock", name)
    if held then
      fs.remove(base .. "/" .. name, { recursive = true })
      held:close()
    end
  end
end

local function absolute_of(root, path)
  if path:sub(1, 1) == "/" then return path end
  local dir = root
  while path:sub(1, 3) == "../" do
    dir, path = dir:match("^(.*)/[^/]*$"), path:sub(4)
  end
  return dir .. "/" .. path
end

---Makes a room for a task, with its inputs and what the tasks that it needs made.
---@async
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.CleanRoom? room
---@return string? message
function M.open(run, task)
  local root = run.project.dir
  local files, message = files_of(run)
  if not files then return nil, "no clean room can be made: " .. message end
  local base = root .. "/.ggen/cleanroom"
  if not run.rooms_swept then
    run.rooms_swept = true
    sweep(base)
  end
  local name = require("ggen.random").hex(6)
  local self = setmetatable({ dir = base .. "/" .. name, _run = run, _task = task }, Room)
  local made
  made, message = fs.mkdir(base)
  if not made then return nil, "no clean room can be made: " .. message end
  -- Held before it is there, or another run that sweeps takes it for one of a run that has died.
  self._lock = lock.try(base .. "/lock", name)
  made, message = fs.mkdir(self.dir)
  if not made then
    self:close()
    return nil, "no clean room can be made: " .. message
  end
  local staged
  staged, message = wait(files, "stage", task.index, self.dir)
  if not staged then
    self:close()
    return nil, "its clean room could not be filled: " .. message
  end
  self.files, self.outside = staged.files, {}
  -- Several links may lead to one file, which is mounted once.
  local seen = {}
  for _, path in ipairs(staged.outside) do
    local absolute = absolute_of(root, path)
    if not seen[absolute] then self.outside[#self.outside + 1] = absolute end
    seen[absolute] = true
  end
  if #self.outside > MOST_OUTSIDE then
    self:close()
    return nil, ("%d of its inputs are not in the project (%s, ...), and a clean room takes at most"
      .. " %d of these"):format(#self.outside, self.outside[1], MOST_OUTSIDE)
  end
  -- Where it begins is there, whatever it reads.
  local here = task.spec.cwd and paths.joined(paths.relative_dir(task.dir, root), task.spec.cwd)
    or paths.relative_dir(task.dir, root)
  if here then fs.mkdir(self.dir .. "/" .. here) end
  return self
end

---The task has ended well: its declared outputs become those of the project, and nothing else.
---@async
---@return boolean? done
---@return string? message
function Room:collect()
  local collected, message = wait(files_of(self._run), "collect", self._task.index, self.dir)
  if not collected then
    return nil, "its outputs could not be taken out of the clean room: " .. message
  end
  return true
end

-- Whether a path is among the outputs of the task, which do not lie in the room beforehand.
local function makes(self, path)
  local root = self._run.project.dir
  for _, pattern in ipairs((require("ggen.outputs").patterns(self._task, root))) do
    if fs.match(pattern, path) or path:sub(1, #pattern + 1) == pattern .. "/" then return true end
  end
  return false
end

---Which files it probably missed, by what it said.
---@param text string
---@param cwd string absolute
---@return string[] paths relative to the project, at most three
function Room:missed(text, cwd)
  return require("ggen.missed_files").of(text, { root = self._run.project.dir, room = self.dir,
    cwd = cwd, ours = function(path) return makes(self, path) end })
end

---Removes it.
function Room:close()
  local removed, message = fs.remove(self.dir, { recursive = true })
  if not removed and fs.stat(self.dir) then
    self._run.events:note("warning", "a clean room could not be removed: " .. message, self._task)
  end
  if self._lock then self._lock:close() end
  self._lock = nil
end

return M
