-- What a run can say of time: how long it would take, how long is left, what it was waiting for.
-- Costs nothing until somebody asks.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")

local M = {}

---@param run ggen.Run
---@return number? seconds until all is done; nil when too little is known
function M.left(run)
  if run.script or run.indices or run.options.dry_run then return nil end
  if not run._left or run._left.plan ~= run.plan then
    local view = run.scheduling.view
    if not view then
      view = run:view()
      view:enter(run.plan)
    end
    run._left = require("ggen.estimate").left(run.project, run.plan, view, run.slots:most())
  end
  return run._left:seconds(clock.monotonic())
end

---How long it would take what a dry run found to do.
---@param run ggen.Run that has ended
---@return ggen.Estimate? estimate nil when too little is known
function M.estimate(run)
  if run.script or next(run.account.would_run) == nil then return nil end
  return require("ggen.estimate").of({ project = run.project, plan = run.main:again(),
    timings = run.timings, jobs = run.options.jobs, io_jobs = run.options.io_jobs,
    takes_part = run.account.would_run })
end

---@param run ggen.Run that has ended
---@return ggen.CriticalPath? path nil when no task of it took any time
function M.critical_path(run)
  if run.script or run.options.dry_run then return nil end
  run._critical_path = run._critical_path or require("ggen.critical_path").of(run)
  return run._critical_path
end

return M
