-- The end of a run of phases: on_error and on_success, which run once it is known how it went, and
-- what had no turn.
-- SPDX-License-Identifier: MIT
local M = {}

-- How many tasks of a row had their turn, and how many of these did what they should.
local function count(run, row)
  local touched, good = 0, 0
  for _, node in ipairs(row.sorted) do
    local state = run.main:state(node.index)
    if state == "done" then good = good + 1 end
    if state == "done" or state == "failed" then touched = touched + 1 end
  end
  return touched, good
end

-- The files that a task of theirs failed for.
local function failed_owners(run)
  local owners = {}
  for _, index in ipairs(run.failed and run.main:wanted() or {}) do
    if run.main:state(index) == "failed" then
      owners[run.project:task(index).declaration.owner] = true
    end
  end
  return owners
end

-- How it went for each file that took part: for the one at the root, as the whole run; for a
-- workspace as it did there, and not at all where nothing ran.
local function outcomes(run)
  if run.outcomes then return run.outcomes end
  local found, owners = {}, failed_owners(run)
  for _, row in ipairs(run.rows) do
    local pipeline, failed = row.pipeline, run.failed
    local touched, good = count(run, row)
    if pipeline.kind == "workspace" then
      failed = owners[pipeline] or good < #row.sorted
    else
      touched = 1
    end
    if touched > 0 then found[pipeline] = failed and "on_error" or "on_success" end
  end
  run.outcomes = found
  return found
end

---The tasks that run at the end, without the shell lines of the other outcome.
---@param run ggen.Run
---@param finals integer[]
---@return integer[]
function M.finals(run, finals)
  local kept = {}
  for _, index in ipairs(finals) do
    local task = run.project:task(index)
    local data = task.spec.lifecycle
    if not data or not data.moment or data.moment == outcomes(run)[task.declaration.owner]
      and not run.waits.interrupted then
      kept[#kept + 1] = index
    end
  end
  return kept
end

-- Whether a phase runs although it has run already, as a hook or because it was asked for: after a
-- failure there is something new to tell, or to clean up. Not what is up to date by then.
local function may_run_again(task)
  local data = task.spec.lifecycle
  return task.spec.cache == false and not (data and data.first_run_only)
end

---The phases that are to run at the end.
---@param run ggen.Run
---@return integer[] phases
---@return table<integer, true> again those of them that run once more if they have run already
function M.phases(run)
  local list, again, project = {}, {}, run.project
  if run.waits.interrupted then return list, again end
  for _, row in ipairs(run.rows) do
    local moment = outcomes(run)[row.pipeline]
    for _, name in ipairs(row.pipeline.lifecycle[moment] or {}) do
      local index = project:find(project.prefix_of(row.pipeline) .. name)
      list[#list + 1] = index
      if moment == "on_error" and may_run_again(project:task(index)) then again[index] = true end
    end
  end
  return list, again
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
