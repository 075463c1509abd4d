-- on_error and on_success of a make.toml: what runs at the end, once it is known how it went.
-- SPDX-License-Identifier: MIT
local M = {}

local function moment_of(run) return run.failed and "on_error" or "on_success" end

-- Whether phases of the file that a task comes from took part.
local function takes_part(run, task)
  for _, row in ipairs(run.rows) do
    if row.pipeline == task.declaration.owner then return true end
  end
  return false
end

---The tasks of shell lines among those that run at the end, without those of the other outcome.
---@param run ggen.Run
---@param finals integer[]
---@return integer[]
function M.finals(run, finals)
  local kept = {}
  for _, index in ipairs(finals) do
    local task = run.project:task(index)
    local data = task.spec.lifecycle
    if not data or data.moment == moment_of(run) and takes_part(run, task)
      and not run.waits.interrupted then
      kept[#kept + 1] = index
    end
  end
  return kept
end

---The phases that are to run at the end.
---@param run ggen.Run
---@return integer[]
function M.phases(run)
  local list, project = {}, run.project
  if run.waits.interrupted then return list end
  for _, row in ipairs(run.rows) do
    for _, name in ipairs(row.pipeline.lifecycle[moment_of(run)]) do
      list[#list + 1] = project:find(project.prefix_of(row.pipeline) .. name)
    end
  end
  return list
end

return M
