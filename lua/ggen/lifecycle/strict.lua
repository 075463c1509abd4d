-- compat = "strict": the phases of a make.toml run as in the tool that the format comes from, to
-- the letter. There each phase calls its hooks when its turn comes, and each hook is a phase that
-- does the same: nothing is run only once, and a phase that is called while it runs is an error,
-- which comes when that happens and not before.
--
-- What happens is known beforehand, up to the first failure: the calls are unrolled into a row of
-- turns, and the row is the plan. A recursion is a last turn that fails.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.graph")
local fault = require("ggen.fault")
local flow = require("ggen.flow")
local suggest = require("ggen.suggest")

local M = {}

local MOST_TURNS = 100000 -- hooks of hooks can be a great many
local MOST_CALLS = 1000   -- inside each other

---@class ggen.StrictScript what happens, in order
---@field plan userdata of the engine
---@field tasks ggen.Task[] by the id in the plan: one for each turn
---@field parallel boolean rows of workspaces beside each other
---@field flow fun(run: ggen.Run, task: ggen.Task): ggen.TaskResult, number?

---@class ggen.StrictContext where phases run
---@field name string? of the workspace
---@field hooks table<string, { before: string[]?, after: string[]? }> by phase and "all"
---@field names table<string, true> of its phases
---@field file string as messages name it
---@field problem string? why nothing can run there
---@field prefix string of the ids of its tasks
---@field dir string absolute; its state file is there

---Whether a project runs so.
---@param project ggen.Project
---@return boolean
function M.applies(project) return project:is_strict() end

-- Unrolling -----------------------------------------------------------------------------------

---@class ggen.StrictRow the turns of one context
local Row = {}
Row.__index = Row

local function new_row(project, context)
  return setmetatable({ project = project, context = context, turns = {}, chain = {}, active = {},
    known = {} }, Row)
end

-- The task of a phase, without all that the original knows nothing of.
function Row:_task(name)
  local known = self.known[name]
  if known ~= nil then return known end
  local index = self.project:find(self.context.prefix .. name)
  local base = index and self.project:task(index)
  local data = base and base.spec.lifecycle
  local task = false
  if data and data.kind == "phase" then
    local environment = self.project.loaded.environment
    task = setmetatable({ state_dir = self.context.dir, spec = {
      run = data.plain or base.spec.run, cwd = base.spec.cwd, shell = base.spec.shell,
      inherit_env = true, cache = false, desc = base.spec.desc, lifecycle = data,
      env = environment and { GGEN_ENV = environment } or nil,
    } }, { __index = base, __name = "ggen.Task" })
  end
  self.known[name] = task
  return task
end

-- The last turn of the row.
function Row:_fail(name, message)
  local base = self:_task(name) or setmetatable({ name = name, id = self.context.prefix .. name,
    dir = self.context.dir, workspace = self.context.name, index = 0,
    spec = { lifecycle = { kind = "phase" } } }, { __name = "ggen.Task", __index = {
      declaration = { name = name, file = self.context.file, line = 1 } } })
  self.turns[#self.turns + 1] = setmetatable({ failure = message },
    { __index = base, __name = "ggen.Task" })
  return false
end

function Row:_hooks(moment, target)
  local hooks = self.context.hooks[target]
  return hooks and hooks[moment] or {}
end

---Phases are called in turn.
---@param names string[]
---@return boolean good
function Row:call_all(names)
  local problem = self.context.problem
  if problem then return self:_fail(names[1], problem) end
  for _, name in ipairs(names) do
    if not self:call(name) then return false end
  end
  return true
end

---A phase is called.
---@param name string
---@return boolean good false: this is where it ends
function Row:call(name)
  local chain = self.chain
  if self.active[name] then
    local cycle = {}
    for i = self.active[name], #chain do cycle[#cycle + 1] = chain[i] end
    cycle[#cycle + 1] = name
    return self:_fail(name, ("Hook recursion detected: phase '%s' called recursively through chain:"
      .. " %s"):format(name, table.concat(cycle, " -> ")))
  end
  local task = self:_task(name)
  if not task then
    return self:_fail(name, ("Phase '%s' not found in configuration%s"):format(name,
      suggest.hint(name, self.context.names)))
  end
  if #chain == MOST_CALLS or #self.turns >= MOST_TURNS then
    local declaration = (self:_task(chain[1] or name) or task).declaration
    fault.raise(("phase %q: its hooks call each other more than %d times"):format(
      declaration.name, #chain == MOST_CALLS and MOST_CALLS or MOST_TURNS), declaration.file,
      declaration.line)
  end
  chain[#chain + 1] = name
  self.active[name] = #chain
  local good = self:call_all(self:_hooks("before", "all"))
    and self:call_all(self:_hooks("before", name))
  if good then
    self.turns[#self.turns + 1] = task
    -- A phase without commands ends here.
    good = task.spec.run == nil or (self:call_all(self:_hooks("after", name))
      and self:call_all(self:_hooks("after", "all")))
  end
  self.active[name] = nil
  chain[#chain] = nil
  return good
end

-- The whole -------------------------------------------------------------------------------------

-- What is wrong with a workspace itself, not with its phases.
local function problem_of(pipeline)
  for _, entry in ipairs(pipeline.lifecycle and pipeline.lifecycle.unknown or {}) do
    if entry.alone then return entry.text end
  end
end

---@param project ggen.Project
---@param pipeline ggen.Pipeline
---@return ggen.StrictContext
local function context_of(project, pipeline)
  local strict = pipeline.lifecycle and pipeline.lifecycle.strict or { hooks = {}, names = {} }
  return { name = pipeline.kind == "workspace" and pipeline.name or nil, dir = pipeline.dir,
    prefix = project.prefix_of(pipeline), file = pipeline.file, hooks = strict.hooks,
    names = strict.names, problem = problem_of(pipeline) }
end

-- Where phases run: a single one in the root, several in the workspaces, by name, if there are any.
-- Who stands in a workspace has that for a root.
local function contexts_of(project, names)
  local loaded = project.loaded
  for _, workspace in ipairs(loaded.workspaces) do
    if workspace.name == loaded.workspace then return { context_of(project, workspace) } end
  end
  if #names == 1 or #loaded.workspaces == 0 then return { context_of(project, loaded.root) } end
  local contexts = {}
  for i, workspace in ipairs(loaded.workspaces) do contexts[i] = context_of(project, workspace) end
  table.sort(contexts, function(a, b) return a.name < b.name end)
  return contexts
end

-- A name of [pipelines] or [scripts] stands for its phases, which the original does not have.
local function spelled_out(project, names)
  local list = {}
  for _, name in ipairs(names) do
    local index = project:find(name)
    local spec = index and project:task(index).spec
    local group = spec and spec.lifecycle and spec.lifecycle.kind == "group"
    for _, phase in ipairs(group and spec.needs or { name }) do list[#list + 1] = phase end
  end
  return list
end

-- Turns of all rows as one plan; rows follow one another unless they are parallel.
local function plan_of(rows, parallel)
  local graph, tasks, previous = core.new(), {}, nil
  for _, row in ipairs(rows) do
    if parallel then previous = nil end
    for _, task in ipairs(row.turns) do
      tasks[#tasks + 1] = task
      graph:add(("%d %s"):format(#tasks, task.id))
      if previous then graph:edge(previous, #tasks) end
      previous = #tasks
    end
  end
  assert(graph:freeze())
  local all = {}
  for i = 1, #tasks do all[i] = i end
  return graph:plan(all), tasks
end

---What happens when these phases are asked for.
---@param project ggen.Project
---@param names string[] as on the command line
---@return ggen.StrictScript
function M.script(project, names)
  names = spelled_out(project, names)
  local first = project:find(names[1])
  local data = first and project:task(first).spec.lifecycle
  local contexts = contexts_of(project, names)
  local parallel = #contexts > 1 and data ~= nil and data.parallel == true
  local rows = {}
  for i, context in ipairs(contexts) do
    rows[i] = new_row(project, context)
    local good = rows[i]:call_all(names)
    -- Nothing comes after an error.
    if not good and not parallel then break end
  end
  local plan, tasks = plan_of(rows, parallel)
  return { plan = plan, tasks = tasks, parallel = parallel, flow = M.flow, contexts = contexts }
end

---The life of a turn: nothing of caches, conditions or hooks.
---@async
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.TaskResult, number started monotonic seconds
function M.flow(run, task)
  local started = run.account:start(task)
  local result
  if task.failure then
    result = { code = 1, message = task.failure }
  elseif task.spec.run == nil then
    run.events:note("warning", ("phase %s has no commands"):format(task.id), task)
    result = { code = 0 }
  else
    result = flow.attempt(run, task)
  end
  result.status = result.code == 0 and "ok" or "failed"
  if result.code ~= 0 then
    local failed = run.script.failed or {}
    run.script.failed = failed
    failed[task.workspace or ""] = result.message or ("phase %s failed"):format(task.id)
  end
  return result, started
end

---Of workspaces that ran beside each other, the first failure by name is what the run failed of.
---@param run ggen.Run
function M.conclude(run)
  local script = run.script
  if not script.parallel or not script.failed then return end
  for _, context in ipairs(script.contexts) do
    local message = script.failed[context.name]
    if message then
      run.events:note("error", ("workspace %s: %s"):format(context.name, message))
      return
    end
  end
end

---What `check` says: the phases that cannot end well, whatever their commands do.
---@param project ggen.Project
---@param pipeline ggen.Pipeline
---@return string[]
function M.notes(project, pipeline)
  local context, lines = context_of(project, pipeline), {}
  for _, declaration in ipairs(pipeline.declarations or {}) do
    local data = declaration.spec.lifecycle
    local row = data and data.kind == "phase" and new_row(project, context)
    if row and not row:call(declaration.name) then
      lines[#lines + 1] = ("%s:%d: phase %q fails (compat = \"strict\"): %s"):format(
        declaration.file, declaration.line, declaration.name, row.turns[#row.turns].failure)
    end
  end
  return lines
end

return M
