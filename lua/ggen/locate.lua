-- Where a project is: the file that makes a directory one, the workspace that a directory is in;
-- and how paths are shown. Reads no file.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

M.FILE = "pipeline.lua"
M.MAKE_TOML = "make.toml"

local function dirname(path) return path:match("^(.*)/[^/]*$") end

---How a file is named in messages: relative to where the program was started.
---@param path string absolute
---@param cwd string
---@return string
function M.display(path, cwd)
  if cwd ~= "/" and path:sub(1, #cwd + 1) == cwd .. "/" then return path:sub(#cwd + 2) end
  return path
end

---@param dir string absolute
---@param exists (fun(path: string): boolean)? for those who want the looks to be recorded. Where
---the project is found depends on where one stands, and is looked up each time.
---@return string? dir the nearest directory from there up that has a pipeline.lua or a make.toml
---@return string? file the name of that file; pipeline.lua when there are both
function M.find(dir, exists)
  exists = exists or fs.stat
  while true do
    local base = dir == "/" and "/" or dir .. "/"
    if exists(base .. M.FILE) then return dir, M.FILE end
    if exists(base .. M.MAKE_TOML) then return dir, M.MAKE_TOML end
    if dir == "/" or dir == "" then return nil end
    dir = dirname(dir)
    if dir == "" then dir = "/" end
  end
end

---The directory in whose .ggen the runs are: that of the project or, where none is (CI left only
---that), the nearest one with a .ggen.
---@param dir string absolute
---@return string? dir
function M.find_runs(dir)
  local found = M.find(dir)
  while not found and dir and dir ~= "" do
    local info = fs.stat(dir .. "/.ggen")
    if info and info.type == "directory" then return dir end
    dir = dir:match("^(.*)/[^/]*$")
  end
  return found
end

---The workspace that a directory belongs to.
---@param workspaces ggen.Pipeline[]
---@param dir string absolute
---@param root string absolute: who stands there means the whole, even if it is a workspace as well
---@return string? name
function M.inside(workspaces, dir, root)
  local inside
  for _, workspace in ipairs(workspaces) do
    local below = dir == workspace.dir or dir:sub(1, #workspace.dir + 1) == workspace.dir .. "/"
    if below and workspace.dir ~= root then inside = workspace.name end
  end
  return inside
end

return M
