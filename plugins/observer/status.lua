-- The live line at the foot of a terminal: progress, time, and what is running.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "status",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "A live line with progress and the time that is probably left, on a terminal only",
  params = {
    shown = { type = "integer", min = 1, default = 4, desc = "How many running tasks to name" },
  },
  setup = function(params, host)
    local screen, style = host.screen, host.style
    if not screen:is_tty() then return {} end
    local running, ended, total, started = {}, 0, 0, 0
    local current, left
    local interactive = 0

    local function draw()
      if interactive > 0 then return end
      local names = {}
      for i = 1, math.min(#running, params.shown) do names[i] = running[i].id end
      local more = #running > params.shown and (" +%d"):format(#running - params.shown) or ""
      local time = ggen.units.format_duration(host.now() - started)
      -- When all have ended, observers may still be at work.
      local mark = #running > 0 and style:cyan(style.run) or ""
      if left and ended < total then
        time = ("%s, about %s left"):format(time, ggen.units.format_estimate(left))
      end
      screen:status(("%s %s  %s %s%s"):format(
        style:bold(("[%d/%d]"):format(ended, total)), style:dim(time), mark,
        table.concat(names, ", "), more))
    end

    local function remove(task)
      for i, other in ipairs(running) do
        if other == task then
          table.remove(running, i)
          break
        end
      end
      if task.spec.interactive then interactive = interactive - 1 end
    end

    return {
      on_run_start = function(_, run)
        current, started, total, ended = run, host.now(), run.totals.tasks, run.totals.ok
      end,
      on_task_start = function(_, task)
        running[#running + 1] = task
        if task.spec.interactive then
          interactive = interactive + 1
          screen:status(nil)
        end
        draw()
      end,
      on_tick = function()
        left = current and current:time_left()
        draw()
      end,
      on_service_ready = function(_, task)
        ended = ended + 1
        remove(task)
        draw()
      end,
      on_task_end = function(_, task, result)
        if not result.service then ended = ended + 1 end
        remove(task)
        draw()
      end,
      on_task_skip = function() ended = ended + 1 end,
      on_run_end = function() screen:status(nil) end,
    }
  end,
}
