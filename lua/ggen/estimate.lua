-- How long a run, or what is left of one, will probably take: the plan played to its end with what
-- its tasks took in their last runs (graph/forecast.h). Nothing is said where little is known.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.forecast")
local timings = require("ggen.core.timings")
local units = require("ggen.units")
local workers = require("ggen.workers")

local M = {}

---@class ggen.Estimate
---@field seconds number
---@field jobs integer how many tasks run at once
---@field known integer tasks that have run before
---@field unknown integer that have not: they are taken for others of their kind

---@class ggen.EstimateOptions
---@field project ggen.Project
---@field plan userdata that has not begun; gets priorities, and what waits in it
---@field timings ggen.Timings
---@field jobs integer
---@field io_jobs integer?
---@field left_out table<integer, true>? tasks that are passed over
---@field takes_part table<integer, true>? others take no time

-- Without times of most tasks a number would be invented.
local function is_enough(known, unknown) return known > 0 and known >= unknown end

---@param options ggen.EstimateOptions
---@return ggen.Estimate? estimate nil when too little is known
function M.of(options)
  local project, plan = options.project, options.plan
  local view = require("ggen.view").new({ jobs = options.jobs, project = project,
    timings = options.timings, left_out = options.left_out })
  view:enter(plan)
  local durations, known, unknown = view:durations()
  if options.takes_part then
    local history, taken, stays = options.timings:history(), {}, {}
    for _, index in ipairs(project:survey().services) do stays[index] = true end
    known, unknown = 0, 0
    for _, index in ipairs(plan:wanted()) do
      if options.takes_part[index] and not stays[index] then
        taken[index] = durations[index]
        if history:expected(project:id(index)) then
          known = known + 1
        else
          unknown = unknown + 1
        end
      end
    end
    durations = taken
  end
  if not is_enough(known, unknown) then return nil end
  local count = plan:size()
  if options.jobs > 1 then
    for index = 1, count do durations[index] = durations[index] or 0 end
    timings.set_priorities(plan, timings.remaining(plan, durations))
  end
  local most = workers.divide(project, plan, { jobs = options.jobs, io = options.io_jobs })
  local forecast = core.new(durations, count, project:survey().alone)
  return { seconds = units.milliseconds(forecast:left(plan, most, 0)), jobs = options.jobs,
    known = known, unknown = unknown }
end

-- What is left ---------------------------------------------------------------------------------

---@class ggen.TimeLeft
local TimeLeft = {}
TimeLeft.__index = TimeLeft

---@param project ggen.Project
---@param plan userdata that has begun
---@param view ggen.View of that plan
---@param most integer how many tasks run at once
---@return ggen.TimeLeft
function M.left(project, plan, view, most)
  local self = setmetatable({ plan = plan, _most = most }, TimeLeft)
  local durations, known, unknown = view:durations()
  if is_enough(known, unknown) then
    self._forecast = core.new(durations, plan:size(), project:survey().alone)
  end
  return self
end

---Costs next to nothing, however many tasks there are and however often it is asked.
---@param now number monotonic seconds
---@return number? seconds nil when too little is known
function TimeLeft:seconds(now)
  return self._forecast and self._forecast:left(self.plan, self._most, now)
end

return M
