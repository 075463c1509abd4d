-- Which tasks of this checkout failed, or had not their turn, and have not succeeded since: what
-- --failed runs. One small text file, an id a line; none when there is nothing to say. Knows no
-- selection.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

M.FILE = ".ggen/failed"

local HEADER = "# Tasks that failed or did not run last time (ggen-lua run --failed)\n"

local function path_of(dir) return dir .. "/" .. M.FILE end

---@param dir string absolute directory of the project
---@return table<string, true> ids
function M.read(dir)
  local ids = {}
  for line in (fs.read(path_of(dir)) or ""):gmatch("[^\n]+") do
    if line:sub(1, 1) ~= "#" then ids[line] = true end
  end
  return ids
end

local function write(dir, ids)
  local list = {}
  for id in pairs(ids) do list[#list + 1] = id end
  if #list == 0 then return fs.remove(path_of(dir)) end
  table.sort(list)
  fs.mkdir(dir .. "/.ggen")
  return fs.write(path_of(dir), HEADER .. table.concat(list, "\n") .. "\n")
end

local function add(dir, each)
  local ids, changed = M.read(dir), false
  each(function(id, done)
    if done == (ids[id] == nil) then return end
    ids[id], changed = (not done) or nil, true
  end)
  if not changed then return true end
  return write(dir, ids)
end

---Brings the record up to date with a run that has ended.
---@param dir string
---@param failed boolean something of the run failed or did not run
---@param each fun(tell: fun(id: string, done: boolean)) calls tell with each task of the run
---@return boolean? ok, string? message
function M.update(dir, failed, each)
  if not failed and not fs.stat(path_of(dir)) then return true end
  -- Another run may be adding its own.
  local lock = require("ggen.core.lock").hold(dir .. "/.ggen/lock", M.FILE)
  local ok, message = add(dir, each)
  lock:close()
  return ok, message
end

return M
