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

---@async
---@param cache ggen.Cache
---@param project ggen.Project
---@param task ggen.Task
---@return "run"|"restore"|"maybe" prediction maybe: it depends on what a need makes
---@return string? reason
function M.task(cache, project, task)
  cache:define()
  local facts, standing = cache.files:info(task.index), cache:wait("standing", task.index)
  if not cache.options.read then return "run", "forced" end
  if standing == "unkeyed" then return "run", cache:unkeyed(task.index) end
  if standing == "open" then
    local open, why = waits(cache, project, task)
    if open then return "maybe", why end
  end
  if not facts.cached then return "run", nil end
  local refused = cache:refusal(task.index)
  if refused then return "run", refused end
  local found = cache:wait("assess", task.index)
  if not found.key then return "run", found.problem end
  local action = cache.stores.directory and cache:wait("get", found.key)
  if action then
    local serve, why = cache:serves(task, action)
    if serve then return "restore", "its result is stored" end
    return "run", why
  end
  return "run", cache:changes(task, found).text
end

return M
