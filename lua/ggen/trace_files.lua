-- The files of --trace in the project's directory: like what observers write they are no sources of
-- a run, neither of the one that writes them nor of a later one. One small text file, a path a
-- line, the newest last.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

M.FILE = ".ggen/traces"

local HEADER = "# Files that --trace wrote, which are no inputs of tasks\n"
local MOST = 100 -- files that somebody names anew each time

---@param dir string absolute directory of the project
---@return string[] paths relative to it
function M.read(dir)
  local list = {}
  for line in (fs.read(dir .. "/" .. M.FILE) or ""):gmatch("[^\n]+") do
    if line:sub(1, 1) ~= "#" then list[#list + 1] = line end
  end
  return list
end

-- Relative to the project; nil for what lies elsewhere, or where nothing is an input anyway.
local function inside(dir, path)
  if path:sub(1, 1) ~= "/" then path = fs.cwd() .. "/" .. path end
  local folder, name = path:match("^(.*)/([^/]*)$")
  local full = (fs.realpath(folder == "" and "/" or folder) or folder) .. "/" .. name
  local root = (fs.realpath(dir) or dir) .. "/"
  local relative = full:sub(1, #root) == root and full:sub(#root + 1) or nil
  if not relative or relative:sub(1, 6) == ".ggen/" or relative:find("\n", 1, true) then
    return nil
  end
  return relative
end

---Writes down that a file is no source.
---@param dir string absolute directory of the project
---@param path string absolute, or relative to the current directory
---@return boolean new it was not known, and what makes the keys of tasks has to be made anew
function M.add(dir, path)
  local relative = inside(dir, path)
  if not relative then return false end
  -- Another run may be adding its own.
  fs.mkdir(dir .. "/.ggen")
  local lock = require("ggen.core.lock").hold(dir .. "/.ggen/lock", M.FILE)
  local list, known = M.read(dir), false
  for _, other in ipairs(list) do known = known or other == relative end
  if not known then
    list[#list + 1] = relative
    local first = math.max(#list - MOST + 1, 1)
    fs.write(dir .. "/" .. M.FILE, HEADER .. table.concat(list, "\n", first) .. "\n")
  end
  lock:close()
  return not known
end

return M
