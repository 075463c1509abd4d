-- Directories of a project that a file names: by a path, or by globs. None of them may lie outside
-- of it, whatever links say. What is looked at is recorded like all that loading asks. Knows no
-- workspaces.
-- SPDX-License-Identifier: MIT
local paths = require("ggen.paths")
local progress = require("ggen.loading")
local sorted = require("ggen.sorted")

local M = {}

local WILDCARD = "[*?%[{]"

local function joined(root, path) return (root == "/" and "" or root) .. "/" .. path end

-- The path below the root that a path leads to when links are followed.
local function without_links(root, path)
  if path == "" then return "" end
  -- With the dot at the end it has to be a directory.
  local real, message, kind = progress.real_path(joined(root, path) .. "/.")
  if not real then
    if kind == "not_found" then return nil, "there is no such directory", kind end
    return nil, (message or ""):match(": ([^:]+)$") or "it is no directory", kind
  end
  if real == joined(root, path) then return path end
  local real_root = progress.real_path(root) or root
  if real == real_root then return "" end
  local prefix = joined(real_root, "")
  if real:sub(1, #prefix) == prefix then return real:sub(#prefix + 1) end
  return nil, ("it leads out of the project, to %s"):format(real), "outside"
end

---The directory that a path means.
---@param root string absolute directory of the project
---@param path string relative to it
---@return string? directory relative to the root and without links; "" is the root itself
---@return string? message what is wrong: "it leads out of the project"
---@return string? kind "not_found", "outside", ...
function M.resolve(root, path)
  local inside = path:sub(1, 1) ~= "/" and paths.normalised(path)
  -- An absolute path may be meant as one of the project.
  if path:sub(1, 1) == "/" then
    local clean = paths.normalised(path)
    clean = clean and "/" .. clean
    inside = clean == root and "" or clean and clean:sub(1, #root + 1) == root .. "/"
      and clean:sub(#root + 2)
  end
  if not inside then return nil, "it leads out of the project", "outside" end
  return without_links(root, inside)
end

-- Directories below `root` that a pattern names; "*" and the like within one name.
local function by_names(root, pattern)
  local found = { "" }
  for segment in pattern:gmatch("[^/]+") do
    local next_found, wild = {}, segment:find(WILDCARD) ~= nil
    for _, base in ipairs(found) do
      local prefix = base == "" and "" or base .. "/"
      if wild then
        for _, name in ipairs(progress.directories(joined(root, base), segment) or {}) do
          if name ~= "node_modules" then next_found[#next_found + 1] = prefix .. name end
        end
      else
        local path, message, kind = without_links(root, prefix .. segment)
        if kind == "outside" then return nil, message end
        next_found[#next_found + 1] = path
      end
    end
    found = next_found
  end
  return found
end

-- The same with "**", which looks into all directories: those that have the file.
local function by_walking(root, pattern, file)
  local files, message = progress.files(root, { pattern .. "/" .. file, "!**/node_modules/**" })
  if not files then return nil, message end
  local found = {}
  for i, path in ipairs(files) do found[i] = path:match("^(.*)/[^/]*$") or "" end
  return found
end

---The directories that patterns name; one that begins with "!" takes out what those before it took
---in.
---@param root string absolute
---@param patterns string[]
---@param file string? only those that have a file of this name; without it "**" is refused
---@return string[]? directories relative to the root, sorted, each once
---@return string? message
---@return string? pattern the one that is wrong
function M.list(root, patterns, file)
  local match = require("ggen.core.fs").match
  local taken = {}
  for _, pattern in ipairs(patterns) do
    local negated, path = pattern:match("^(!?)(.*)$")
    local clean = path:sub(1, 1) ~= "/" and paths.normalised(path)
    if not clean then return nil, "it leads out of the project", pattern end
    local valid, message = match(clean, "")
    if valid == nil then return nil, message, pattern end
    if negated ~= "" then
      for dir in pairs(taken) do
        if match(clean, dir) then taken[dir] = nil end
      end
    else
      local deep = clean:find("**", 1, true)
      if deep and not file then return nil, '"**" cannot be used here', pattern end
      local found
      found, message = (deep and by_walking or by_names)(root, clean, file)
      if not found then return nil, message, pattern end
      for _, dir in ipairs(found) do
        local wanted = file and joined(root, dir == "" and file or dir .. "/" .. file)
        if deep or not wanted or progress.exists(wanted) then taken[dir] = true end
      end
    end
  end
  return sorted.keys(taken)
end

return M
