-- The end of a run of phases: on_error and on_success, which run once it is known how it went, and
-- what had no turn.
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

---Which of these run although they have run already, as hooks or because they were asked for: after
---a failure there is something new to tell, or to clean up. Not what is up to date by then.
---@param run ggen.Run
---@param phases integer[]
---@return table<integer, true>
function M.again(run, phases)
  local again = {}
  for _, index in ipairs(run.failed and phases or {}) do
    local spec = run.project:task(index).spec
    local once = spec.lifecycle and spec.lifecycle.first_run_only
    if spec.cache == false and not once then again[index] = true end
  end
  return again
end

-- Whether nothing of a file had its turn.
local function untouched(run, row)
  for _, node in ipairs(row.sorted) do
    local state = run.plan:state(node.index)
    if state ~= "want" and state ~= "ready" and state ~= "queued" then return false end
  end
  return #row.sorted > 0
end

---In turn, a failure in one workspace is the end: says which ones did not have theirs.
---@param run ggen.Run after its plan
function M.tell_untouched(run)
  if not run.failed or run.waits.interrupted then return end
  local names = {}
  for _, row in ipairs(run.rows) do
    if row.pipeline.kind == "workspace" and untouched(run, row) then
      names[#names + 1] = row.pipeline.name
    end
  end
  if #names == 0 then return end
  table.sort(names)
  run.events:note("warning", ("not run in %s (--keep-going goes on behind a failure)"):format(
    table.concat(names, ", ")))
end

return M
