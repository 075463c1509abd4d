-- The outputs that tasks declare, of a whole project: where they are, and that each file has one
-- task that makes it. A pattern that begins with "!" takes files out again: they are sources like
-- any other, or outputs of another task.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local paths = require("ggen.paths")

local area, has_wildcard = paths.area, paths.has_wildcard

local M = {}

-- Where the outputs of a task are written, as far as that is known.
local function outputs_line(task)
  local lines = task.declaration.lines
  return lines and lines.outputs or task.declaration.line
end

---The declared outputs of a task, relative to the root of its project; without those that begin
---with "!".
---@param task ggen.Task
---@param root string absolute
---@return string[] paths and globs; raises a fault when one is elsewhere
---@return { path: string, position: integer }[]? left_out the ones with "!", without it, each with
---how many of the list stand before it
function M.patterns(task, root)
  local list, base, left_out = {}, paths.escaped(paths.relative_dir(task.dir, root)), nil
  for _, pattern in ipairs(task.spec.outputs or task.spec.full_outputs or {}) do
    if pattern:sub(1, 1) == "!" then
      local path = paths.joined(base, pattern:sub(2))
      left_out = left_out or {}
      if path then left_out[#left_out + 1] = { path = path:gsub("/$", ""), position = #list } end
    else
      local path = paths.joined(base, pattern)
      if not path or path == "" or pattern:sub(1, 1) == "/" then
        fault.raise(("task %q: the output %q is not below the project's directory"):format(
          task.declaration.name, pattern), task.declaration.file, outputs_line(task))
      end
      list[#list + 1] = (path:gsub("/$", ""))
    end
  end
  return list, left_out
end

---The directories that a task writes its outputs to; they are made where they are missing.
---@param task ggen.Task
---@param root string absolute
---@return string[]? directories absolute, sorted
---@return string? message
function M.directories(task, root)
  local fs = require("ggen.core.fs")
  local found = {}
  for _, path in ipairs((M.patterns(task, root))) do
    local fixed = area(path)
    local info = fixed == path and fs.stat(root .. "/" .. path)
    local dir = info and info.type == "directory" and path or fixed:match("^(.*)/")
    if not dir then
      return nil, ("its output %q lies in the directory of the project itself, which is read-only"
        .. " here: put it into a directory of its own (as a directory: %s/**)"):format(path, path)
    end
    found[root .. "/" .. dir] = true
  end
  local list = require("ggen.sorted").keys(found)
  for _, dir in ipairs(list) do
    local ok, message = fs.mkdir(dir)
    if not ok then return nil, message end
  end
  return list
end

local function overlap(a, b)
  local first, second = a.task, b.task
  if first.index > second.index then first, second = second, first end
  fault.raise(("task %q: its output %q is also an output of %q (%s:%d): each file has one task that"
    .. " makes it"):format(second.id, second == a.task and a.path or b.path, first.id,
    first.declaration.file, outputs_line(first)), second.declaration.file,
    outputs_line(second))
end

-- The part before the last "/", "" for the root; nil for the root itself.
local function parent(path)
  if path == "" then return nil end
  return path:match("^(.*)/") or ""
end

-- Of a directory what `entries` have for it and all above it, from the nearest; nil where there is
-- nothing. `known` keeps the answers: many outputs lie in few directories.
local function at_and_above(entries, dir, known)
  local found = known[dir]
  if found ~= nil then return found or nil end
  local up, here = parent(dir), entries[dir]
  found = up and at_and_above(entries, up, known) or nil
  if here then
    local list = { here }
    for _, entry in ipairs(found or {}) do list[#list + 1] = entry end
    found = list
  end
  known[dir] = found or false
  return found
end

-- Whether a pattern matches a path, or a directory that it lies in.
local function covers(pattern, path)
  local match = require("ggen.core.fs").match
  while path and path ~= "" do
    if match(pattern, path) then return true end
    path = parent(path)
  end
  return false
end

-- Whether nothing of what `second` names is left of the outputs of the first task: a "!" behind it
-- takes all of that out.
local function leaves_out(first, second)
  for _, out in ipairs(first.without or {}) do
    if out.position >= first.position then
      local path = second.path
      local all_below = out.path:match("^(.*/)%*%*$")
      if out.path == path or all_below and (path .. "/"):sub(1, #all_below) == all_below
        or not has_wildcard(path) and covers(out.path, path)
        or has_wildcard(path) and covers(out.path, parent(area(path))) then
        return true
      end
    end
  end
  return false
end

local function compare(first, second)
  if first.task == second.task or leaves_out(first, second) or leaves_out(second, first) then
    return
  end
  overlap(first, second)
end

---Two tasks that make the same file would each undo the other's work. Patterns with wildcards are
---compared with plain paths, with the directories that they begin with and with their equals.
local function check_overlaps(outputs)
  local by_path, globs = {}, {} -- globs: by the directory in which their first wildcard is
  for _, output in ipairs(outputs) do
    local before = by_path[output.path]
    if before then compare(before, output) end
    by_path[output.path] = output
    if has_wildcard(output.path) then
      local fixed = area(output.path)
      local dir = parent(fixed) or ""
      globs[dir] = globs[dir] or {}
      table.insert(globs[dir], { output = output, fixed = fixed })
    end
  end
  local above, globs_above = {}, {}
  for _, output in ipairs(outputs) do
    -- A directory that is an output has all below it.
    local wild = has_wildcard(output.path)
    local dir = parent(area(output.path))
    for _, other in ipairs(dir and at_and_above(by_path, dir, above) or {}) do
      compare(other, output)
    end
    for _, list in ipairs(not wild and next(globs) and at_and_above(globs, dir, globs_above) or {})
    do
      for _, glob in ipairs(list) do
        local other, fixed = glob.output, glob.fixed
        if other.task ~= output.task and output.path:sub(1, #fixed) == fixed
          and covers(other.path, output.path) then
          compare(other, output)
        end
      end
    end
  end
end

---@class ggen.Output a pattern of a task's outputs
---@field path string relative to the root of the project
---@field task ggen.Task
---@field is_hook boolean? of a task that is a hook
---@field left_out boolean? it began with "!"
---@field package position integer? in the list of its task
---@field package without table[]? what begins with "!" in that list

-- One task's patterns in their order, those with "!" too.
local function in_order(own, without)
  local list, next_out = {}, 1
  local function add_left_out(position)
    while without[next_out] and without[next_out].position <= position do
      list[#list + 1] = { path = without[next_out].path, task = own[1].task,
        is_hook = own[1].is_hook, left_out = true }
      next_out = next_out + 1
    end
  end
  for i, output in ipairs(own) do
    list[#list + 1] = output
    add_left_out(i)
  end
  return list
end

-- What a task leaves out may be another's output, and a directory that it leaves out may have
-- outputs of others: nested areas come after those that hold them, whatever has no "!" at the end.
local function with_left_out(plain, mixed)
  for _, group in ipairs(mixed) do
    group.depth = math.huge
    for _, output in ipairs(group) do group.depth = math.min(group.depth, #area(output.path)) end
  end
  table.sort(mixed, function(a, b)
    if a.depth ~= b.depth then return a.depth < b.depth end
    return a[1].task.index < b[1].task.index
  end)
  local list = {}
  for _, group in ipairs(mixed) do
    for _, output in ipairs(group) do list[#list + 1] = output end
  end
  for _, output in ipairs(plain) do list[#list + 1] = output end
  return list
end

---Every declared output of the project. The last one that matches a file says whether it is one.
---@param project ggen.Project
---@return ggen.Output[] outputs raises a fault when two tasks make the same file
function M.of(project)
  local hooks, all, plain, mixed = project:hook_tasks(), {}, {}, {}
  for index = 1, project:count() do
    local task = project:task(index)
    if (task.spec.outputs or task.spec.full_outputs) and not task.phase then
      local patterns, without = M.patterns(task, project.dir)
      local own = {}
      for i, path in ipairs(patterns) do
        own[i] = { path = path, task = task, is_hook = hooks[index], position = i,
          without = without }
        all[#all + 1] = own[i]
        if not without then plain[#plain + 1] = own[i] end
      end
      if without and #own > 0 then mixed[#mixed + 1] = in_order(own, without) end
    end
  end
  check_overlaps(all)
  return #mixed > 0 and with_left_out(plain, mixed) or all
end

return M
