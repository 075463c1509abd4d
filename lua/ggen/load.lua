-- Loads pipeline.lua and the files of its workspaces: which files there are, and in which order.
-- Loading is pure: what runs them (evaluate.lua) lets nothing happen but reading, and what is read
-- is recorded (files and variables are inputs of the configuration). Does not resolve names: that
-- is tasks.lua.
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local evaluate = require("ggen.evaluate")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local locate = require("ggen.locate")
local plugin_use = require("ggen.plugin_use")
local progress = require("ggen.loading")
local suggest = require("ggen.suggest")

local M = {}

M.FILE, M.MAKE_TOML = locate.FILE, locate.MAKE_TOML
M.DEFAULT_TIMEOUT = 10

---@class ggen.Loaded what was declared, not yet resolved
---@field root ggen.Pipeline
---@field workspaces ggen.Pipeline[] sorted by directory
---@field dir string absolute directory of the root pipeline.lua
---@field workspace string? the workspace that the caller stands in
---@field has_frontends boolean the root uses some
---@field inputs userdata what loading asked of the world
---@field answers string? digest of it, where more was put to it since (snapshot.lua)
---@field cwd string what the names of files in messages are relative to
---@field sources table<string, string> texts of the files by the name in their chunks
---@field environment string? what -e names
---@field functions table<ggen.Declaration, function|false>? when nothing else was wanted of tasks
---@field parsed table<string, integer>? how many files of each kind were parsed

-- The load that is going on.
local loading
-- The same, and kept afterwards.
local latest

local display_name = evaluate.display_name

local function dirname(path) return path:match("^(.*)/[^/]*$") end

-- Lets the frontend of make.toml declare what the file says.
local function load_frontend(pipeline, path, from_file, from_line)
  local dir_before = dsl.current_dir
  dsl.current_dir = dirname(path)
  require("ggen.frontends").load(pipeline, path, { file = from_file, line = from_line,
    environment = latest.environment })
  dsl.current_dir = dir_before
end

-- A make.toml in the place of pipeline.lua; with a name that of a workspace.
local function load_make_toml(path, name)
  local dir = dirname(path)
  progress.exists(dir .. "/" .. M.FILE) -- one that comes later is read in its place
  local pipeline = dsl.new(name and "workspace" or "pipeline", name or dir:match("[^/]*$"),
    { dir = dir ~= "" and dir or "/", file = display_name(path), line = 1 })
  load_frontend(pipeline, path)
  return pipeline
end

-- Who stands in a workspace has its file evaluated first, and then comes here for it again.
local function load_pipeline(path, name)
  if path:sub(-#M.MAKE_TOML) == M.MAKE_TOML then return load_make_toml(path, name) end
  if loading.pipelines[path] then return loading.pipelines[path] end
  progress.count(M.FILE)
  local value = evaluate.run_file(path)
  if not dsl.is_pipeline(value) then
    fault.raise(('the file must end by returning its pipeline (return p); it returned %s'):format(
      value == nil and "nothing" or "a " .. type(value)), display_name(path))
  end
  loading.pipelines[path] = value
  return value
end

-- Every task and phase has its table by now; the others may do without.
local function check_complete(pipeline)
  for _, declaration in ipairs(pipeline.declarations) do
    if not dsl.is_complete(declaration) then
      fault.raise(("task %q has no table (write: p:task %q { run = ... })"):format(
        declaration.name, declaration.name), declaration.file, declaration.line)
    end
  end
  for _, phase in ipairs(pipeline.phases) do
    if not phase.members then
      fault.raise(("phase %q has no list of tasks"):format(phase.name), phase.file, phase.line)
    end
  end
  for _, hook in ipairs(pipeline.hooks) do
    if not hook.hooks then
      fault.raise(("%s %q has no list of hooks"):format(hook.moment, hook.target), hook.file,
        hook.line)
    end
  end
end

local load_all

-- A make.toml does not say whether its directory is a workspace of a project further up; that one
-- does. If that one is broken, this one may still be run.
local function load_above(dir, standing_in)
  if dir == "/" then return nil end
  local above = dirname(dir)
  local parent, file = locate.find(above ~= "" and above or "/", progress.exists)
  if not parent then return nil end
  local dir_before, file_before = dsl.current_dir, dsl.current_file
  local ok, loaded = pcall(load_all, parent, file, standing_in)
  dsl.current_dir, dsl.current_file = dir_before, file_before
  for _, workspace in ipairs(ok and loaded.workspaces or {}) do
    if workspace.dir == dir then return loaded end
  end
end

-- The front ends that the root uses, after they have declared on it.
local function load_by_frontends(root)
  local uses = {}
  for _, use in ipairs(root.uses) do
    if plugin_use.is(use, "frontend") then uses[#uses + 1] = use end
  end
  if #uses == 0 and not root.imports then return nil end
  local used_frontends = require("ggen.used_frontends")
  if #uses == 0 then return used_frontends.import(nil, root) end
  local frontends = used_frontends.new(root, uses, latest.environment)
  loading.frontends[#loading.frontends + 1] = frontends
  frontends:load_root()
  return frontends
end

load_all = function(dir, file, standing_in)
  local root = load_pipeline((dir == "/" and "" or dir) .. "/" .. file)
  if root.kind == "workspace" then
    -- Started within a workspace: its project is further up.
    local above = dirname(dir)
    local parent, file_there
    if dir ~= "/" then parent, file_there = locate.find(above ~= "" and above or "/") end
    if not parent then
      fault.raise(("this is the workspace %q, and no directory above has a %s that lists"
        .. " it"):format(
        root.name, M.FILE), root.file, root.line)
    end
    local loaded = load_all(parent, file_there, standing_in)
    for _, workspace in ipairs(loaded.workspaces) do
      if workspace.dir == dir then
        loaded.workspace = root.name
        return loaded
      end
    end
    fault.raise(('this workspace is not listed by %s (add p:workspaces "...")'):format(
      display_name(parent .. "/" .. file_there)), root.file, root.line)
  end
  if file == M.MAKE_TOML then
    local loaded = load_above(dir, standing_in)
    if loaded then return loaded end
  end
  local frontends = load_by_frontends(root)
  local workspaces = require("ggen.workspaces").load(root, load_pipeline, display_name, frontends)
  if frontends then frontends:check_busy() end
  check_complete(root)
  for _, workspace in ipairs(workspaces) do check_complete(workspace) end
  return {
    root = root, workspaces = workspaces, dir = dir,
    workspace = locate.inside(workspaces, standing_in, dir),
    has_frontends = frontends ~= nil,
  }
end

-- What -e names has to mean something to somebody. A make.toml that speaks of no environments takes
-- any name: its commands may look at GGEN_ENV.
local function check_environment(loaded)
  local wanted = loaded.environment
  if not wanted then return end
  local known, names, files = {}, {}, 0
  local function add(pipeline)
    if not pipeline.lifecycle then return end
    files = files + 1
    for _, name in ipairs(pipeline.lifecycle.environments) do
      if not known[name] then names[#names + 1] = name end
      known[name] = true
    end
  end
  add(loaded.root)
  for _, workspace in ipairs(loaded.workspaces) do add(workspace) end
  if loaded.has_frontends then return end -- a front end knows what it means
  if files == 0 then fault.raise(("-e %s: there is no %s here"):format(wanted, M.MAKE_TOML)) end
  if #names == 0 or known[wanted] then return end
  table.sort(names)
  fault.raise(("-e %s: there is no such environment%s; there are: %s"):format(wanted,
    suggest.hint(wanted, known), table.concat(names, ", ")))
end

---@return userdata? inputs what the latest load asked of the world, whether it succeeded or not
function M.asked() return latest and latest.inputs end

---Loads the project that `dir` belongs to. Raises a fault when something in it is wrong.
---@param dir string absolute directory to start from
---@param options { timeout: number?, verbose: boolean?, environment: string?,
---functions: boolean? }? environment: what -e names, for the frontends; functions: only the
---functions of tasks are wanted
---@return ggen.Loaded
function M.load(dir, options)
  options = options or {}
  local found, file = locate.find(dir)
  if not found then
    fault.raise(("no %s or %s here or in a directory above (to make one: ggen-lua init)"):format(
      M.FILE, M.MAKE_TOML))
  end
  local timeout = options.timeout or M.DEFAULT_TIMEOUT
  local state = {
    inputs = require("ggen.core.snapshot").inputs(), modules = {}, chunks = {}, sources = {},
    pipelines = {}, frontends = {},
    dir = found, cwd = fs.cwd(), environment = options.environment,
  }
  loading, latest, progress.inputs = state, state, state.inputs
  progress.models, progress.parsed = {}, {}
  evaluate.begin(state)
  dsl.load_file, dsl.load_frontend = evaluate.run_file, load_frontend
  local watchdog, clock = require("ggen.core.watchdog"), require("ggen.core.clock")
  local ends = clock.monotonic() + timeout
  progress.watch = function(who)
    watchdog.start(math.max(ends - clock.monotonic(), 0.001),
      ("still loading after %g s%s: a loop that does not end? (--load-timeout changes the"
        .. " limit)"):format(timeout, who and " in " .. who or ""))
  end
  progress.watch()
  dsl.functions = options.functions and { kept = {} } or nil
  local ok, result = xpcall(load_all, fault.handler(options.verbose), found, file, dir)
  local functions = dsl.functions
  dsl.functions = nil
  for _, frontends in ipairs(state.frontends) do frontends:close() end
  watchdog.stop()
  evaluate.finish()
  local shown = display_name(found .. "/" .. file)
  progress.watch, state.frontends = nil, nil
  loading, progress.inputs, dsl.current_dir, dsl.current_file = nil, nil, nil, nil
  state.pipelines = nil -- whoever drops what is loaded is to have the memory
  progress.models = nil
  if not ok then
    -- A handler that runs out of stack itself leaves a bare text, or a fault without a place.
    local problem = fault.overflow(result) or result
    if fault.is(problem) and problem.too_deep then problem.file = problem.file or shown end
    error(problem, 0)
  end
  result.inputs, result.cwd, result.sources = state.inputs, state.cwd, state.sources
  result.environment, result.parsed = options.environment, progress.parsed
  result.functions = functions and not functions.missed and functions.kept or nil
  check_environment(result)
  return result
end

return M
