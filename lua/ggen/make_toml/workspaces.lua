-- The workspaces that a make.toml names: [workspace.NAME], `members` and `find`. Each has the
-- phases of its own file, or else those of the root's, in its own directory.
-- SPDX-License-Identifier: MIT
local directories = require("ggen.directories")
local fault = require("ggen.fault")
local loading = require("ggen.loading")
local paths = require("ggen.paths")
local suggest = require("ggen.suggest")

local M = {}

local WILDCARD = "[*?%[{]"

-- Entries of the named ones, as a plugin would give them.
local function named(model)
  local entries = {}
  for i, workspace in ipairs(model.workspaces) do
    entries[i] = { name = workspace.name, dir = workspace.path, line = workspace.line,
      depends_on = workspace.depends_on or {}, tasks = {}, may_be_missing = true }
  end
  return entries
end

-- What to do about a directory whose name cannot be that of a workspace.
local function instead_of(dir)
  local text = ("%q"):format(dir):gsub("\\\n", "\\n")
  return ("; leave it out ([workspace] exclude = [%s]) or give it a name ([workspace.NAME]"
    .. " path = %s)"):format(text, text)
end

-- Adds the directories of `members`, each with the name of its last part unless that is taken.
local function add_members(entries, root, model)
  local members = model.members
  if not members then return end
  local taken, dirs, seen = {}, {}, {}
  for _, entry in ipairs(entries) do
    taken[entry.name], seen[paths.normalised(entry.dir) or ""] = true, true
  end
  local exclude = {}
  for i, pattern in ipairs(members.exclude or {}) do exclude[i] = "!" .. pattern end
  for _, pattern in ipairs(members) do
    if pattern:find(WILDCARD) or pattern:sub(1, 1) == "!" then
      local list, message = directories.list(root, { pattern, unpack(exclude) })
      if not list then
        fault.raise(("[workspace] members %q: %s"):format(pattern, message), model.file,
          members.line)
      end
      for _, dir in ipairs(list) do dirs[#dirs + 1] = dir end
    else
      dirs[#dirs + 1] = paths.normalised(pattern) or pattern
    end
  end
  for _, dir in ipairs(dirs) do
    if not seen[dir] then
      seen[dir] = true
      local name = dir:match("[^/]+$")
      if not name or taken[name] then name = dir end
      taken[name] = true
      entries[#entries + 1] = { name = name, dir = dir, line = members.line, depends_on = {},
        tasks = {}, may_be_missing = true, hint = instead_of(dir) }
    end
  end
end

---The workspaces that a make.toml names, as a plugin would give them.
---@param model ggen.make_toml.Model
---@param dir string absolute directory of the file
---@return table[] entries
function M.entries(model, dir)
  local entries = named(model)
  add_members(entries, dir, model)
  return entries
end

---Adds the workspaces that the root's make.toml names.
---@param found ggen.FoundWorkspaces
function M.find(found)
  local root = found.root
  local model = root.make_toml.model
  local entries = M.entries(model, root.dir)
  local place = { name = model.file, file = model.file, line = 1, dir = root.dir }
  found:take(place, entries)
  local find = model.workspaces_find
  if find then
    local name = find.name:find("/") and find.name or "workspaces." .. find.name
    found:by_plugin({ name = name, file = model.file, line = find.line, dir = root.dir })
  end
end

-- The filter of a phase names workspaces that there are.
local function check_filters(found, model)
  for _, phase in ipairs(model.phases) do
    for _, name in ipairs(phase.workspaces or {}) do
      if not found.by_name[name] then
        fault.raise(("phase %q: workspaces names the unknown workspace %q%s"):format(phase.name,
          name, suggest.hint(name, found.by_name)), model.file, phase.line)
      end
    end
  end
end

---Declares the root's phases in all workspaces that have no file of their own.
---@param found ggen.FoundWorkspaces
function M.declare(found)
  local root = found.root
  local model, environment = root.make_toml.model, root.make_toml.environment
  check_filters(found, model)
  local notes = loading.notes
  loading.notes = nil -- they were told with the root
  for _, workspace in ipairs(found.list) do
    if not workspace._has_file then
      require("ggen.make_toml.declare").declare(workspace, model, { dir = workspace.dir,
        environment = environment, from_above = true })
    end
    local problem = found.problems[workspace]
    if problem and workspace.lifecycle then workspace.lifecycle.unknown = { problem } end
  end
  loading.notes = notes
end

return M
