-- From a project and a selection to a plan: freezes the graph and reports cycles. The states of the
-- tasks are kept by the engine (engine/graph/plan.h).
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {}

-- A cycle as its tasks, each of which waits for the next, with the places of their declarations.
local function report_cycle(project, names)
  local lines, first, count = {}, nil, #names - 1
  for i, name in ipairs(names) do
    local task = project:task(project:find(name))
    first = first or task
    lines[i] = ("  %-20s %s:%d"):format(name, task.declaration.file, task.declaration.line)
  end
  -- A long path is easier to read as a list.
  local path = count <= 8 and "these tasks wait for each other: " .. table.concat(names, " -> ")
    or ("these %d tasks wait for each other, each for the next:"):format(count)
  fault.raise(("%s\n%s\nRemove one of these needs."):format(path,
    table.concat(lines, "\n", 1, count)), first.declaration.file, first.declaration.line)
end

local function freeze(project, graph)
  local ok, message, _, cycle = graph:freeze()
  if ok then return graph end
  if cycle then report_cycle(project, cycle) end
  fault.raise(message)
end

---Freezes the graph of a project; it may be frozen already.
---@param project ggen.Project
---@return userdata graph raises a fault with the whole path when there is a cycle
function M.freeze(project)
  if not project.frozen then
    freeze(project, project.graph)
    project.frozen = true
  end
  return project.graph
end

-- The phases among some tasks, in the order of those.
local function phases_of(by_finish, indices)
  local list = {}
  for _, index in ipairs(indices) do list[#list + 1] = by_finish[index] end
  return list
end

-- Orders phases that follow one another, and the phases within them. A task belongs to the first
-- phase that wants it: it waits for the hooks of that phase and for the end of the phase before.
local function order(by_finish, frozen, ordered, phases, taken)
  local previous
  for _, phase in ipairs(phases) do
    local hooks, own = {}, {}
    for _, index in ipairs(frozen:plan({ phase.begin }):wanted()) do hooks[index] = true end
    for _, index in ipairs(frozen:plan({ phase.finish }):wanted()) do
      if not taken[index] then
        own[#own + 1] = index
        if not hooks[index] then ordered:edge(phase.begin, index, "after") end
        if previous then ordered:edge(previous, index, "after") end
      end
    end
    local inner = phases_of(by_finish, phase.members)
    order(by_finish, frozen, ordered, inner, setmetatable({}, { __index = taken }))
    for _, index in ipairs(own) do taken[index] = true end
    previous = phase.finish
  end
end

-- The graph of a project, which has the order of the selected phases as well.
local function with_groups(project, frozen, selection)
  if #project.phases == 0 or not selection then return frozen end
  local by_finish = {}
  for _, phase in ipairs(project.phases) do by_finish[phase.finish] = phase end
  local phases = phases_of(by_finish, selection)
  if #phases == 0 then return frozen end
  local ordered = frozen:thawed()
  order(by_finish, frozen, ordered, phases, {})
  return freeze(project, ordered)
end

---Whether some part of the project comes from a make.toml.
---@param project ggen.Project
---@return boolean
function M.has_lifecycle(project)
  if project.loaded.root.lifecycle then return true end
  for _, workspace in ipairs(project.loaded.workspaces) do
    if workspace.lifecycle then return true end
  end
  return false
end

-- What a make.toml says of the order of its phases comes on top: which phases take part is known
-- with the selection only.
local function with_lifecycle(project, frozen, selection, together)
  local ordered, all, rows = require("ggen.lifecycle.order").of(project, frozen, selection,
    together)
  return ordered and freeze(project, ordered) or frozen, all, rows
end

-- The same with tasks of the plan that are hooks after others, or after phases, behind these: else
-- one could run as a task of its own before what it comes after. Not where that needs the hook, or
-- where the order of phases says otherwise.
local function with_hooks(project, graph, selection)
  local ordered, plan
  for node, lists in pairs(project.hooks) do
    for _, hook in ipairs(lists.after) do
      plan = plan or hook.index and graph:plan(selection)
      if hook.index and plan:state(hook.index) and plan:state(node)
        and not graph:plan({ node }):state(hook.index) then
        ordered = ordered or graph:thawed()
        ordered:edge(node, hook.index, "after")
      end
    end
  end
  return ordered and ordered:freeze() and ordered or graph
end

---The plan of the selected tasks and all they need.
---@param project ggen.Project
---@param selection integer[]
---@param together boolean? hooks of one moment of a make.toml may run at the same time
---@return userdata plan of the engine
---@return ggen.PhaseRow[]? rows of the phases of a make.toml
function M.plan(project, selection, together)
  local graph, rows = M.freeze(project), nil
  local lifecycle = M.has_lifecycle(project)
  if lifecycle then
    graph, selection, rows = with_lifecycle(project, graph, selection, together)
  end
  graph = with_groups(project, graph, selection)
  if not lifecycle and next(project.hooks) then graph = with_hooks(project, graph, selection) end
  return graph:plan(selection), rows
end

---How many tasks a plan has; the nodes of phases are none.
---@param project ggen.Project
---@param some_plan userdata
---@param left_out table<integer, true>? those that do not count
---@return integer
function M.count(project, some_plan, left_out)
  local count = 0
  for _, number in pairs(some_plan:counts()) do count = count + number end
  for _, phase in ipairs(project.phases) do
    if some_plan:state(phase.begin) then count = count - 1 end
    if some_plan:state(phase.finish) then count = count - 1 end
  end
  for index in pairs(left_out or {}) do
    if not project:task(index).phase then count = count - 1 end
  end
  return count
end

-- A `finally` task belongs to a run when it was selected, when it waits for a task that belongs to
-- it, and when it waits for none.
local function joins(project, final, belongs)
  local count = 0
  for _, kind in ipairs({ "needs", "after" }) do
    for _, index in ipairs(project.graph:needs(final, kind)) do
      if belongs(index) then return true end
      count = count + 1
    end
  end
  return count == 0
end

---Divides a selection into what runs in the plan and the `finally` tasks, which run at the end.
---@param project ggen.Project
---@param selection integer[]
---@return integer[] main
---@return fun(some_plan: userdata): integer[] finals those that belong to the plan of `main`
function M.divide(project, selection)
  local finals = project:survey().finals
  if #finals == 0 then return selection, function() return {} end end
  local main, joined, is_final = {}, {}, {}
  for _, index in ipairs(finals) do is_final[index] = true end
  for _, index in ipairs(selection) do
    if not is_final[index] then
      main[#main + 1] = index
    else
      joined[index] = true
      -- What it needs is part of the run, not of its end.
      for _, need in ipairs(M.freeze(project):needs(index)) do
        if not is_final[need] then main[#main + 1] = need end
      end
    end
  end
  return main, function(some_plan)
    local function belongs(index) return some_plan:state(index) ~= nil or joined[index] ~= nil end
    repeat -- one may wait for another
      local more = false
      for _, index in ipairs(finals) do
        if not joined[index] and joins(project, index, belongs) then
          joined[index], more = true, true
        end
      end
    until not more
    local found = {}
    for _, index in ipairs(finals) do
      if joined[index] then found[#found + 1] = index end
    end
    return found
  end
end

---A plan of `finally` tasks: their order among themselves counts; whatever else they wait for has
---ended by then.
---@param project ggen.Project
---@param finals integer[]
---@return userdata plan, integer[] ids the index of the task for each id of the plan
function M.finals_plan(project, finals)
  local graph, position = require("ggen.core.graph").new(), {}
  for i, final in ipairs(finals) do
    graph:add(project:id(final), { always = true })
    position[final] = i
  end
  for i, final in ipairs(finals) do
    for _, kind in ipairs({ "needs", "after" }) do
      for _, index in ipairs(project.graph:needs(final, kind)) do
        if position[index] then graph:edge(position[index], i, "after") end
      end
    end
  end
  assert(graph:freeze())
  return graph:plan(), finals
end

return M
