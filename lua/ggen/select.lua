-- Which tasks a command line means: names, globs, tags, defaults. Unknown names get the nearest
-- ones.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local suggest = require("ggen.suggest")

local M = {}

---Adds the options that choose among tasks.
---@param parser table of argparse
function M.configure(parser)
  parser:option("--tag", "Only tasks with this tag; may be repeated."):argname("TAG"):count("*")
  parser:option("--only", "Exactly these tasks, without what they need (a name or glob); may be"
    .. " repeated."):argname("NAME"):count("*")
  parser:option("--exclude", "Leave these tasks out, whoever needs them (a name or glob); may be"
    .. " repeated."):argname("NAME"):count("*")
  parser:option("--since", "Only what the git changes since REF have to do with: since this branch"
    .. " left REF, and what is not committed."):argname("REF")
  parser:flag("--failed", "Only what failed or did not run last time.")
  parser:option("--shard", "The I-th of N parts of the tasks, balanced by how long they took;"
    .. " what they need runs in each."):argname("I/N"):convert(function(value)
    return require("ggen.shard").parse(value)
  end)
end

---@param args table
---@return boolean more than names and tags is said
function M.chooses(args)
  return #args.only + #args.exclude > 0 or (args.failed or args.shard or args.since) ~= nil
end

---What a command line means.
---@async
---@param project ggen.Project
---@param args table
---@return integer[] selection
---@return ggen.Choice? choice nil when names and tags say all
function M.of(project, args)
  if not M.chooses(args) then return M.tasks(project, args.tasks, args.tag), nil end
  local choice = require("ggen.choice").of(project, args)
  return choice.selection, choice
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
  for _, index in ipairs(project:exact(name) or {}) do found[#found + 1] = index end
  for _, workspace in ipairs(project.loaded.workspaces) do
    for _, index in ipairs(project:exact(workspace.name .. "#" .. name) or {}) do
      found[#found + 1] = index
    end
  end
  if #found > 0 then return found end
  local matches = project:matching(name) or {}
  for _, index in ipairs(project:matching("*#" .. name) or {}) do matches[#matches + 1] = index end
  return #matches > 0 and matches or nil
end

-- All tasks but the nodes of phases, services, the phases of a make.toml and what runs at the end;
-- within a workspace its own.
local function everything(project)
  local found, rows = {}, project:survey().everything
  local from, to = 1, project:count()
  local inside = project.loaded.workspace
  if inside then from, to = unpack(project.ranges[inside]) end
  for row = 1, #rows, 2 do
    for index = math.max(rows[row], from), math.min(rows[row + 1], to) do
      found[#found + 1] = index
    end
  end
  return found
end

local MOST_NAMES = 12

---The phases of the make.toml files of a project, where it has nothing else.
---@param project ggen.Project
---@return integer[]? indices
function M.phases(project)
  if not project.loaded.root.lifecycle or project.loaded.root.defaults then return nil end
  local found = {}
  for i = 1, project:count() do
    local data = project:task(i).spec.lifecycle
    if not data then return nil end
    if not data.hidden then found[#found + 1] = i end
  end
  return found
end

-- A make.toml does not say what to do when nothing is named.
local function which(project)
  local names, file = {}, project.loaded.root.file
  for i = 1, project:count() do
    local data = project:task(i).spec.lifecycle
    if data and not data.hidden then names[#names + 1] = project:id(i) end
    if #names > MOST_NAMES then
      names[#names] = "..."
      break
    end
  end
  if project:count() == 0 then
    fault.raise(("%s has no phases ([lifecycle.NAME] with a command makes one)"):format(file))
  elseif #names == 0 then
    fault.raise(("which phases? %s has only private ones (ggen-lua list --all)"):format(file))
  end
  fault.raise(("which phases? %s has: %s"):format(file, table.concat(names, ", ")))
end

---@param otherwise fun(project: ggen.Project): integer[]? what is meant where nothing says it
local function defaults(project, otherwise)
  local root, workspace = project.loaded.root, nil
  for _, candidate in ipairs(project.loaded.workspaces) do
    if candidate.name == project.loaded.workspace then workspace = candidate end
  end
  local owner = workspace or root
  if not owner.defaults then
    local found = everything(project)
    if #found == 0 and (owner.lifecycle or root.lifecycle) then
      return named(project, "default") or otherwise(project) or which(project)
    end
    return found
  end
  local found = {}
  for _, name in ipairs(owner.defaults.names) do
    local tasks = project:lookup(name, owner)
    if not tasks then
      fault.raise(("default: unknown task %q%s"):format(name, suggest.hint(name, project:names())),
        owner.defaults.file, owner.defaults.line)
    end
    for _, index in ipairs(tasks) do found[#found + 1] = index end
  end
  return found
end

local function unknown(project, name)
  if name:find("[*?%[{]") then fault.raise(("no task fits %q"):format(name)) end
  local hint = suggest.hint(name, project:names())
  if hint == "" then hint = " (ggen-lua list shows all)" end
  fault.raise(("unknown task %q%s"):format(name, hint))
end

-- The tasks that have one of some tags; raises a fault when no task has any of them.
local function with_tags(project, tags)
  local by_tag, wanted, any = project:tagged(), {}, false
  for _, tag in ipairs(tags) do
    for _, index in ipairs(by_tag[tag] or {}) do
      wanted[index], any = true, true
    end
  end
  return wanted, function()
    if any then fault.raise(("none of these tasks has the tag %q"):format(tags[1])) end
    fault.raise(("no task has the tag %q%s"):format(tags[1], suggest.hint(tags[1], by_tag)))
  end
end

---@param project ggen.Project
---@param names string[] empty for the defaults
---@param tags string[]? keep only tasks with one of these tags
---@param otherwise (fun(project: ggen.Project): integer[]?)? what no names mean where a make.toml
---does not say it; without this they are an error
---@return integer[] indices of tasks in the order named, without repeats; raises a fault on unknown
---names
function M.tasks(project, names, tags, otherwise)
  local tagged = tags and #tags > 0
  if #names == 0 and not tagged then return defaults(project, otherwise or which) end
  local found
  if #names == 0 then
    found = everything(project)
  else
    found = {}
    for _, name in ipairs(names) do
      local tasks = named(project, name)
      if not tasks then
        unknown(project, name)
      end
      for _, index in ipairs(tasks) do found[#found + 1] = index end
    end
  end
  local wanted, complain
  if tagged then wanted, complain = with_tags(project, tags) end
  local result, seen = {}, {}
  for _, index in ipairs(found) do
    if not seen[index] and (not wanted or wanted[index]) then
      seen[index] = true
      result[#result + 1] = index
    end
  end
  if #result == 0 and complain then complain() end
  return result
end

return M
