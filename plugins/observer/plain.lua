-- Lines for people, on a terminal or in a file: one for each task that ended, its output by the
-- chosen mode, and the sum at the end.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

-- Colours that tell the tasks of a stream apart.
local PREFIX_COLORS = { "cyan", "magenta", "yellow", "blue", "green" }

---@type ggen.Plugin
return {
  name = "plain",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Plain lines: what ended, how, and what it printed",
  params = {
    tail = { type = "integer", min = 0, default = 20,
      desc = "Lines of output to show of a failed task in mode none" },
  },
  setup = function(params, host)
    local screen, style, options = host.screen, host.style, host.options
    local mode = options.output
    local blocks = ggen.report.blocks(screen, function(task) return style:dim(style.run .. " "
      .. task.id) .. "\n" end)
    local colors, sinks, failed = 0, {}, {}
    local predicted = { run = 0, maybe = 0, restore = 0 }

    local function line(sign, task, result, rest)
      local time = style:dim(ggen.units.format_duration(result.duration))
      screen:write(("%s %s  %s%s\n"):format(sign, task.id, time, rest or ""))
    end

    local function footer(task, result)
      local time = style:dim(ggen.units.format_duration(result.duration))
      if result.dry_run then
        local note = result.prediction == "restore" and "  would be restored"
          or result.prediction == "maybe" and "  may run" or ""
        if result.reason then note = note .. (note == "" and "  " or ": ") .. result.reason end
        return ("%s %s%s\n%s"):format(style.run, task.id, style:dim(note),
          #result.commands > 0 and "    " .. table.concat(result.commands, "\n    ") .. "\n" or "")
      end
      local why = result.reason and "  " .. style:dim(result.reason) or ""
      if result.cache == "restored" then
        return ("%s %s  %s\n"):format(style:green(style.ok), task.id, style:dim("restored"))
      elseif result.status == "ok" then
        local note = result.attempts > 1
          and style:yellow(("  (%d attempts)"):format(result.attempts)) or ""
        return ("%s %s  %s%s%s\n"):format(style:green(style.ok), task.id, time, note, why)
      end
      local reason = ggen.report.reason(result)
      if result.optional then reason = reason .. " (optional)" end
      -- Of one that failed only what moved is worth knowing.
      local told = result.reason or ""
      if told == "first run" or told:find("^the last run") or told:find("^its last result") then
        why = ""
      end
      local traceback = result.traceback and "called from:\n" .. result.traceback .. "\n" or ""
      return ("%s %s  %s  %s%s\n%s"):format(style:red(style.fail), task.id, time,
        style:red(reason), why, traceback)
    end

    return {
      on_task_log = function(_, task, log)
        if mode == "grouped" then
          blocks:follow(task, log)
        elseif mode == "stream" then
          local prefix = ""
          if not options.single then
            colors = colors % #PREFIX_COLORS + 1
            prefix = style[PREFIX_COLORS[colors]](style, task.id .. " | ")
          end
          local sink = screen:lines(prefix)
          sinks[task] = sink
          log:attach(sink)
        end
      end,

      on_task_retry = function(_, task, result, attempt, delay)
        screen:write(("%s %s  %s; attempt %d in %s\n"):format(style:yellow(style.run), task.id,
          result.message or ("exit code %d"):format(result.code), attempt + 1,
          ggen.units.format_duration(delay)))
      end,

      on_service_ready = function(_, task, result)
        line(style:green(style.ok), task, result, "  ready")
      end,

      on_task_skip = function(_, task, reason)
        screen:write(("%s %s  %s\n"):format(style:yellow(style.skip), task.id, style:dim("skipped: "
          .. reason)))
      end,

      on_task_end = function(_, task, result)
        if result.status == "failed" and not result.optional then failed[#failed + 1] = { task,
          result } end
        if sinks[task] then
          sinks[task]:close()
          sinks[task] = nil
        end
        if result.dry_run and result.cache ~= "fresh" then
          local prediction = result.prediction or "run"
          predicted[prediction] = predicted[prediction] + 1
        end
        -- The sum at the end counts them.
        if result.cache == "fresh" then return end
        if mode == "grouped" then
          return blocks:finish(task, result.log, footer(task, result))
        end
        if mode == "errors" and result.status == "failed" then
          return blocks:finish(task, result.log, footer(task, result))
        end
        if mode == "none" and result.status == "ok" then return end
        screen:write(footer(task, result))
      end,

      on_note = function(_, level, text, task)
        local color = level == "error" and "red" or level == "warning" and "yellow" or "dim"
        screen:write(("%s%s\n"):format(style[color](style, level .. ": "), (task and task.id .. ": "
          or "") .. text))
      end,

      on_run_end = function(_, run, totals)
        -- After many lines the failures are said once more where people look.
        local told = totals.ok + totals.failed + totals.optional + totals.skipped
        if #failed > 0 and told > 10 then
          screen:write("\n")
          for i, entry in ipairs(failed) do
            if i > params.tail then
              screen:write(("  and %d more\n"):format(#failed - params.tail))
              break
            end
            local task, result = entry[1], entry[2]
            screen:write(("%s %s  %s\n"):format(style:red(style.fail), task.id,
              ggen.report.reason(result)))
          end
        end
        local text = ggen.report.summary(totals)
        if options.dry_run then
          text = ("%d task%s would run"):format(predicted.run, predicted.run == 1 and "" or "s")
          local others = { { predicted.maybe, "may run" },
            { predicted.restore, "would be restored" }, { totals.fresh, "up to date" } }
          for _, other in ipairs(others) do
            if other[1] > 0 then text = ("%s, %d %s"):format(text, other[1], other[2]) end
          end
        end
        local estimate = totals.estimate
        if estimate and estimate.seconds >= 1 then
          text = ("%s, about %s"):format(text, ggen.units.format_estimate(estimate.seconds))
        end
        local flaky = ggen.report.flaky(totals)
        if flaky then screen:write(style:yellow(flaky) .. "\n") end
        for _, its in ipairs(ggen.report.critical_path(run, options.verbose)) do
          screen:write(style:dim(its) .. "\n")
        end
        if totals.cache then screen:write(ggen.report.cache_summary(totals) .. "\n") end
        screen:write((totals.code == 0 and style:bold(text) or style:bold(style:red(text))) .. "\n")
      end,
    }
  end,
}
