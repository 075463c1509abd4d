-- Events for programs: NDJSON, one object a line, with "event" and seconds since the start.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local function microseconds(value) return value and math.floor(value * 1e6 + 0.5) / 1e6 end

local function rounded(usage)
  if not usage then return nil end
  return { wall = microseconds(usage.wall), user = microseconds(usage.user),
    sys = microseconds(usage.sys), peak_memory = usage.peak_memory }
end

-- Output comes cut anywhere. A character whose rest is still to come waits for it.
local function whole_characters(text)
  for back = 1, math.min(3, #text) do
    local byte = text:byte(-back)
    if byte < 0x80 then return text, "" end
    if byte >= 0xC0 then
      local length = byte >= 0xF0 and 4 or byte >= 0xE0 and 3 or 2
      if length <= back then return text, "" end
      return text:sub(1, -back - 1), text:sub(-back)
    end
  end
  return text, ""
end

local function path_fields(path)
  if not path then return nil end
  local fields = { path = {}, duration = microseconds(path.duration),
    share = math.floor(path.share * 1000 + 0.5) / 1000 }
  for i, task in ipairs(path.tasks) do
    fields.path[i] = { task = task.id, duration = microseconds(task.duration) }
  end
  for i, more in ipairs(path.more or {}) do
    fields.more_workers = fields.more_workers or {}
    fields.more_workers[i] = { jobs = more.jobs, wall = microseconds(more.wall) }
  end
  return fields
end

---@type ggen.Plugin
return {
  name = "json",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Events as JSON, one a line",
  setup = function(_, host)
    local screen = host.screen
    local encode = ggen.json.encode
    local started = host.now()
    local cut = {} -- by task and stream: the beginning of a character

    local function emit(event, fields)
      fields.event, fields.time = event, microseconds(host.now() - started)
      screen:write(encode(fields, { invalid_utf8 = "replace" }) .. "\n")
    end

    local function emit_output(task, stream, text)
      if text ~= "" then emit("task_output", { task = task.id, stream = stream, text = text }) end
    end

    local function result_fields(task, result)
      return {
        task = task.id, status = result.status, code = result.code, signal = result.signal,
        timed_out = result.timed_out, message = ggen.report.reason(
          result), attempts = result.attempts,
        duration = microseconds(result.duration), usage = rounded(result.usage),
        optional = result.optional,
        commands = result.commands, service = result.service,
        cache = result.cache, reason = result.reason, saved = microseconds(result.saved),
        prediction = result.prediction,
      }
    end

    return {
      on_run_start = function(_, run)
        emit("run_start", { pipeline = run.project:name(), tasks = run.totals.tasks,
          jobs = host.options.jobs, version = ggen.VERSION })
      end,
      on_task_start = function(_, task)
        emit("task_start", { task = task.id, workspace = task.workspace, matrix = task.matrix })
      end,
      on_task_log = function(_, task, log)
        if host.options.output == "none" then return end
        cut[task] = {}
        log:attach(host.output_sink(function(stream, bytes)
          local text, rest = whole_characters((cut[task][stream] or "") .. bytes)
          cut[task][stream] = rest
          emit_output(task, stream, text)
        end))
      end,
      on_task_retry = function(_, task, result, attempt, delay)
        emit("task_retry", { task = task.id, code = result.code, attempt = attempt, delay = delay })
      end,
      on_service_ready = function(_, task, result) emit("service_ready", result_fields(task,
        result)) end,
      on_task_end = function(_, task, result)
        for stream, rest in pairs(cut[task] or {}) do emit_output(task, stream, rest) end
        cut[task] = nil
        emit("task_end", result_fields(task, result))
      end,
      on_task_fresh = function(_, task)
        emit("task_end", { task = task.id, status = "ok", code = 0, attempts = 0, duration = 0,
          cache = "fresh" })
      end,
      on_task_skip = function(_, task, reason) emit("task_skip", { task = task.id,
        reason = reason }) end,
      on_note = function(_, level, text, task)
        emit("note", { level = level, text = text, task = task and task.id })
      end,
      on_run_end = function(_, run, totals)
        local fields = { wall = microseconds(totals.wall), saved = microseconds(totals.saved) }
        for _, name in ipairs({ "tasks", "ok", "fresh", "restored", "failed", "optional", "skipped",
          "not_run", "code", "cache", "flaky", "estimate" }) do fields[name] = totals[name] end
        fields.critical_path = path_fields(run:critical_path())
        emit("run_end", fields)
      end,
    }
  end,
}
