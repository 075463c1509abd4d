-- For GitHub Actions: each task's output in a group of its own, failures as error annotations.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

-- Workflow commands end at a line's end; these characters must be written as codes.
local function escape(text)
  return (text:gsub("%%", "%%25"):gsub("\r", "%%0D"):gsub("\n", "%%0A"))
end

local function escape_property(text)
  return (escape(text):gsub(":", "%%3A"):gsub(",", "%%2C"))
end

---@type ggen.Plugin
return {
  name = "github",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Groups and error annotations of GitHub Actions",
  params = {
    tail = { type = "integer", min = 0, default = 10, desc = "Lines of output in an annotation" },
  },
  setup = function(params, host)
    local screen, style = host.screen, host.style
    local blocks = ggen.report.blocks(screen, function(task) return "::group::" .. task.id
      .. "\n" end)
    local mode = host.options.output

    local function annotation(task, result)
      local text = ggen.report.reason(result)
      local last = result.log and result.log:tail(params.tail):gsub("\n$", "") or ""
      if last ~= "" then text = text .. "\n" .. last end
      local place = task.declaration
      return ("::%s file=%s,line=%d,title=%s::%s\n"):format(result.optional and "warning"
        or "error",
        escape_property(place.file), place.line, escape_property(task.id), escape(text))
    end

    return {
      on_task_log = function(_, task, log) blocks:follow(task, log) end,
      on_task_end = function(_, task, result)
        if result.cache == "fresh" then return end -- the sum at the end counts them
        local shown = mode ~= "none" and (mode ~= "errors" or result.status == "failed")
        local time = ggen.units.format_duration(result.duration)
        local text = shown and result.log and result.log:size() > 0 and "::endgroup::\n" or ""
        if result.cache == "restored" then
          text = ("%s%s %s  restored\n"):format(text, style.ok, task.id)
        elseif result.status == "ok" then
          local why = result.reason and "  " .. result.reason or ""
          text = ("%s%s %s  %s%s\n"):format(text, style.ok, task.id, time, why)
        else
          text = ("%s%s %s  %s\n%s"):format(text, style.fail, task.id, time, annotation(task,
            result))
        end
        blocks:finish(task, result.log, text, not shown)
      end,
      on_task_retry = function(_, task, result, attempt, delay)
        screen:write(("%s %s  %s; attempt %d in %s\n"):format(style.run, task.id,
          result.message or ("exit code %d"):format(result.code), attempt + 1,
          ggen.units.format_duration(delay)))
      end,
      on_service_ready = function(_, task)
        screen:write(("%s %s  ready\n"):format(style.ok, task.id))
      end,
      on_task_skip = function(_, task, reason)
        screen:write(("%s %s  skipped: %s\n"):format(style.skip, task.id, reason))
      end,
      on_note = function(_, level, text, task)
        local kind = level == "info" and "notice" or level
        screen:write(("::%s::%s\n"):format(kind, escape((task and task.id .. ": " or "") .. text)))
      end,
      on_run_end = function(_, run, totals)
        for _, line in ipairs(ggen.report.critical_path(run, host.options.verbose)) do
          screen:write(line .. "\n")
        end
        local flaky = ggen.report.flaky(totals)
        if flaky then screen:write("::warning::" .. escape(flaky) .. "\n") end
        if totals.cache then screen:write(ggen.report.cache_summary(totals) .. "\n") end
        screen:write(ggen.report.summary(totals) .. "\n")
      end,
    }
  end,
}
