-- The workspaces of a project: those that p:workspaces names, each with a pipeline.lua of its own,
-- and those that plugins of the kind `workspaces` find, with or without one. Says what each depends
-- on, and lets the root declare for all of them. Does not know how a pipeline.lua is evaluated.
-- SPDX-License-Identifier: MIT
local directories = require("ggen.directories")
local dsl = require("ggen.dsl")
local fault = require("ggen.fault")
local fields = require("ggen.fields")
local paths = require("ggen.paths")
local plugin_use = require("ggen.plugin_use")
local progress = require("ggen.loading")
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")
local suggest = require("ggen.suggest")

local M = {}

local FILE, MAKE_TOML = "pipeline.lua", "make.toml"

---@class ggen.FoundWorkspaces
---@field root ggen.Pipeline
---@field load fun(path: string, name: string?): ggen.Pipeline
---@field display fun(path: string): string
---@field list ggen.Pipeline[]
---@field by_name table<string, ggen.Pipeline>
---@field by_dir table<string, ggen.Pipeline>
---@field problems table<ggen.Pipeline, table> why nothing can run in a workspace
---@field frontends ggen.UsedFrontends? those that the root uses
local Found = {}
Found.__index = Found

local function absolute(root, dir)
  if dir == "" then return root end
  return (root == "/" and "" or root) .. "/" .. dir
end

function Found:add(workspace)
  local before = self.by_name[workspace.name]
  if before then
    fault.raise(("workspace %q is declared twice (first at %s:%d)"):format(workspace.name,
      before.file, before.line), workspace.file, workspace.line)
  end
  self.by_name[workspace.name], self.by_dir[workspace.dir] = workspace, workspace
  self.list[#self.list + 1] = workspace
  return workspace
end

-- The file of its own that a directory has.
function Found:own_file(dir)
  if dir == self.root.dir then return nil end
  for _, file in ipairs({ FILE, MAKE_TOML }) do
    if progress.exists(dir .. "/" .. file) then return file end
  end
end

-- The workspace of a directory that has such a file; a make.toml does not say a name that is meant
-- as one of a workspace.
function Found:load_own(dir, file, name)
  local workspace = self.load(dir .. "/" .. file, name)
  if workspace.kind ~= "workspace" then
    fault.raise(('a workspace begins with ggen.workspace "NAME", not ggen.pipeline'),
      workspace.file, workspace.line)
  end
  self:import(workspace)
  return self:add_own(workspace)
end

-- One that has said itself what it declares.
function Found:add_own(workspace)
  rawset(workspace, "_has_file", true)
  dsl.keep_own(workspace)
  return self:add(workspace)
end

-- The files that the front ends of the root read for a workspace.
function Found:import(workspace)
  if workspace.imports then require("ggen.used_frontends").import(self.frontends, workspace) end
end

-- The workspace of a directory without such a file, where front ends of the root read another one.
-- Nil where they do not.
function Found:load_by_frontends(dir, name, file, line)
  local readers = self.frontends and dir ~= self.root.dir and self.frontends:readers(dir)
  if not readers or #readers == 0 then return nil end
  local _, message = schema.check(fields.name, name)
  if message then fault.raise(("workspace %q: %s"):format(name, message), file, line) end
  local workspace = dsl.new("workspace", name, { dir = dir, file = file, line = line })
  self.frontends:load(readers, workspace)
  return self:add_own(workspace)
end

-- p:workspaces "packages/*"
function Found:by_pattern(entry)
  local root = self.root.dir
  local function complain(message)
    fault.raise(("workspaces %q: %s"):format(entry.pattern, message), entry.file, entry.line)
  end
  local deep = entry.pattern:find("**", 1, true)
  local matched, message = directories.list(root, { entry.pattern }, deep and FILE or nil)
  if not matched then complain(message) end
  if #matched == 0 then complain("no such directory") end
  local literal = not entry.pattern:find("[*?%[{]")
  for _, relative in ipairs(matched) do
    local dir = absolute(root, relative)
    local file = not self.by_dir[dir] and self:own_file(dir)
    local name = dir:match("[^/]*$")
    if file then
      self:load_own(dir, file, name)
    elseif not self.by_dir[dir] and not self:load_by_frontends(dir, name, entry.file, entry.line)
      and literal then
      complain(("there is no %s and no %s in it"):format(FILE, MAKE_TOML)
        .. (self.frontends and ", and nothing that a frontend of the root reads" or ""))
    end
  end
end

-- What plugins find ------------------------------------------------------------------------------

local task_spec = { type = "map", of = { type = "any" } }

local entry_schema = { type = "list", of = { type = "record", fields = {
  name = { type = "string", required = true },
  dir = { type = "string", required = true },
  depends_on = { type = "list", of = { type = "string" }, default = {} },
  tasks = { type = "map", of = task_spec, default = {} },
  file = { type = "string" }, line = { type = "integer" },
} } }

-- Where a plugin says that something is: the file as messages name it, or the line of p:use.
local function place_of(self, use, file, line)
  if not file then return use.file, line or use.line end
  return self.display(absolute(self.root.dir, file)), line
end

local function ask(self, use)
  local call_in_load, registry = require("ggen.call_in_load"), require("ggen.registry")
  local host = { project_dir = self.root.dir, options = {} }
  local instance = registry.new(host):use(use.name, use.params, use)
  local who = ("plugin %q, method find"):format(use.name)
  local _, ok, list, message, file, line = call_in_load.guarded(use, who, self.root.dir,
    function()
      if instance.impl.find then return registry.call_through(instance, "find", self.root.dir) end
    end)
  if not ok then fault.raise(("%s: %s"):format(who, tostring(list)), use.file, use.line) end
  if list == nil and message then
    fault.raise(message, place_of(self, use, file, line))
  end
  local checked, wrong, where = schema.check(entry_schema, list)
  if checked == nil then
    fault.raise(("plugin %q, method find: %s"):format(use.name, schema.message(wrong, where)),
      use.file, use.line)
  end
  return checked
end

-- One whose directory is yet to be made: nothing can run in it.
function Found:missing(entry, text, file, line)
  local workspace = self:add(dsl.new("workspace", entry.name, { file = file, line = line or 1,
    dir = absolute(self.root.dir, paths.normalised(entry.dir)) }))
  self.problems[workspace] = { text = text, file = file, line = line, alone = true }
  return workspace
end

-- The workspace that a plugin found; two plugins may find the same directory.
function Found:found(use, entry)
  local file, line = place_of(self, use, entry.file, entry.line)
  local relative, message, kind = directories.resolve(self.root.dir, entry.dir)
  if not relative then
    local text = ("workspace %q: the path %q: %s"):format(entry.name, entry.dir, message)
    if kind ~= "not_found" or not entry.may_be_missing then fault.raise(text, file, line) end
    return self:missing(entry, text, file, line)
  end
  local dir = absolute(self.root.dir, relative)
  if self.by_dir[dir] then return self.by_dir[dir] end
  local own = self:own_file(dir)
  if own then return self:load_own(dir, own, entry.name) end
  local loaded = self:load_by_frontends(dir, entry.name, file, line or 1)
  if loaded then return loaded end
  return self:add(dsl.new("workspace", entry.name, { dir = dir, file = file, line = line or 1 }))
end

local function add_dependency(workspace, other)
  for _, name in ipairs(workspace.depends_on) do
    if name == other.name then return end
  end
  -- Its own list may be one that its file has elsewhere as well.
  local longer = { unpack(workspace.depends_on) }
  longer[#longer + 1] = other.name
  rawset(workspace, "depends_on", longer)
end

local function declare_tasks(workspace, entry, file, line)
  for name, spec in sorted.pairs(entry.tasks) do
    dsl.offer(workspace, name, spec, file, line)
  end
end

-- Takes what was found together: names in it are names of it.
function Found:take(use, entries)
  local named, names = {}, {}
  for _, entry in ipairs(entries) do
    local file, line = place_of(self, use, entry.file, entry.line)
    local _, message = schema.check(fields.name, entry.name)
    if message then
      fault.raise(("workspace %q: %s%s"):format(entry.name, message, entry.hint or ""), file, line)
    end
    if named[entry.name] then
      fault.raise(("workspace %q is there twice"):format(entry.name), file, line)
    end
    local workspace = self:found(use, entry)
    if names[workspace] then
      fault.raise(("workspace %q has the directory of the workspace %q"):format(entry.name,
        names[workspace]), file, line)
    end
    named[entry.name], names[workspace] = workspace, entry.name
  end
  for _, entry in ipairs(entries) do
    local file, line = place_of(self, use, entry.file, entry.line)
    local workspace = named[entry.name]
    for _, name in ipairs(entry.depends_on) do
      if not named[name] then
        fault.raise(("workspace %q depends on the unknown workspace %q%s"):format(entry.name, name,
          suggest.hint(name, named)), file, line)
      end
      if named[name] ~= workspace then add_dependency(workspace, named[name]) end
    end
    declare_tasks(workspace, entry, file, line or 1)
  end
end

function Found:by_plugin(use) self:take(use, ask(self, use)) end

-- The whole --------------------------------------------------------------------------------------

function Found:check_dependencies()
  for _, workspace in ipairs(self.list) do
    for _, name in ipairs(workspace.depends_on) do
      if not self.by_name[name] then
        fault.raise(("workspace %q depends on the unknown workspace %q%s"):format(workspace.name,
          name, suggest.hint(name, self.by_name)), workspace.file, workspace.line)
      end
    end
  end
end

local function report_cycle(path)
  local names, lines = {}, {}
  for i, workspace in ipairs(path) do
    names[i] = workspace.name
    lines[i] = ("  %-20s %s:%d"):format(workspace.name, workspace.file, workspace.line)
  end
  names[#names + 1] = names[1]
  fault.raise(("these workspaces depend on each other: %s\n%s\nRemove one of these dependencies.")
    :format(table.concat(names, " -> "), table.concat(lines, "\n")), path[1].file, path[1].line)
end

-- Goes down from each workspace, without recursion: a chain may be as long as there are workspaces.
function Found:check_cycles()
  local state, path, next_of = {}, {}, {}
  local function enter(workspace)
    path[#path + 1] = workspace
    state[workspace], next_of[workspace] = "open", 1
  end
  for _, start in ipairs(self.list) do
    if not state[start] then enter(start) end
    while #path > 0 do
      local workspace = path[#path]
      local name = workspace.depends_on[next_of[workspace]]
      next_of[workspace] = next_of[workspace] + 1
      local other = name and self.by_name[name]
      if not name then
        state[workspace] = "done"
        path[#path] = nil
      elseif not state[other] then
        enter(other)
      elseif state[other] == "open" then
        local cycle, inside = {}, false
        for _, on_path in ipairs(path) do
          inside = inside or on_path == other
          if inside then cycle[#cycle + 1] = on_path end
        end
        report_cycle(cycle)
      end
    end
  end
end

-- p:each_workspace(function(w) ... end)
function Found:declare_for_each()
  if #self.root.workspace_rules == 0 then return end
  local dir_before, file_before = dsl.current_dir, dsl.current_file
  for _, workspace in ipairs(self.list) do
    dsl.current_dir, dsl.current_file = workspace.dir, self.root.file
    for _, rule in ipairs(self.root.workspace_rules) do rule.declare(workspace) end
    self:import(workspace)
  end
  dsl.current_dir, dsl.current_file = dir_before, file_before
end

function Found:refuse_settings()
  for _, workspace in ipairs(self.list) do
    local use = workspace.uses[1]
    if use then
      local wrong = "use %q: plugins are chosen by the root's %s, not by a workspace"
      fault.raise(wrong:format(use.name, FILE), use.file, use.line)
    end
  end
end

---Finds and loads the workspaces of a project.
---@param root ggen.Pipeline
---@param load fun(path: string, name: string?): ggen.Pipeline evaluates a pipeline.lua, or a
---make.toml for the workspace of this name
---@param display fun(path: string): string how messages name a file
---@param frontends ggen.UsedFrontends? those that the root uses
---@return ggen.Pipeline[] workspaces sorted by directory; raises a fault when something is wrong
function M.load(root, load, display, frontends)
  local found = setmetatable({ root = root, load = load, display = display, list = {},
    frontends = frontends,
    by_name = {}, by_dir = {}, problems = {} }, Found)
  for _, entry in ipairs(root.workspace_patterns) do found:by_pattern(entry) end
  for _, use in ipairs(root.uses) do
    if plugin_use.is(use, "workspaces") then found:by_plugin(use) end
  end
  if root.make_toml then require("ggen.make_toml.workspaces").find(found) end
  table.sort(found.list, function(a, b) return a.dir < b.dir end)
  found:check_dependencies()
  found:check_cycles()
  if root.make_toml then require("ggen.make_toml.workspaces").declare(found) end
  found:declare_for_each()
  found:refuse_settings()
  return found.list
end

return M
