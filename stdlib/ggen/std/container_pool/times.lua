-- How long containers took to be made in former runs, in a small file of the project. What is lost
-- of it costs nothing but a worse guess.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local fs = require("ggen.core.fs")

local M = {}

local FILE = "/.ggen/container-times.json"
local MOST = 5 -- samples of each
-- Of a container that was never made here.
local GUESS = { make = 1, clean = 0.5 } -- seconds

---@class ggen.ContainerTimes
---@field package _pools table<string, { image: string, make: number[], clean: number[] }>
local Times = {}
Times.__index = Times

---@param project_dir string
---@return ggen.ContainerTimes
function M.open(project_dir)
  local bytes = fs.read(project_dir .. FILE, 1024 * 1024)
  local value = bytes and ggen.json.decode(bytes)
  local pools = type(value) == "table" and value.version == 1 and value.pools
  return setmetatable({ _path = project_dir .. FILE, _pools = type(pools) == "table" and pools
    or {} }, Times)
end

local function samples(self, name, image)
  local row = self._pools[name]
  if type(row) ~= "table" or row.image ~= image then return nil end
  return row
end

---What to expect: the longest of the last ones, because to be early costs less than to be late.
---@param name string
---@param image string
---@param what "make"|"clean"
---@return number seconds
---@return boolean known
function M.expected(self, name, image, what)
  local row, longest = samples(self, name, image), nil
  for _, seconds in ipairs(row and type(row[what]) == "table" and row[what] or {}) do
    if type(seconds) == "number" and seconds >= 0 and seconds < 3600 then
      longest = math.max(longest or 0, seconds)
    end
  end
  return longest or GUESS[what], longest ~= nil
end
Times.expected = M.expected

---@param name string
---@param image string
---@param what "make"|"clean"
---@param seconds number
function Times:add(name, image, what, seconds)
  local row = samples(self, name, image)
  if not row then
    row = { image = image }
    self._pools[name] = row
  end
  local list = type(row[what]) == "table" and row[what] or {}
  row[what] = list
  list[#list + 1] = ggen.units.milliseconds(seconds)
  while #list > MOST do table.remove(list, 1) end
  self._changed = true
end

---Writes what was added. Of two runs at once one wins.
function Times:save()
  if not self._changed then return end
  local text = ggen.json.encode({ version = 1, pools = self._pools })
  if text then ggen.files.write(self._path, text .. "\n") end
  self._changed = nil
end

return M
