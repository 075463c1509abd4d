-- Which changes of files are of any interest to a project: not what its tasks and observers write,
-- and of what git ignores only what a task names as its input. Looks at paths, and at no file but
-- to know which outputs are directories.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local input_sets = require("ggen.input_sets")
local outputs = require("ggen.outputs")
local paths = require("ggen.paths")

local area, has_wildcard = paths.area, paths.has_wildcard

local M = {}

---@class ggen.WatchScope
---@field skip string[] files and directories that are outputs only, relative to the root
---@field also string[] inputs that count although git may ignore them: files, and directories with
---all below
---@field package _made ggen.PatternMap outputs
---@field package _left_in ggen.Output[]? all outputs in their order, where some begin with "!"
local Scope = {}
Scope.__index = Scope

-- Patterns ---------------------------------------------------------------------------------------

---@class ggen.PatternMap many patterns, asked for one path at a time: a directory's name leads to
---the few that begin there
---@field package _plain table<string, true>
---@field package _globs table<string, string[]> by the directory before the first wildcard
local PatternMap = {}
PatternMap.__index = PatternMap

local function pattern_map() return setmetatable({ _plain = {}, _globs = {} }, PatternMap) end

-- The directory that something lies in, "" for the root; nil for the root itself.
local function parent(path)
  if path == "" then return nil end
  return path:match("^(.*)/") or ""
end

local function add_to(map, pattern)
  if not has_wildcard(pattern) then
    map._plain[pattern] = true
    return
  end
  local dir = parent(area(pattern) .. "x")
  local list = map._globs[dir]
  if not list then
    list = {}
    map._globs[dir] = list
  end
  list[#list + 1] = pattern
end

-- Whether a pattern fits the path or a directory that it lies in: that one has all below it.
local function covers(pattern, path)
  while path and path ~= "" do
    if fs.match(pattern, path) then return true end
    path = parent(path)
  end
  return false
end

local function fits(map, path)
  local at = path
  while at do
    if map._plain[at] then return true end
    for _, pattern in ipairs(map._globs[at] or {}) do
      if covers(pattern, path) then return true end
    end
    at = parent(at)
  end
  return false
end

-- Outputs ----------------------------------------------------------------------------------------

-- What a task changes in place (a formatter): its sources, and somebody writes these.
local function is_source(output, root)
  local spec = output.task.spec
  local base = paths.relative_dir(output.task.dir, root)
  local here = output.path
  if base ~= "" and here:sub(1, #base + 1) == base .. "/" then here = here:sub(#base + 2) end
  return input_sets.named_as_input(spec.inputs, here)
end

local function unescaped(pattern) return (pattern:gsub("\\(.)", "%1")) end

-- A path that holds nothing but outputs, as far as its pattern tells: a file, or a directory with
-- all that will be in it.
local function whole_output(pattern)
  local path = pattern:match("^(.+)/%*%*$") or pattern
  return not has_wildcard(path) and path or nil
end

-- Whether one of two texts begins with the other: a directory, and what patterns begin with.
local function touches(a, b)
  local length = math.min(#a, #b)
  return a:sub(1, length) == b:sub(1, length)
end

local function add_outputs(self, project)
  local kept, made = {}, {}
  local list = outputs.of(project)
  for _, output in ipairs(list) do
    if output.left_out then
      kept[#kept + 1] = area(output.path)
      self._left_in = list
    elseif is_source(output, project.dir) then
      kept[#kept + 1] = area(output.path)
    elseif not made[output.path] then
      made[output.path] = true
      made[#made + 1] = output.path
      add_to(self._made, output.path)
    end
  end
  for _, pattern in ipairs(made) do
    local dir = whole_output(pattern)
    for _, other in ipairs(dir and kept or {}) do
      if touches(dir, other) then dir = nil break end
    end
    self.skip[#self.skip + 1] = dir
  end
end

-- The last pattern that fits says whether it is one.
local function is_left_in(list, path)
  local left_in = false
  for _, output in ipairs(list) do
    if covers(output.path, path) then left_in = output.left_out or false end
  end
  return left_in
end

-- Inputs -----------------------------------------------------------------------------------------

-- Where inputs are declared that git may ignore: files that are named, and the directories that
-- globs begin in. What is not ignored is watched anyway.
local function add_inputs(self, project)
  local seen = {}
  local function add(pattern)
    local path = pattern:gsub("/$", "")
    if has_wildcard(path) then path = parent(area(path) .. "x") end
    if path == "" or seen[path] then return end
    seen[path] = true
    self.also[#self.also + 1] = path
  end
  for index = 1, project:count() do
    local task = project:task(index)
    if task.spec.inputs then
      local base = paths.relative_dir(task.dir, project.dir)
      local here, elsewhere = paths.sort_patterns(task.spec.inputs, base, project.dir)
      for _, pattern in ipairs(here) do
        local path = pattern:sub(1, 1) ~= "!" and paths.joined(paths.escaped(base), pattern)
        if path then add(path) end
      end
      for _, pattern in ipairs(elsewhere) do
        if pattern:sub(1, 1) ~= "!" then add(pattern) end
      end
    end
  end
end

-- What we and our runs say may go to a file of the project, as in `ggen-lua watch > log`.
local function add_own_streams(self, root)
  for fd = 1, 2 do
    local path = fs.realpath("/proc/self/fd/" .. fd)
    if path and path:sub(1, #root + 1) == root .. "/" then
      self._made._plain[path:sub(#root + 2)] = true
    end
  end
end

-- The whole --------------------------------------------------------------------------------------

---@param project ggen.Project
---@param plugins ggen.Registry with its observers
---@return ggen.WatchScope
function M.of(project, plugins)
  local self = setmetatable({ skip = {}, also = {}, _made = pattern_map() }, Scope)
  add_outputs(self, project)
  for _, path in ipairs(input_sets.reports(plugins, project.dir)) do
    self._made._plain[unescaped(path)] = true
  end
  add_own_streams(self, project.dir)
  add_inputs(self, project)
  return self
end

---Whether a change may be a reason to run something.
---@param event ggen.FileEvent
---@return boolean
function Scope:counts(event)
  local path = event.path
  if fits(self._made, path) and not (self._left_in and is_left_in(self._left_in, path)) then
    return false
  end
  -- A directory alone is nobody's input; what is in a new one is told by itself.
  return not event.ignored and not (event.directory and event.kind == "created")
end

return M
