-- Resolves the names in needs, after, services, phases and hooks, and puts them as edges into the
-- engine's graph. From here on tasks are numbers: the index of a task is its id in the graph.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local graph = require("ggen.core.graph")
local leasable = require("ggen.leasable")
local suggest = require("ggen.suggest")
local tasks = require("ggen.tasks")

local M = {}

local function complain(task, text, ...)
  local declaration = task.declaration
  local message = ("task %q: " .. text):format(declaration.name, ...)
  fault.raise(message, declaration.file, declaration.line)
end

-- Calls use(project, task, other) with each task that the names in a field of `task` mean.
local function each_named(project, task, names, field, use)
  local prefix = task.workspace and task.workspace .. "#"
  for _, name in ipairs(names) do
    -- The common case is a plain name of the same file.
    local plain = project._by_id[prefix and prefix .. name or name]
    if plain then
      use(project, task, plain)
    else
      local found = project:lookup(name, task.declaration.owner)
      if name:byte(1) == 94 and #project.loaded.workspaces == 0 then -- "^"
        complain(task, "%q in %q means tasks of workspaces, and there are none (p:workspaces says "
          .. "where they are)", name, field)
      end
      if not found then
        complain(task, "unknown task %q in %q%s", name, field, suggest.hint(name, project:names()))
      end
      for _, other in ipairs(found) do use(project, task, project:task(other)) end
    end
  end
end

local function pool_of(task, declared)
  local spec = task.spec
  if spec.pool and not declared[spec.pool] and suggest.hint(spec.pool, declared) ~= "" then
    complain(task, "unknown pool %q%s", spec.pool, suggest.hint(spec.pool, declared))
  end
  if not spec.exclusive or spec.exclusive == true then return spec.pool end
  if spec.pool then complain(task, "give it a pool or an exclusive name, not both") end
  return "exclusive:" .. spec.exclusive
end

local function add_need(project, task, need)
  if need.spec.finally and not task.spec.finally then
    complain(task, "it cannot need %q, which runs at the very end (finally = true)", need.id)
  end
  project.graph:edge(need.index, task.index)
end

local function add_service(project, task, service)
  if task.spec.finally then
    complain(task, "what runs at the end cannot ask for services (let a task of the run use %q)",
      service.id)
  end
  if not service.spec.service then
    complain(task, "%q is not a service (service = true is missing at %s:%d)", service.id,
      service.declaration.file, service.declaration.line)
  end
  project.graph:edge(service.index, task.index)
end

-- The containers that tasks may lease, once somebody asks for one; false for none.
local function leasable_of(project)
  if project._leasable == nil then
    project._leasable = leasable.of(project.loaded.root.uses) or false
  end
  return project._leasable
end

local function unknown_service(project, task, name)
  local offered = leasable_of(project)
  if not offered then
    complain(task, "unknown task %q in %q%s", name, "services", suggest.hint(name,
      project:names()))
  end
  local known = {}
  for other in pairs(offered.values) do known[#known + 1] = other end
  for _, index in ipairs(project:survey().services) do known[#known + 1] = project:id(index) end
  complain(task, "unknown service %q: no task has that name, and %s knows none of it%s", name,
    offered.plugin, suggest.hint(name, known))
end

-- A service is a task, or a container that the task leases: these are told apart here, and from
-- here on by their positions.
local function add_services(project, task)
  local spec, leases, seen = task.spec, nil, {}
  local prefix = task.workspace and task.workspace .. "#" or ""
  for position, entry in ipairs(spec.services) do
    local name = leasable.name(entry)
    local options = type(entry) == "table" and (entry.env or entry.shared ~= nil)
    if project._by_id[prefix .. name] or name:byte(1) == 94 -- "^"
      or project:lookup(name, task.declaration.owner) then
      if options then
        complain(task, "%q is a task: shared and env are for containers (p:use"
          .. ' "containers.pool")', name)
      end
      each_named(project, task, { name }, "services", add_service)
    elseif leasable_of(project) and leasable_of(project).values[name] ~= nil then
      if seen[name] then complain(task, "it asks for the service %q twice", name) end
      seen[name], leases = true, leases or {}
      leases[#leases + 1] = position
    else
      unknown_service(project, task, name)
    end
  end
  spec.leases = leases
end

local function add_after(project, task, before)
  project.graph:edge(before.index, task.index, "after")
end

local function add_edges(project, task)
  local spec = task.spec
  if spec.needs then each_named(project, task, spec.needs, "needs", add_need) end
  if spec.services then add_services(project, task) end
  if spec.after then each_named(project, task, spec.after, "after", add_after) end
end

-- Only what a phase needs; in which order phases run depends on the selection (plan.lua).
local function add_phase(project, entry, owner)
  local phase, g = entry.phase, project.graph
  g:edge(entry.begin, entry.finish)
  for _, name in ipairs(phase.members) do
    local found = project:lookup(name, owner)
    if not found then
      fault.raise(("phase %q: unknown task %q%s"):format(phase.name, name,
        suggest.hint(name, project:names())), phase.file, phase.line)
    end
    for _, index in ipairs(found) do
      local task = project:task(index)
      if task.spec.finally then
        fault.raise(("phase %q: %q runs at the end of the run (finally = true) and is in no phase")
          :format(phase.name, task.id), phase.file, phase.line)
      end
      entry.members[#entry.members + 1] = index
      g:edge(index, entry.finish)
    end
  end
end

-- The hooks of one declaration, with the tasks that they name.
local function resolve_hook_list(project, entry, pipeline)
  local target, resolved = entry.target or "each", {}
  for i, hook in ipairs(entry.hooks) do
    if type(hook) == "function" then
      resolved[i] = { name = ("%s:%d"):format(entry.file, entry.line), fn = hook }
    else
      local found = project:lookup(hook, pipeline)
      if not found then
        fault.raise(("%s %q: unknown task %q%s"):format(entry.moment, target, hook,
          suggest.hint(hook, project:names())), entry.file, entry.line)
      end
      local task = project:task(found[1])
      if #found > 1 or task.phase then
        fault.raise(("%s %q: a hook is one task, and %q is more than that"):format(
          entry.moment, target, hook), entry.file, entry.line)
      end
      local wrong = task.spec.finally and "runs at the end of the run"
        or entry.each and (task.spec.needs or #leasable.tasks(task.spec) > 0)
          and "waits for other tasks"
      if wrong then
        fault.raise(("%s %q: %q cannot be a hook here, it %s"):format(entry.moment, target, hook,
          wrong), entry.file, entry.line)
      end
      resolved[i] = { name = task.id, index = task.index }
    end
  end
  return resolved
end

-- The nodes of the graph that the hooks of a declaration hang on.
local function hook_nodes(project, entry, pipeline)
  local found = project:lookup(entry.target, pipeline)
  if not found then
    fault.raise(("%s %q: unknown task or phase%s"):format(entry.moment, entry.target,
      suggest.hint(entry.target, project:names())), entry.file, entry.line)
  end
  local nodes = {}
  for i, index in ipairs(found) do
    local phase = project:task(index).phase
    nodes[i] = phase and entry.moment == "before" and project.phases[phase.id].begin or index
  end
  return nodes
end

local function joined(list, more)
  local result = {}
  for i, value in ipairs(list) do result[i] = value end
  for _, value in ipairs(more) do result[#result + 1] = value end
  return result
end

-- What a hook waits for is done before the task that it hangs on; the same for the hooks of hooks.
-- `path` holds the tasks from the node down, to find hooks that wait for themselves.
local function add_hook_edges(project, node, task, path)
  local hooks = project.hooks[task.index]
  for _, hook in ipairs(hooks and joined(hooks.before, hooks.after) or {}) do
    local inner = hook.index and project:task(hook.index)
    if inner then
      path[#path + 1] = inner.id
      for i = 1, #path - 1 do
        if path[i] == inner.id then
          fault.raise(("these hooks wait for each other: %s"):format(table.concat(path, " -> ", i)),
            inner.declaration.file, inner.declaration.line)
        end
      end
      local spec = inner.spec
      local function need(_, _, other) project.graph:edge(other.index, node.index) end
      if spec.needs then each_named(project, inner, spec.needs, "needs", need) end
      each_named(project, inner, leasable.tasks(spec), "services", need)
      if spec.after then
        each_named(project, inner, spec.after, "after", function(_, _, other)
          project.graph:edge(other.index, node.index, "after")
        end)
      end
      add_hook_edges(project, node, inner, path)
      path[#path] = nil
    end
  end
end

-- project.hooks[index] = { before = {...}, after = {...} } for tasks and for the nodes of phases.
local function add_hooks(project, pipeline)
  for _, entry in ipairs(pipeline.hooks) do
    local resolved = resolve_hook_list(project, entry, pipeline)
    if entry.each then
      project.each_hooks[entry.moment] = joined(project.each_hooks[entry.moment], resolved)
    else
      for _, node in ipairs(hook_nodes(project, entry, pipeline)) do
        local hooks = project.hooks[node] or { before = {}, after = {} }
        hooks[entry.moment] = joined(hooks[entry.moment], resolved)
        project.hooks[node] = hooks
      end
    end
  end
end

---Makes the tasks of a loaded pipeline and the graph of what waits for what.
---@param loaded ggen.Loaded
---@return ggen.Project project its graph is not frozen yet; raises a fault on unknown names
function M.project(loaded)
  local project, pipelines = tasks.expand(loaded)
  project.graph = graph.new()
  local pools = {}
  for _, pipeline in ipairs(pipelines) do
    for name, pool in pairs(pipeline.pools) do
      project.graph:pool(name, pool.size)
      pools[name] = true
    end
  end
  for _, task in ipairs(project._tasks) do
    project.graph:add(task.id, pool_of(task, pools))
  end
  for _, task in ipairs(project._tasks) do
    if not task.phase then add_edges(project, task) end
  end
  for _, pipeline in ipairs(pipelines) do
    for _, phase in ipairs(pipeline.phases) do
      local id = project.prefix_of(pipeline) .. phase.name
      add_phase(project, project.phases[id], pipeline)
    end
    add_hooks(project, pipeline)
  end
  for _, task in ipairs(next(project.hooks) and project._tasks or {}) do
    if project.hooks[task.index] then add_hook_edges(project, task, task, { task.id }) end
  end
  return project
end

return M
