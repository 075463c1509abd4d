-- The configuration snapshot: what evaluating pipeline.lua and its workspaces gave, kept in
-- .ggen/snapshot for as long as all that was asked while loading has the same answers. With a
-- valid one a run does not evaluate them. How the file is laid out is in engine/state/snapshot.h,
-- what the records are in records.lua. The sections:
--
--   inputs      what was asked, with the answers (engine/state/inputs.h)
--   graph       engine/graph/graph_bytes.cpp
--   head        { dir, answers, sources, root, workspaces, ranges, environment }
--   phases, groups, hooks, each hooks, survey, tags     as project.lua says; read when needed
--   +NAME       bytes that somebody else keeps with the project (set_section)
--
-- A snapshot is never an error: without one, and when it cannot be written, all goes on.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.snapshot")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local locate = require("ggen.locate")
local records = require("ggen.records")
require("ggen.core.graph") -- snapshots give graphs back

local M = {}

M.FILE = ".ggen/snapshot"

-- Reading ----------------------------------------------------------------------------------------

local function path_of(dir) return (dir == "/" and "" or dir) .. "/" .. M.FILE end

-- Sources of the host that are not in the binary: no identity of the program tells their change.
local function host_is_elsewhere()
  local tree = os.getenv("GGEN_LUA_PATH")
  return tree ~= nil and tree ~= ""
end

-- The snapshot of the project in `dir`, if it may be used.
local function open_at(dir, environment)
  local snapshot, message, kind = core.open(path_of(dir))
  if not snapshot then
    return nil, kind == "not_found" and "there is no snapshot yet" or message
  end
  local bytes, inputs = snapshot:section("head"), snapshot:inputs()
  local ok, head = pcall(records.decode, bytes or "")
  if not ok or not inputs then return nil, "the snapshot is damaged" end
  if head.dir ~= dir then return nil, "the snapshot is of another directory" end
  if head.environment ~= environment then return nil, "-e is another than before" end
  local same, moved = inputs:check()
  if not same then
    return nil, ("%s has changed"):format(locate.display(moved, fs.cwd()))
  end
  local graph = snapshot:graph()
  if not graph or graph:size() ~= snapshot:count() then return nil, "the snapshot is damaged" end
  return { snapshot = snapshot, head = head, graph = graph, inputs = inputs, moved = moved }
end

local function lists_workspace(head, dir)
  for _, workspace in ipairs(head.workspaces) do
    if workspace.dir == dir then return true end
  end
  return false
end

-- Like load.lua looks for the project: the nearest pipeline.lua, or the one above of which that is
-- a workspace.
local function find(dir, environment)
  local nearest = locate.find(dir)
  if not nearest then return nil, "there is no pipeline" end
  local opened, why = open_at(nearest, environment)
  if opened or nearest == "/" then return opened, why end
  local above = nearest:match("^(.*)/[^/]*$")
  above = locate.find(above ~= "" and above or "/")
  if not above then return nil, why end
  local outer, why_outer = open_at(above, environment)
  if outer and lists_workspace(outer.head, nearest) then return outer end
  return nil, outer and why or why_outer
end

-- Writing ----------------------------------------------------------------------------------------

-- What else decides about the sections that others keep: the code of the plugins.
local function add_plugins(inputs, loaded)
  local ok, problem = pcall(require("ggen.plugin_inputs").record, loaded.root.uses, inputs)
  if not ok then inputs:refuse(tostring(problem)) end
end

-- Whether the answers are still what they were when they were used.
local function settle(inputs)
  local refused = inputs:refused()
  if refused then return nil, refused end
  local same, changed = inputs:check()
  if not same then return nil, changed .. " has changed meanwhile" end
  return true
end

local function hook_lists(lists, sources)
  local stored = {}
  for _, moment in ipairs({ "before", "after" }) do
    stored[moment] = {}
    for i, hook in ipairs(lists[moment]) do
      if hook.index then
        stored[moment][i] = { index = hook.index }
      else
        local file, line = hook.name:match("^(.*):(%d+)$")
        stored[moment][i] = { source = sources:number(file), line = tonumber(line) }
      end
    end
  end
  return stored
end

local function pipeline_entry(pipeline, sources)
  local entry = {
    name = pipeline.name, kind = pipeline.kind, dir = pipeline.dir, desc = pipeline.desc or nil,
    jobs = rawget(pipeline, "jobs"),
    depends_on = pipeline.depends_on, source = sources:number(pipeline.file), line = pipeline.line,
    uses = {}, lifecycle = pipeline.lifecycle or nil,
  }
  records.check_plain("desc", entry.desc or "")
  if pipeline.defaults then
    entry.defaults = { names = pipeline.defaults.names, line = pipeline.defaults.line,
      source = sources:number(pipeline.defaults.file) }
  end
  for i, use in ipairs(pipeline.uses) do
    local params, functions = use.params, nil
    if params then params, functions = records.take_functions(use.name, params, sources) end
    entry.uses[i] = { name = use.name, params = params, functions = functions, dir = use.dir,
      kind = use.kind,
      line = use.line, source = sources:number(use.file) }
  end
  return entry
end

local function phase_entries(project, sources)
  local entries = {}
  for i, phase in ipairs(project.phases) do
    local declared = phase.phase
    entries[i] = {
      id = phase.id, begin = phase.begin, finish = phase.finish, members = phase.members,
      phase = { name = declared.name, members = declared.members, line = declared.line,
        source = sources:number(declared.file) },
    }
  end
  return entries
end

-- Gives the writer everything of an evaluated project.
local function write_project(writer, project, answers)
  local loaded = project.loaded
  local sources, owners = records.sources(loaded.cwd), { [loaded.root] = 0 }
  for i, workspace in ipairs(loaded.workspaces) do owners[workspace] = i end
  for i = 1, project:count() do
    local task = project:task(i)
    writer:record(records.encode_task(task, owners[task.declaration.owner], sources))
  end
  local hooks, workspaces = {}, {}
  for index, lists in pairs(project.hooks) do hooks[index] = hook_lists(lists, sources) end
  for i, workspace in ipairs(loaded.workspaces) do
    workspaces[i] = pipeline_entry(workspace, sources)
  end
  local sections = {
    phases = phase_entries(project, sources), groups = project.groups, hooks = hooks,
    ["each hooks"] = hook_lists(project.each_hooks, sources), survey = project:survey(),
    tags = project:tagged(),
  }
  -- The head last: by now all sources are known.
  sections.head = {
    dir = project.dir, answers = answers, root = pipeline_entry(loaded.root, sources),
    workspaces = workspaces, ranges = project.ranges, sources = sources.list,
    environment = loaded.environment,
  }
  for name, value in pairs(sections) do writer:section(name, records.encode(value)) end
  writer:graph(project.graph)
end

local function write(project, fill)
  local writer, message = core.writer(path_of(project.dir))
  if not writer then return nil, message end
  local ok, problem = pcall(fill, writer)
  local written
  if ok then
    written, problem = writer:commit()
  else
    writer:close()
  end
  return written, problem
end

local function save_evaluated(project)
  local inputs = project.loaded.inputs
  local answers = project.loaded.answers or inputs:answers()
  add_plugins(inputs, project.loaded)
  local settled, why = settle(inputs)
  if not settled then return nil, why end
  -- One with a cycle is not remembered: nothing can be run in it.
  if not project.frozen and not project.graph:freeze() then return nil, "its tasks form a cycle" end
  project.frozen = true
  return write(project, function(writer)
    write_project(writer, project, answers)
    for name, bytes in pairs(project.sections) do writer:section("+" .. name, bytes) end
    writer:inputs(inputs)
  end)
end

-- The same snapshot with other sections, or with the stamps that its inputs have now.
local function save_remembered(project, inputs, sections)
  if not inputs then
    inputs = project.snapshot:inputs()
    if not inputs then return nil, "the snapshot is damaged" end
    add_plugins(inputs, project.loaded)
    local settled, why = settle(inputs)
    if not settled then return nil, why end
  end
  return write(project, function(writer)
    writer:records_of(project.snapshot)
    for name, bytes in pairs(sections) do writer:section("+" .. name, bytes) end
    writer:inputs(inputs)
    writer:sections_of(project.snapshot)
  end)
end

---What the configuration of a project was made of, the code of its plugins included.
---@param project ggen.Project
---@return userdata inputs
function M.inputs_of(project)
  local inputs = project.snapshot and project.snapshot:inputs()
  if not inputs then
    inputs = project.loaded.inputs
    -- Whoever evaluates the files once more gets the same ones, and none of the plugins'.
    project.loaded.answers = project.loaded.answers or inputs:answers()
  end
  pcall(require("ggen.plugin_inputs").record, project.loaded.root.uses, inputs)
  return inputs
end

---Opens the project that `dir` belongs to from its snapshot.
---@param dir string absolute directory to start from
---@param load fun(functions: boolean?): ggen.Loaded evaluates the files, when that is needed after
---all; functions: only the functions of tasks are wanted
---@param environment string? what -e names
---@return ggen.RememberedProject? project
---@return string? why not
function M.open(dir, load, environment)
  if host_is_elsewhere() then return nil, "GGEN_LUA_PATH is set" end
  local opened, why = find(dir, environment)
  if not opened then return nil, why end
  local project = require("ggen.remembered").new(opened, dir, fs.cwd(), load, M.save)
  -- Without this every later run would have to compare contents.
  if opened.moved then save_remembered(project, opened.inputs, {}) end
  return project
end

---Writes the snapshot of a project: of an evaluated one, and of a remembered one to which sections
---were added.
---@param project ggen.Project
---@return boolean? written nil when there was nothing to write, or it could not be written
---@return string? why it could not be written
function M.save(project)
  if host_is_elsewhere() then return nil, "GGEN_LUA_PATH is set" end
  local ok, written, why
  if project.snapshot then
    if next(project.sections) == nil then return nil end
    ok, written, why = pcall(save_remembered, project, nil, project.sections)
  else
    ok, written, why = pcall(save_evaluated, project)
  end
  if ok then return written, why end
  return nil, fault.is(written) and written.message or tostring(written)
end

return M
