-- What a run would do with the tasks that judge() left. Nothing is run or restored here.
-- SPDX-License-Identifier: MIT
local M = {}

-- A task whose turn has not come: what it needs has to be made first, or was left out.
local function waits(cache, project, task)
  local left_out = false
  for _, need in ipairs(project.graph:needs(task.index)) do
    local how = cache:wait("standing", need)
    if how ~= "fresh" and how ~= "ended" then return true, "needs " .. project:id(need) end
    left_out = left_out or how == "ended"
  end
  return not left_out
end

-- Whether a task is looked at when its turn comes (see definition.lua): all others are before
-- anything runs.
local function is_held(project, task)
  local each = project.each_hooks
  return task.spec.lifecycle ~= nil or project.hooks[task.index] ~= nil or task.spec.when ~= nil
    or #each.before + #each.after > 0
end

-- Whether something comes before a task each time: a hook, or a condition that is asked.
local function is_preceded(project, task)
  local hooks, data = project.hooks[task.index], task.spec.lifecycle
  if task.spec.when ~= nil or (hooks and #hooks.before > 0) then return true end
  if #project.each_hooks.before > 0 or (data and data.before) then return true end
  local own = data and data.kind ~= "hook" and task.declaration.owner.lifecycle
  return own and own.before_all[1] ~= nil or false
end

---What becomes of a task that is looked at when its turn comes, as far as nothing comes before it.
---@async
---@param cache ggen.Cache
---@param project ggen.Project
---@param task ggen.Task
---@return string standing as the engine names it; still "open" when something comes before it
function M.settle(cache, project, task)
  local standing = cache:wait("standing", task.index)
  if standing ~= "open" or not is_held(project, task) or is_preceded(project, task) then
    return standing
  end
  for _, need in ipairs(project.graph:needs(task.index)) do
    local how = M.settle(cache, project, project:task(need))
    if how ~= "fresh" and how ~= "ended" then return standing end
  end
  return cache:wait("assess", task.index).standing or standing
end

-- A task whose turn has come in a dry run, in which nothing is done: what it would find.
local function at_its_turn(cache, project, task)
  local hooks = project.hooks[task.index]
  for _, lists in ipairs({ hooks or {}, project.each_hooks }) do
    for _, hook in ipairs(lists.before or {}) do
      if hook.fn then return "maybe", "it has hooks" end
    end
  end
  if is_held(project, task) and cache.first_to_run then
    return "maybe", ("depends on what %s does to its files"):format(cache.first_to_run)
  end
  if cache:wait("assess", task.index).standing == "fresh" then return "fresh" end
end

local function without_key(cache, task, found)
  if cache:unkeyed(task.index) then return cache:unkeyed(task.index) end
  found = found or cache:wait("assess", task.index)
  return require("ggen.reasons").without_key(found and found.problem)
end

local function predict(cache, project, task)
  cache:define()
  local facts, standing = cache.files:info(task.index), cache:wait("standing", task.index)
  if not cache.options.read then return "run", "forced" end
  if standing == "unkeyed" then return "run", without_key(cache, task) end
  if standing == "open" then
    local open, why = waits(cache, project, task)
    if open and why then return "maybe", why end
    if facts.cached or facts.runs_nothing then
      local prediction
      prediction, why = at_its_turn(cache, project, task)
      if prediction then return prediction, why end
    end
  end
  if not facts.cached then return "run", nil end
  local refused = cache:refusal(task.index)
  if refused then return "run", refused end
  local found = cache:wait("assess", task.index)
  if not found.key then return "run", without_key(cache, task, found) end
  local action = cache.stores.directory and cache:wait("get", found.key)
  if action then
    local serve, why = cache:serves(task, action)
    if serve then return "restore", "its result is stored" end
    return "run", why
  end
  return "run", cache:changes(task, found).text
end

---@async
---@param cache ggen.Cache
---@param project ggen.Project
---@param task ggen.Task
---@return "run"|"restore"|"maybe"|"fresh" prediction maybe: it depends on what a need makes
---@return string? reason
function M.task(cache, project, task)
  local prediction, reason = predict(cache, project, task)
  if prediction ~= "fresh" and not cache.files:info(task.index).runs_nothing then
    cache.first_to_run = cache.first_to_run or task.id
  end
  return prediction, reason
end

return M
