-- From a project and a selection to a plan: freezes the graph and reports cycles. The states of the
-- tasks are kept by the engine (engine/graph/plan.h).
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {}

-- A cycle as its tasks, each of which waits for the next, with the places of their declarations.
local function report_cycle(project, names)
  local lines, first, count = {}, nil, #names - 1
  for i, name in ipairs(names) do
    local task = project.by_id[name]
    first = first or task
    lines[i] = ("  %-20s %s:%d"):format(name, task.declaration.file, task.declaration.line)
  end
  -- A long path is easier to read as a list.
  local path = count <= 8 and "these tasks wait for each other: " .. table.concat(names, " -> ")
    or ("these %d tasks wait for each other, each for the next:"):format(count)
  fault.raise(("%s\n%s\nRemove one of these needs."):format(path,
    table.concat(lines, "\n", 1, count)), first.declaration.file, first.declaration.line)
end

---Freezes the graph of a project; it may be frozen already.
---@param project ggen.Project
---@return userdata graph raises a fault with the whole path when there is a cycle
function M.freeze(project)
  if project.frozen then return project.graph end
  local ok, message, _, cycle = project.graph:freeze()
  if not ok then
    if cycle then report_cycle(project, cycle) end
    fault.raise(message)
  end
  project.frozen = true
  return project.graph
end

-- The phases among some tasks, in their order.
local function phases_of(project, indices)
  local list = {}
  for _, index in ipairs(indices) do
    local task = project.tasks[index]
    local phase = task.phase and task.phase.role == "end" and project.phases[task.phase.id]
    if phase then list[#list + 1] = phase end
  end
  return list
end

-- Orders phases that follow one another, and the phases within them. A task belongs to the first
-- phase that wants it: it waits for the hooks of that phase and for the end of the phase before.
local function order(project, frozen, ordered, phases, taken)
  local previous
  for _, phase in ipairs(phases) do
    local begin, finish = phase.begin.index, phase.finish.index
    local hooks, own = {}, {}
    for _, index in ipairs(frozen:plan({ begin }):wanted()) do hooks[index] = true end
    for _, index in ipairs(frozen:plan({ finish }):wanted()) do
      if not taken[index] then
        own[#own + 1] = index
        if not hooks[index] then ordered:edge(begin, index, "after") end
        if previous then ordered:edge(previous, index, "after") end
      end
    end
    local inner = phases_of(project, phase.members)
    order(project, frozen, ordered, inner, setmetatable({}, { __index = taken }))
    for _, index in ipairs(own) do taken[index] = true end
    previous = finish
  end
end

-- A project whose graph has the order of the selected phases as well. It has the same tasks under
-- the same numbers.
local function with_phases(project, selection)
  local phases = phases_of(project, M.ids(selection))
  if #phases == 0 then return project end
  local ordered = require("ggen.resolve").project(project.loaded)
  order(project, M.freeze(project), ordered.graph, phases, {})
  return ordered
end

---@param tasks ggen.Task[]
---@return integer[]
function M.ids(tasks)
  local ids = {}
  for i, task in ipairs(tasks) do ids[i] = task.index end
  return ids
end

---The plan of the selected tasks and all they need.
---@param project ggen.Project
---@param selection ggen.Task[]
---@return userdata plan of the engine
function M.plan(project, selection)
  return M.freeze(with_phases(project, selection)):plan(M.ids(selection))
end

---How many tasks a plan has; the nodes of phases are none.
---@param project ggen.Project
---@param some_plan userdata
---@return integer
function M.count(project, some_plan)
  local count = 0
  for _, number in pairs(some_plan:counts()) do count = count + number end
  for _, phase in ipairs(project.phases) do
    if some_plan:state(phase.begin.index) then count = count - 1 end
    if some_plan:state(phase.finish.index) then count = count - 1 end
  end
  return count
end

-- A `finally` task belongs to a run when it was selected, when it waits for a task that belongs to
-- it, and when it waits for none.
local function joins(project, task, belongs)
  local count = 0
  for _, kind in ipairs({ "needs", "after" }) do
    for _, index in ipairs(project.graph:needs(task.index, kind)) do
      if belongs(index) then return true end
      count = count + 1
    end
  end
  return count == 0
end

---Divides a selection into what runs in the plan and the `finally` tasks, which run at the end.
---@param project ggen.Project
---@param selection ggen.Task[]
---@return ggen.Task[] main
---@return fun(some_plan: userdata): ggen.Task[] finals those that belong to the plan of `main`
function M.divide(project, selection)
  if #project.finals == 0 then return selection, function() return {} end end
  local main, joined = {}, {}
  for _, task in ipairs(selection) do
    if not task.spec.finally then
      main[#main + 1] = task
    else
      joined[task] = true
      -- What it needs is part of the run, not of its end.
      for _, need in ipairs(M.freeze(project):needs(task.index)) do
        if not project.tasks[need].spec.finally then main[#main + 1] = project.tasks[need] end
      end
    end
  end
  return main, function(some_plan)
    local function belongs(index)
      return some_plan:state(index) ~= nil or joined[project.tasks[index]] ~= nil
    end
    repeat -- one may wait for another
      local more = false
      for _, task in ipairs(project.finals) do
        if not joined[task] and joins(project, task, belongs) then
          joined[task], more = true, true
        end
      end
    until not more
    local found = {}
    for _, task in ipairs(project.finals) do
      if joined[task] then found[#found + 1] = task end
    end
    return found
  end
end

---A plan of `finally` tasks: their order among themselves counts; whatever else they wait for has
---ended by then.
---@param project ggen.Project
---@param finals ggen.Task[]
---@return userdata plan, integer[] ids the index of the task for each id of the plan
function M.finals_plan(project, finals)
  local graph, ids, position = require("ggen.core.graph").new(), {}, {}
  for i, task in ipairs(finals) do
    graph:add(task.id, { always = true })
    ids[i], position[task.index] = task.index, i
  end
  for i, task in ipairs(finals) do
    for _, kind in ipairs({ "needs", "after" }) do
      for _, index in ipairs(project.graph:needs(task.index, kind)) do
        if position[index] then graph:edge(position[index], i, "after") end
      end
    end
  end
  assert(graph:freeze())
  return graph:plan(), ids
end

return M
