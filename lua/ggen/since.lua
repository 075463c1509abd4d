-- Which tasks a git change has to do with, and why: those that read a changed file, those that were
-- declared by one, and all that need one of these.
-- SPDX-License-Identifier: MIT
local definition = require("ggen.definition")
local fs = require("ggen.core.fs")
local plan = require("ggen.plan")

local M = {}

local MOST_HOPS = 3 -- needs that are named on the way to the file

---@class ggen.Affected
---@field files integer how many files have changed
---@field package _project ggen.Project
---@field package _direct table<integer, string> why, by task
---@field package _through table<integer, integer> the need by which a task is affected
local Affected = {}
Affected.__index = Affected

---@param index integer
---@return boolean
function Affected:has(index) return (self._direct[index] or self._through[index]) ~= nil end

---@param index integer of an affected task
---@return string reason "needs lib#build, which reads lib/x.c"
function Affected:reason(index)
  local project, names = self._project, {}
  while not self._direct[index] do
    index = self._through[index]
    if not project:task(index).phase then names[#names + 1] = project:id(index) end
  end
  local parts = {}
  for i, name in ipairs(names) do
    if #names <= MOST_HOPS or i < MOST_HOPS or i == #names then
      parts[#parts + 1] = "needs " .. name
    elseif i == MOST_HOPS then
      parts[#parts + 1] = "..."
    end
  end
  parts[#parts + 1] = self._direct[index]
  return (table.concat(parts, ", which "):gsub("which %.%.%., ", "... "))
end

-- Paths ------------------------------------------------------------------------------------------

-- A path of the working tree as the project names it.
local function namer(top, dir)
  local inside = dir:sub(1, #top + 1) == top .. "/"
  local prefix = inside and dir:sub(#top + 2) .. "/" or ""
  local up = prefix:gsub("[^/]+/", "../")
  return function(path)
    if path:sub(1, #prefix) == prefix then return path:sub(#prefix + 1) end
    local above, rest, deep = prefix, path, up
    while true do -- what they have in common
      local first = above:match("^[^/]+/")
      if not first or rest:sub(1, #first) ~= first then break end
      above, rest, deep = above:sub(#first + 1), rest:sub(#first + 1), deep:sub(4)
    end
    return deep .. rest
  end
end

local function is_ours(path) return path:find("^%.ggen/") or path:find("/.ggen/", 1, true) end

-- What was pinned of another repository is a directory, and git names it like a file.
local function with_slash(top, path, modules)
  if not modules then return path end
  local info = fs.stat(top .. "/" .. path)
  return info and info.type == "directory" and path .. "/" or path
end

-- All changed files: as they are looked up, as they are shown, absolute.
local function paths_of(project, changes)
  local name = namer(changes.top, project.dir)
  local list = { keys = {}, shown = {}, absolute = {}, files = 0 }
  local modules = fs.stat(changes.top .. "/.gitmodules") ~= nil
  local function add(path, submodules)
    if is_ours(path) then return end
    path = with_slash(changes.top, path, submodules)
    local key, absolute = name(path), changes.top .. "/" .. path
    local shown = require("ggen.harmless").line(key)
    local n = #list.keys + 1
    list.keys[n], list.shown[n], list.absolute[n] = key, shown, absolute
    list.files = list.files + 1
    -- Inputs outside of the project may have been written either way.
    if key:sub(1, 3) == "../" then
      list.keys[n + 1], list.shown[n + 1], list.absolute[n + 1] = absolute, shown, absolute
    end
  end
  for _, path in ipairs(changes.tracked) do add(path, modules) end
  list.tracked = #list.keys
  for _, path in ipairs(changes.untracked) do add(path) end
  return list
end

-- What is affected by itself ---------------------------------------------------------------------

local function range_of(project, pipeline)
  if pipeline.kind ~= "workspace" then return 1, project:count() end
  local range = project.ranges[pipeline.name]
  return range[1], range[2]
end

-- The pipeline that a changed file declared; the root's for what any of them read.
local function declared_by(project, inputs, file)
  for _, workspace in ipairs(project.loaded.workspaces) do
    if file == workspace.dir .. "/pipeline.lua" then return workspace end
  end
  return inputs:concerns(file) and project.loaded.root or nil
end

local function add_declared(project, paths, direct)
  local inputs, seen = require("ggen.snapshot").inputs_of(project), {}
  for i, file in ipairs(paths.absolute) do
    local pipeline = declared_by(project, inputs, file)
    if pipeline and not seen[pipeline] then
      seen[pipeline] = true
      local from, to = range_of(project, pipeline)
      for index = from, to do
        direct[index] = direct[index] or "is declared with " .. paths.shown[i]
      end
    end
  end
end

local function more(count)
  if count < 2 then return "" end
  return (" and %d more file%s"):format(count - 1, count == 2 and "" or "s")
end

local function add_touched(project, plugins, paths, direct)
  local found = definition.remembered(project, plugins()):touched(paths.keys, paths.tracked)
  for i = 1, #found, 4 do
    local index, how, path, count = found[i], found[i + 1], found[i + 2], found[i + 3]
    direct[index] = direct[index] or ("%s %s%s"):format(how, paths.shown[path], more(count))
  end
end

-- What is affected by what it needs --------------------------------------------------------------

-- The tasks that each hook belongs to.
local function owners_of(project)
  local owners = {}
  for index, lists in pairs(project.hooks) do
    for _, moment in ipairs({ "before", "after" }) do
      for _, hook in ipairs(lists[moment]) do
        if hook.index then
          owners[hook.index] = owners[hook.index] or {}
          table.insert(owners[hook.index], index)
        end
      end
    end
  end
  return owners
end

-- From the nearest to the farthest, so that each gets its shortest reason.
local function spread(project, direct)
  local graph, owners, through = plan.freeze(project), owners_of(project), {}
  local queue, i = require("ggen.sorted").keys(direct), 1
  while queue[i] do
    local from = queue[i]
    for _, list in ipairs({ graph:dependents(from), owners[from] or {} }) do
      for _, index in ipairs(list) do
        if not direct[index] and not through[index] then
          through[index] = from
          queue[#queue + 1] = index
        end
      end
    end
    i = i + 1
  end
  return through
end

---Finds what has to do with the files that have changed since a commit.
---@async
---@param project ggen.Project
---@param ref string of git
---@param plugins fun(): ggen.Registry those of the pipeline, if its keys are not known yet
---@return ggen.Affected affected raises a fault when git cannot tell
function M.affected(project, ref, plugins)
  local paths = paths_of(project, require("ggen.git").changes(project.dir, ref))
  local direct = {}
  if #paths.keys > 0 then
    add_declared(project, paths, direct)
    add_touched(project, plugins, paths, direct)
  end
  return setmetatable({ files = paths.files, _project = project, _direct = direct,
    _through = spread(project, direct) }, Affected)
end

return M
