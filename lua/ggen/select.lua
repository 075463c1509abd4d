-- Which tasks a command line means: names, globs, tags, defaults. Unknown names get the nearest
-- ones.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local suggest = require("ggen.suggest")

local M = {}

local function has_tag(task, tags)
  for _, tag in ipairs(task.spec.tags or {}) do
    if tags[tag] then return true end
  end
  return false
end

-- "run build" at the root means the root's build and every workspace's; within a workspace its own.
local function named(project, name)
  local inside = project.loaded.workspace
  if name:byte(1) == 35 then return project:exact(name:sub(2)) end -- "#": the root's
  if name:find("#", 1, true) then
    return project:exact(name) or project:matching(name)
  end
  if inside then
    local own = project:exact(inside .. "#" .. name) or project:matching(inside .. "#" .. name)
    if own then return own end
  end
  local found = {}
  for _, task in ipairs(project:exact(name) or {}) do found[#found + 1] = task end
  for _, workspace in ipairs(project.loaded.workspaces) do
    for _, task in ipairs(project:exact(workspace.name .. "#" .. name)
      or {}) do found[#found + 1] = task end
  end
  if #found > 0 then return found end
  local matches = project:matching(name) or {}
  for _, task in ipairs(project:matching("*#" .. name) or {}) do matches[#matches + 1] = task end
  return #matches > 0 and matches or nil
end

local function everything(project)
  local found = {}
  for _, task in ipairs(project.tasks) do
    if not task.phase and not task.spec.finally and not task.spec.service
      and (not project.loaded.workspace or task.workspace == project.loaded.workspace) then
      found[#found + 1] = task
    end
  end
  return found
end

local function defaults(project)
  local root, workspace = project.loaded.root, nil
  for _, candidate in ipairs(project.loaded.workspaces) do
    if candidate.name == project.loaded.workspace then workspace = candidate end
  end
  local owner = workspace or root
  if not owner.defaults then return everything(project) end
  local found = {}
  for _, name in ipairs(owner.defaults.names) do
    local tasks = project:lookup(name, owner)
    if not tasks then
      fault.raise(("default: unknown task %q%s"):format(name, suggest.hint(name, project:names())),
        owner.defaults.file, owner.defaults.line)
    end
    for _, task in ipairs(tasks) do found[#found + 1] = task end
  end
  return found
end

local function unknown(project, name)
  if name:find("[*?%[{]") then fault.raise(("no task fits %q"):format(name)) end
  local hint = suggest.hint(name, project:names())
  if hint == "" then hint = " (ggen-lua list shows all)" end
  fault.raise(("unknown task %q%s"):format(name, hint))
end

---@param project ggen.Project
---@param names string[] empty for the defaults
---@param tags string[]? keep only tasks with one of these tags
---@return ggen.Task[] tasks in the order named, without repeats; raises a fault on unknown names
function M.tasks(project, names, tags)
  local found
  if #names == 0 then
    found = tags and #tags > 0 and everything(project) or defaults(project)
  else
    found = {}
    for _, name in ipairs(names) do
      local tasks = named(project, name)
      if not tasks then
        unknown(project, name)
      end
      for _, task in ipairs(tasks) do found[#found + 1] = task end
    end
  end
  local wanted_tags = {}
  for _, tag in ipairs(tags or {}) do wanted_tags[tag] = true end
  if #names == 0 and next(wanted_tags) == nil then return found end
  local result, seen = {}, {}
  for _, task in ipairs(found) do
    if not seen[task] and (next(wanted_tags) == nil or has_tag(task, wanted_tags)) then
      seen[task] = true
      result[#result + 1] = task
    end
  end
  if #result == 0 and next(wanted_tags) then
    local known = {}
    for _, task in ipairs(project.tasks) do
      for _, tag in ipairs(task.spec.tags or {}) do known[tag] = true end
    end
    fault.raise(("no task has the tag %q%s"):format(tags[1], suggest.hint(tags[1], known)))
  end
  return result
end

return M
