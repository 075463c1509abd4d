-- The books of a project about its containers, in .ggen/containers: which runs may have left some,
-- which are kept for the next one, and who uses what. All of it is files and locks that end with
-- their process, so that it is right whenever anybody is killed. Knows no engine.
--
--   locks             one byte for each name that is locked: a run that goes on ("run ID"), a
--                     container in the hands of a run that did not make it ("container ID"), the
--                     process that waits until what is kept expires ("keeper")
--   run-ID.json       a run that made containers and has not said that none is left: { host }
--   keep-ID.json      a container that waits for the next run: { keep, written, host }
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local fs = require("ggen.core.fs")
local lock_file = require("ggen.core.lock_file")

local M = {}

-- A clock that was set back by more than this makes "kept until" meaningless.
local BACK = 60 -- seconds

---@class docker.Books
---@field dir string
---@field id string of these books, and of no copy of them
---@field lock ggen.LockFile
---@field own table<string, true> runs of this process
---@field held table<string, true> containers that this process holds
local Books = {}
Books.__index = Books

---The directory of a project's books.
---@param project_dir string
---@return string
function M.directory(project_dir) return project_dir .. "/.ggen/containers" end

local function open(dir)
  local lock, message, kind = lock_file.open(dir .. "/locks")
  if not lock then return nil, message, kind end
  return setmetatable({ dir = dir, id = lock:id(), lock = lock, own = {}, held = {} }, Books)
end

---Opens the books of a directory, and makes them when there are none.
---@param dir string
---@return docker.Books?
---@return string? message
function M.open(dir)
  local made, message = fs.mkdir(dir)
  if not made then return nil, message end
  return open(dir)
end

---Opens them only if they are there.
---@param dir string
---@return docker.Books?
---@return string? message
function M.find(dir)
  if not fs.stat(dir .. "/locks") then return nil, "there are none" end
  return open(dir)
end

local function read(dir, name)
  local text = fs.read(dir .. "/" .. name, 64 * 1024)
  local entry = text and ggen.json.decode(text)
  return type(entry) == "table" and entry or {}
end

-- The files prefix-ID.json, read: by id.
local function entries(self, prefix)
  local found = {}
  for _, file in ipairs(fs.list(self.dir) or {}) do
    local id = file.name:match("^" .. prefix .. "%-(%x+)%.json$")
    if id then found[id] = read(self.dir, file.name) end
  end
  return found
end

local function write(self, name, entry)
  return fs.write(self.dir .. "/" .. name, assert(ggen.json.encode(entry)))
end

---@return table<string, table> entries by the id of the run
function Books:runs() return entries(self, "run") end

---@return table<string, table> entries by the id of the container
function Books:kept() return entries(self, "keep") end

function Books:write_run(id, entry) return write(self, "run-" .. id .. ".json", entry) end

function Books:drop_run(id) fs.remove(self.dir .. "/run-" .. id .. ".json") end

function Books:write_keep(id, entry) return write(self, "keep-" .. id .. ".json", entry) end

function Books:drop_keep(id) fs.remove(self.dir .. "/keep-" .. id .. ".json") end

---What is known of one container that is kept.
---@param id string
---@return table?
function Books:keep_of(id)
  local name = "keep-" .. id .. ".json"
  return fs.stat(self.dir .. "/" .. name) and read(self.dir, name)
end

-- A run that died together with its reaper may have asked for a container that was still being made
-- when it was looked for: its page stays until that has been done a while later, too.
local LATE = 10 -- seconds

-- Who was killed while it wrote a file has left the beginning of it.
local function drop_torn(dir, now)
  for _, file in ipairs(fs.list(dir) or {}) do
    local path = dir .. "/" .. file.name
    local info = file.name:find("^%.ggen%-tmp%-") and fs.stat(path)
    if info and now - info.mtime > LATE then fs.remove(path) end
  end
end

---After what runs have left on an engine was removed: closes the pages of those that are over.
---@param host string of the engine
function Books:close_pages(host)
  local now = os.time()
  drop_torn(self.dir, now)
  for run, entry in pairs(self:runs()) do
    local swept = tonumber(entry.swept)
    if (entry.host or host) == host and not self:runs_on(run) then
      if swept and math.abs(now - swept) > LATE then
        self:drop_run(run)
      elseif not swept then
        self:write_run(run, { host = entry.host, swept = now })
      end
    end
  end
end

---How long it is still kept.
---@param entry table
---@param now number seconds since 1970
---@return number seconds 0: it is not
function M.time_left(entry, now)
  local written, keep = tonumber(entry.written), tonumber(entry.keep)
  if not written or not keep or now < written - BACK then return 0 end
  return math.max(0, math.min(written + keep - now, keep))
end

---Whether the run goes on, here or in another process. What cannot be asked goes on.
---@param id string
---@return boolean
function Books:runs_on(id)
  if self.own[id] then return true end
  return self.lock:taken("run " .. id) ~= false
end

---Whether a run has taken the container over.
---@param id string
---@return boolean
function Books:is_held(id)
  if self.held[id] then return true end
  return self.lock:taken("container " .. id) ~= false
end

---Takes a container; nobody else can as long as it is ours.
---@param id string
---@return boolean
function Books:take(id)
  if self.held[id] or self.lock:try("container " .. id) ~= true then return false end
  self.held[id] = true
  return true
end

---@param id string
function Books:give_back(id)
  if not self.held[id] then return end
  self.held[id] = nil
  self.lock:unlock("container " .. id)
end

---Whether these are still the books of their directory.
---@return boolean
function Books:in_place() return self.lock:in_place() end

function Books:close() self.lock:close() end

return M
