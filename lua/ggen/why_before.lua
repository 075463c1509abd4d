-- Why one task comes before another: the shortest way along the edges of the graph, and what
-- somebody wrote for each of them.
-- SPDX-License-Identifier: MIT
local leasable = require("ggen.leasable")
local plan = require("ggen.plan")

local M = {}

---@class ggen.Why.Step
---@field from integer comes first
---@field to integer
---@field kind "needs"|"after"|"services"|"phase"|"hook"
---@field file string
---@field line integer
---@field hook integer? the task that is a hook of `to`, and waits for `from`

-- What each node waits for, of both kinds; what is needed comes first.
local function before(graph, index)
  local list = graph:needs(index)
  for _, other in ipairs(graph:needs(index, "after")) do list[#list + 1] = other end
  return list
end

---@param project ggen.Project
---@param first integer
---@param last integer
---@return integer[]? path from the one to the other; nil when nothing orders them so
function M.path(project, first, last)
  local graph, next_of, list = plan.freeze(project), { [last] = 0 }, { last }
  local i = 1
  while list[i] and list[i] ~= first do
    for _, index in ipairs(before(graph, list[i])) do
      if not next_of[index] then
        next_of[index] = list[i]
        list[#list + 1] = index
      end
    end
    i = i + 1
  end
  if not list[i] then return nil end
  local path, index = {}, first
  while index ~= 0 do
    path[#path + 1], index = index, next_of[index]
  end
  return path
end

local function names(project, task, field, index)
  local list = field == "services" and leasable.tasks(task.spec) or task.spec[field]
  for _, name in ipairs(list or {}) do
    for _, found in ipairs(project:lookup(name, task.declaration.owner) or {}) do
      if found == index then return true end
    end
  end
  return false
end

local FIELDS = { "needs", "services", "after" }

-- The hooks of a node, and those of its hooks.
local function each_hook(project, index, visit)
  local lists = project.hooks[index]
  for _, moment in ipairs({ "before", "after" }) do
    for _, hook in ipairs(lists and lists[moment] or {}) do
      if hook.index then
        visit(project:task(hook.index))
        each_hook(project, hook.index, visit)
      end
    end
  end
end

---Who wrote that `to` waits for `from`.
---@param project ggen.Project
---@param from integer
---@param to integer
---@return ggen.Why.Step
function M.step(project, from, to)
  local task = project:task(to)
  local declared = task.declaration
  local step = { from = from, to = to, kind = "phase", file = declared.file, line = declared.line }
  if task.phase then return step end
  for _, field in ipairs(FIELDS) do
    if names(project, task, field, from) then
      step.kind = field
      return step
    end
  end
  each_hook(project, to, function(hook)
    for _, field in ipairs(FIELDS) do
      if not step.hook and names(project, hook, field, from) then
        step.kind, step.hook = field, hook.index
        step.file, step.line = hook.declaration.file, hook.declaration.line
      end
    end
  end)
  return step
end

---@param project ggen.Project
---@param first integer
---@param last integer
---@return ggen.Why.Step[]? steps from the last one back to the first; nil: nothing orders them so
function M.steps(project, first, last)
  local path = M.path(project, first, last)
  if not path then return nil end
  local steps = {}
  for i = #path, 2, -1 do steps[#steps + 1] = M.step(project, path[i - 1], path[i]) end
  return steps
end

return M
