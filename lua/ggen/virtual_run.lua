-- A run that takes no time: the same plan and the same scheduling as a real one, with a clock that
-- jumps from the end of one task to the next. Gives what a scheduler would have made of known
-- durations. The same input gives the same log.
-- SPDX-License-Identifier: MIT
local scheduling = require("ggen.scheduling")
local view = require("ggen.view")
local workers = require("ggen.workers")

local M = {}

---@class ggen.VirtualOptions
---@field project ggen.Project
---@field plan userdata
---@field plugins ggen.Registry with the scheduler
---@field timings ggen.Timings what the scheduler knows
---@field jobs integer
---@field io_jobs integer? so many tasks that wait run beside these (workers.lua)
---@field seconds number[] what each task really takes, by its index
---@field bytes number[]? what each task really takes of the memory
---@field memory number? what the machine has; nil: enough
---@field fails table<integer, true>? indices of tasks that fail
---@field warn fun(message: string)?

---@class ggen.VirtualResult
---@field makespan number seconds
---@field idle number seconds in which slots were empty, summed over the slots
---@field peak_memory number bytes
---@field log { id: integer, start: number, finish: number }[] in the order of starting
---@field skipped integer[]

-- The task that ends next: the earliest, and of those the one that started first.
local function take_next(running)
  local best = 1
  for i = 2, #running do
    if running[i].finish < running[best].finish then best = i end
  end
  return table.remove(running, best)
end

---@param options ggen.VirtualOptions
---@return ggen.VirtualResult
function M.run(options)
  local project, plan, seconds = options.project, options.plan, options.seconds
  local bytes, fails = options.bytes or {}, options.fails or {}
  local now, running, used, alone = 0, {}, 0, nil
  local total = options.memory or math.huge
  local most = workers.divide(project, plan, { jobs = options.jobs, io = options.io_jobs })
  local schedule = scheduling.new(options.plugins, project, function()
    return view.new({
      jobs = options.jobs, project = project, timings = options.timings,
      now = function() return now end,
      machine = { cpus = options.jobs, memory = total, memory_pressure = function() end,
        free_memory = function() return total - used end },
    })
  end, options.warn or function() end)
  local result = { makespan = 0, idle = 0, peak_memory = 0, log = {}, skipped = {} }

  local function start(id)
    local entry = { id = id, start = now, finish = now + (seconds[id] or 0) }
    running[#running + 1], result.log[#result.log + 1] = entry, entry
    used = used + (bytes[id] or 0)
    result.peak_memory = math.max(result.peak_memory, used)
    schedule:started(project:task(id))
  end

  -- As Run:_pump does it.
  local function start_all()
    schedule:ask_again()
    if alone and #running == 0 then
      start(alone)
      return
    end
    while not alone and #running < most do
      local id = schedule:next(plan, #running)
      if not id then return end
      if workers.is_alone(project:task(id)) then
        alone = id
        if #running == 0 then start(id) end
      else
        start(id)
      end
    end
  end

  local function finish(entry)
    result.idle = result.idle + (entry.finish - now) * math.max(options.jobs - #running - 1, 0)
    now, used = entry.finish, used - (bytes[entry.id] or 0)
    if alone == entry.id then alone = nil end
    local ready, skipped
    if fails[entry.id] then
      skipped, ready = plan:fail(entry.id)
      for _, id in ipairs(skipped or {}) do result.skipped[#result.skipped + 1] = id end
    else
      ready = plan:done(entry.id)
    end
    schedule:ended(project:task(entry.id), { status = fails[entry.id] and "failed" or "ok" })
    schedule:ready(ready)
  end

  schedule:begin(plan, function(id) return project:task(id) end)
  start_all()
  while #running > 0 do
    finish(take_next(running))
    start_all()
  end
  result.makespan = now
  return result
end

return M
