-- The doctor: what the file system of a directory can do. Files that are made for it are removed.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")
local machine = require("ggen.machine")
local programs = require("ggen.doctor.programs")
local units = require("ggen.units")

local M = {}

local LITTLE_SPACE = 512 * 1024 * 1024
local LONGEST_STEP = 0.03 -- seconds to wait for another time stamp

---The directory itself, or the first one above it that is there.
---@param dir string absolute
---@return string
function M.existing(dir)
  while dir ~= "/" and not fs.stat(dir) do dir = dir:match("^(.*)/[^/]*$") end
  return dir == "" and "/" or dir
end

local function unescaped(text)
  return (text:gsub("\\(%d%d%d)", function(octal) return string.char(tonumber(octal, 8)) end))
end

---@param dir string absolute, without links
---@return string? kind of its file system, "ext4"
---@return string? mount where it is mounted
function M.file_system(dir)
  local file = io.open(machine.root .. "/proc/self/mountinfo")
  if not file then return nil end
  local kind, mount
  for line in file:lines() do
    local at, rest = line:match("^%S+ %S+ %S+ %S+ (%S+) .- %- (%S+)")
    at = at and unescaped(at)
    local inside = at and (at == "/" or dir == at or dir:sub(1, #at + 1) == at .. "/")
    -- Of two at the same place the later one lies on top.
    if inside and (not mount or #at >= #mount) then kind, mount = rest, at end
  end
  file:close()
  return kind, mount
end

local function write(path)
  local file, message = io.open(path, "w")
  if not file then return nil, message end
  file:write("x")
  file:close()
  return true
end

-- The least difference of two time stamps; nil when it is longer than we wait.
local function stamp_step(path)
  local first = fs.stat(path).mtime
  local deadline = clock.monotonic() + LONGEST_STEP
  repeat
    write(path)
    local step = fs.stat(path).mtime - first
    if step > 0 then return step end
  until clock.monotonic() > deadline
end

---@class ggen.doctor.Place
---@field problem string? why nothing can be written there
---@field kind string?
---@field mount string?
---@field reflink boolean? nil: not known
---@field step number? seconds between two time stamps

---Looks at a directory that is there.
---@async
---@param dir string absolute
---@return ggen.doctor.Place
function M.look(dir)
  local kind, mount = M.file_system(fs.realpath(dir) or dir)
  local place = { kind = kind, mount = mount }
  local probe = ("%s/.ggen-doctor-%s"):format(dir, require("ggen.random").hex(8))
  local ok, message = write(probe)
  if not ok then
    place.problem = message:gsub("^.*: ", "")
    return place
  end
  place.step = stamp_step(probe)
  local copied, why = programs.output({ "cp", "--reflink=always", probe, probe .. "-copy" })
  if copied or why ~= "missing" then place.reflink = copied ~= nil end
  fs.remove(probe)
  fs.remove(probe .. "-copy")
  return place
end

---Says what was found.
---@param report ggen.doctor.Report
---@param what string "the project"
---@param dir string
---@param place ggen.doctor.Place
---@param fix string what to do when nothing can be written there
---@return boolean writable
function M.tell(report, what, dir, place, fix)
  if place.problem then
    report:problem(("nothing can be written in %s: %s"):format(dir, place.problem), fix)
    return false
  end
  local step = place.step
  local parts = { ("%s is on %s"):format(what, place.kind or "an unknown file system") }
  if place.reflink ~= nil then
    parts[#parts + 1] = place.reflink and "with reflinks" or "without reflinks"
  end
  parts[#parts + 1] = step and ("time stamps %s apart"):format(step < 0.001 and "less than 1 ms"
    or ("%.3g ms"):format(step * 1000))
    or ("time stamps more than %g ms apart"):format(LONGEST_STEP * 1000)
  local text = table.concat(parts, ", ")
  if step and step < 0.5 then report:ok(text) else
    report:note(text, "files that change shortly before a run are read once more: a file system"
      .. " with finer time stamps (ext4, xfs, btrfs) spares that")
  end
  return true
end

---The space that is left.
---@async
---@param report ggen.doctor.Report
---@param dir string
---@param fix string
function M.space(report, dir, fix)
  local output = programs.output({ "df", "-Pk", dir })
  local free = output and output:match("\n%S.*%s%d+%s+%d+%s+(%d+)%s+%d+%%")
  free = free and tonumber(free) * 1024
  if not free then return end
  local text = ("%s are free in %s"):format(units.format_size(free), dir)
  if free < LITTLE_SPACE then report:problem(text, fix) else report:ok(text) end
end

return M
