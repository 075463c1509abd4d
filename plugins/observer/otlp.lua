-- The run as a trace, and its metrics, to an OpenTelemetry collector: OTLP over HTTP, in JSON.
-- Batches go out beside the tasks. What is unsent at the end waits in .ggen/outbox for the next
-- run.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local OFTEN = 5 -- seconds, after which a batch goes out though it is not full
local BOUNDS = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800 } -- seconds
local INTERNAL, ERROR, DELTA = 1, 2, 1 -- SpanKind, StatusCode, AggregationTemporality

-- Values of OTLP/JSON -------------------------------------------------------------------------

-- Nanoseconds as a text: beyond what a number of JSON holds.
local function nanoseconds(seconds)
  local whole = math.floor(seconds)
  return ("%d%09d"):format(whole, math.floor((seconds - whole) * 1e9))
end

local function integer(value) return ("%d"):format(value) end

local function any_value(value)
  if type(value) == "boolean" then return { boolValue = value } end
  if type(value) == "table" then
    local values = {}
    for i, each in ipairs(value) do values[i] = any_value(each) end
    return { arrayValue = { values = ggen.json.array(values) } }
  end
  if type(value) ~= "number" then return { stringValue = tostring(value) } end
  if value ~= value or math.abs(value) == math.huge then return any_value(tostring(value)) end
  if value % 1 == 0 and math.abs(value) < 2 ^ 53 then return { intValue = integer(value) } end
  return { doubleValue = value }
end

-- Sorted; without those that are nil. What is a double stays one, whatever its value.
local function attributes(map, doubles)
  local list = {}
  for name, value in pairs(map) do list[#list + 1] = { key = name, value = any_value(value) } end
  for name, value in pairs(doubles or {}) do
    list[#list + 1] = { key = name, value = { doubleValue = value } }
  end
  table.sort(list, function(a, b) return a.key < b.key end)
  return ggen.json.array(list)
end

-- The trace -----------------------------------------------------------------------------------

local RESULT = { ok = "success", failed = "failure", optional = "failure", skipped = "skip",
  gate = "failure", interrupted = "cancellation", timeout = "timeout" }

local function status_of(entry)
  if RESULT[entry.status] == "success" or entry.status == "skipped" then return {} end
  return { code = ERROR, message = entry.message or ("exit code %d"):format(entry.code or 1) }
end

-- A run may have very many tasks: their spans are put together as texts, which takes a third of
-- what tables take.

local function quoted(value)
  if not value:find('[%c"\\\127-\255]') then return '"' .. value .. '"' end
  return assert(ggen.json.encode(value, { invalid_utf8 = "replace" }))
end

-- What is none of its kind is left out.
local function text_value(value)
  return type(value) == "string" and '{"stringValue":' .. quoted(value) .. "}}"
end
local function is_finite(value) return type(value) == "number" and value - value == 0 end
local function int_value(value)
  return is_finite(value) and ('{"intValue":"%d"}}'):format(value)
end
local function double_value(value)
  return is_finite(value) and ('{"doubleValue":%.9g}}'):format(value)
end

-- By name: where its value is, how it is written, whether many tasks share it.
local TASK_ATTRIBUTES = {}
for i, each in ipairs({
  { "cicd.pipeline.task.name", "id", text_value },
  { "cicd.pipeline.task.run.result", "result", text_value, true },
  { "ggen.cache.state", "cache", text_value, true },
  { "ggen.task.attempts", "attempts", int_value, true },
  { "ggen.task.cpu.system", "sys", double_value }, { "ggen.task.cpu.user", "user", double_value },
  { "ggen.task.id", "id", text_value }, { "ggen.task.memory.peak", "peak_memory", int_value },
  { "ggen.task.reason", "reason", text_value }, { "ggen.task.saved", "saved", double_value },
  { "ggen.task.signal", "signal", text_value, true },
  { "ggen.task.status", "status", text_value, true },
  { "ggen.task.workspace", "workspace", text_value, true },
  { "process.exit.code", "code", int_value, true },
}) do
  TASK_ATTRIBUTES[i] = { before = ('{"key":"%s","value":'):format(each[1]), field = each[2],
    value = each[3], known = each[4] and {} }
end

local function attributes_text(task)
  local parts, n = {}, 0
  for i = 1, #TASK_ATTRIBUTES do
    local each = TASK_ATTRIBUTES[i]
    local value = task[each.field]
    if value ~= nil then
      local text = each.known and each.known[value]
      if not text then
        text = each.value(value)
        text = text and each.before .. text
        if each.known then each.known[value] = text end
      end
      if text then n, parts[n + 1] = n + 1, text end
    end
  end
  return table.concat(parts, ",")
end

-- What all spans of tasks begin and end with.
local function span_frame(trace)
  local state = trace.state and ',"traceState":' .. quoted(trace.state) or ""
  return '{"traceId":"' .. trace.id .. '","parentSpanId":"' .. trace.root .. '"' .. state
    .. ',"kind":' .. INTERNAL .. ',"spanId":"'
end

-- `task` is one of a run record, with its start in seconds since 1970.
local function task_span(frame, task)
  local status = status_of(task)
  task.result = RESULT[task.status]
  return table.concat({ frame, ggen.random.hex(8), '","name":', quoted(task.id),
    ',"startTimeUnixNano":"', nanoseconds(task.start), '","endTimeUnixNano":"',
    nanoseconds(task.start + math.max(task.duration, 0)), '","status":',
    status.code and ('{"code":%d,"message":%s}'):format(status.code, quoted(status.message))
      or "{}",
    ',"attributes":[', attributes_text(task), "]}" })
end

local function run_span(trace, record, first, last)
  local totals, git = record.totals, record.git or {}
  local entry = { status = record.status, code = record.code,
    message = record.status ~= "ok" and ("%s: exit code %d"):format(record.status, record.code)
      or nil }
  return {
    traceId = trace.id, spanId = trace.root, parentSpanId = trace.parent,
    traceState = trace.state, name = record.pipeline, kind = INTERNAL,
    startTimeUnixNano = nanoseconds(first), endTimeUnixNano = nanoseconds(last),
    status = status_of(entry),
    attributes = attributes({
      ["cicd.pipeline.name"] = record.pipeline, ["cicd.pipeline.run.id"] = record.id,
      ["cicd.pipeline.result"] = RESULT[record.status], ["process.exit.code"] = record.code,
      ["vcs.ref.head.revision"] = git.commit, ["vcs.ref.head.name"] = git.branch,
      ["ggen.run.command"] = table.concat(record.command, " "),
      ["ggen.run.jobs"] = record.jobs, ["ggen.run.machine"] = record.machine,
      ["ggen.run.session"] = record.session, ["ggen.run.tasks"] = totals.tasks,
      ["ggen.run.fresh"] = totals.fresh, ["ggen.run.restored"] = totals.restored,
      ["ggen.run.misses"] = totals.misses, ["ggen.run.failed"] = totals.failed,
      ["ggen.run.critical_path.tasks"] = record.critical_path,
    }, { ["ggen.run.critical_path"] = totals.critical_path, ["ggen.run.cpu"] = totals.cpu,
      ["ggen.run.saved"] = totals.saved }),
  }
end

-- W3C Trace Context: the span of whoever started us.
---@return { id: string, parent: string?, state: string?, sampled: boolean }
local function trace_of(traceparent, tracestate)
  local version, id, parent, flags, rest =
    (traceparent or ""):match("^(%x%x)%-(%x+)%-(%x+)%-(%x%x)(.*)$")
  local good = version and version:lower() ~= "ff" and #id == 32 and #parent == 16
    and id:find("[^0]") and parent:find("[^0]")
    and (rest == "" or version ~= "00" and rest:sub(1, 1) == "-")
  if not good then return { id = ggen.random.hex(16), sampled = true } end
  return { id = id:lower(), parent = parent:lower(), sampled = tonumber(flags, 16) % 2 == 1,
    state = tracestate ~= "" and tracestate or nil }
end

-- The metrics ---------------------------------------------------------------------------------

local function metrics_of(record, first, last)
  local function point(fields, more)
    local all = { ["cicd.pipeline.name"] = record.pipeline }
    for name, value in pairs(more or {}) do all[name] = value end
    fields.attributes = attributes(all)
    fields.startTimeUnixNano, fields.timeUnixNano = nanoseconds(first), nanoseconds(last)
    return fields
  end
  local metrics = {}
  local function gauge(name, unit, value)
    if type(value) ~= "number" then return end
    metrics[#metrics + 1] = { name = name, unit = unit,
      gauge = { dataPoints = { point({ asDouble = value }) } } }
  end
  local function sum(name, unit, points)
    metrics[#metrics + 1] = { name = name, unit = unit, sum = { dataPoints = points,
      aggregationTemporality = DELTA, isMonotonic = true } }
  end
  local totals = record.totals
  gauge("ggen.run.duration", "s", totals.wall)
  gauge("ggen.run.critical_path", "s", totals.critical_path)
  gauge("ggen.cache.hit_ratio", "1", totals.hit_rate)
  sum("ggen.cache.hits", "{task}", { point({ asInt = integer(totals.fresh + totals.restored) }) })
  sum("ggen.cache.misses", "{task}", { point({ asInt = integer(totals.misses) }) })
  local tasks = {}
  for i, status in ipairs({ "ok", "failed", "optional", "skipped", "not_run" }) do
    tasks[i] = point({ asInt = integer(totals[status] or 0) }, { ["ggen.task.status"] = status })
  end
  sum("ggen.tasks", "{task}", tasks)

  local counts, total, count = {}, 0, 0
  for i = 1, #BOUNDS + 1 do counts[i] = 0 end
  for _, task in ipairs(record.tasks) do
    if task.status ~= "skipped" and task.cache ~= "restored" and task.cache ~= "fresh" then
      local seconds, at = math.max(task.ran or task.duration, 0), 1
      while BOUNDS[at] and seconds > BOUNDS[at] do at = at + 1 end
      counts[at], total, count = counts[at] + 1, total + seconds, count + 1
    end
  end
  for i, value in ipairs(counts) do counts[i] = integer(value) end
  local histogram = { explicitBounds = BOUNDS, bucketCounts = counts, sum = total,
    count = integer(count) }
  metrics[#metrics + 1] = { name = "ggen.task.duration", unit = "s", histogram = {
    dataPoints = { point(histogram) }, aggregationTemporality = DELTA } }
  return metrics
end

-- Where to ------------------------------------------------------------------------------------

local function variable(name)
  local value = ggen.environment.variable(name)
  return value ~= "" and value or nil
end

local function decode(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- "a=1,b=2%203", as OpenTelemetry writes lists of names and values into variables.
local function pairs_of(text)
  local map = {}
  for part in (text or ""):gmatch("[^,]+") do
    local name, value = part:match("^%s*([^=%s]+)%s*=%s*(.-)%s*$")
    if name then map[decode(name)] = decode(value) end
  end
  return map
end

local function url_of(params, kind)
  if not params.endpoint then
    local own = variable("OTEL_EXPORTER_OTLP_" .. kind:upper() .. "_ENDPOINT")
    if own then return own end
  end
  local base = params.endpoint or variable("OTEL_EXPORTER_OTLP_ENDPOINT")
  return base and base:gsub("/+$", "") .. "/v1/" .. kind or nil
end

local function resource_of(params)
  local map = { ["host.name"] = variable("HOSTNAME"), ["os.type"] = "linux" }
  for name, value in pairs(pairs_of(variable("OTEL_RESOURCE_ATTRIBUTES"))) do map[name] = value end
  for name, value in pairs(params.resource) do map[name] = value end
  map["service.name"] = params.service_name or variable("OTEL_SERVICE_NAME")
    or map["service.name"] or "ggen-lua"
  return { attributes = attributes(map) }
end

-- What a collector took only in part, in words.
local function partial(_, response)
  local body = ggen.json.decode(response.body)
  local part = type(body) == "table" and body.partialSuccess
  if type(part) ~= "table" then return nil end
  local count = tonumber(part.rejectedSpans or part.rejectedDataPoints) or 0
  local message = type(part.errorMessage) == "string" and part.errorMessage or ""
  if count == 0 and message == "" then return nil end
  return ("the collector refused %d of what was sent: %s"):format(count, message)
end

-- The plugin ----------------------------------------------------------------------------------

---@type ggen.Plugin
return {
  name = "otlp",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "The run as a trace and its metrics, to an OpenTelemetry collector (OTLP/HTTP, JSON)",
  permissions = { "net:$endpoint", "net:$OTEL_EXPORTER_OTLP_ENDPOINT",
    "net:$OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "net:$OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "fs:$ca_file:ro", "fs:$OTEL_EXPORTER_OTLP_CERTIFICATE:ro", "fs:.ggen/outbox", "env:OTEL_*",
    "env:HOSTNAME", "env:TRACEPARENT", "env:TRACESTATE" },
  params = {
    endpoint = { type = "string",
      desc = "URL of the collector, http://host:4318; otherwise OTEL_EXPORTER_OTLP_ENDPOINT, and"
        .. " without both nothing is sent" },
    headers = { type = "map", of = { type = "string" }, default = {},
      desc = "Headers of each request, on top of OTEL_EXPORTER_OTLP_HEADERS" },
    service_name = { type = "string",
      desc = "Otherwise OTEL_SERVICE_NAME, then service.name of the resource, then ggen-lua" },
    resource = { type = "map", of = { type = "string" }, default = {},
      desc = "Attributes of the resource, on top of OTEL_RESOURCE_ATTRIBUTES" },
    ca_file = { type = "string", desc = "Certificates to trust instead of the system's; otherwise"
      .. " OTEL_EXPORTER_OTLP_CERTIFICATE" },
    timeout = { type = "duration",
      desc = "For each request; otherwise OTEL_EXPORTER_OTLP_TIMEOUT, then 10 s" },
    flush = { type = "duration", default = "100ms",
      desc = "The most that the end of a run waits until all is sent" },
    batch = { type = "integer", min = 1, default = 256, desc = "Spans in one request" },
    metrics = { type = "boolean", default = true, desc = "Send metrics, too" },
  },
  setup = function(params, host)
    if host.options.dry_run or variable("OTEL_SDK_DISABLED") == "true" then return {} end
    local urls = { traces = url_of(params, "traces"),
      metrics = params.metrics and url_of(params, "metrics") or nil }
    if not urls.traces then return {} end
    local headers = pairs_of(variable("OTEL_EXPORTER_OTLP_HEADERS"))
    for name, value in pairs(params.headers) do headers[name] = value end
    headers["Content-Type"] = "application/json"
    local milliseconds = tonumber(variable("OTEL_EXPORTER_OTLP_TIMEOUT"))
    local timeout = params.timeout or (milliseconds and milliseconds / 1000) or 10
    local ca_file = params.ca_file or variable("OTEL_EXPORTER_OTLP_CERTIFICATE")
    local delivery = ggen.delivery.new({
      name = "otlp", dir = host.project_dir .. "/.ggen/outbox", answered = partial,
      request = function(kind)
        return { url = urls[kind] or url_of(params, kind), headers = headers, timeout = timeout,
          ca_file = ca_file }
      end,
    })
    local resource = resource_of(params)
    local scope = { name = "ggen-lua", version = ggen.VERSION }
    local trace = trace_of(variable("TRACEPARENT"), variable("TRACESTATE"))
    trace.root = ggen.random.hex(8)
    -- One clock for all: a clock that is set meanwhile must not turn spans around.
    local began, began_unix = host.now(), host.unix()
    local function unix() return began_unix + (host.now() - began) end
    local spans, posted = {}, host.now()
    local frame = span_frame(trace)

    local function json(value)
      return assert(ggen.json.encode(value, { invalid_utf8 = "replace" }))
    end
    -- All requests with spans are the same but for these.
    local before = ('{"resourceSpans":[{"resource":%s,"scopeSpans":[{"scope":%s,"spans":['):format(
      json(resource), json(scope))

    local function post_spans()
      if #spans == 0 then return end
      delivery:post("traces", before .. table.concat(spans, ",") .. "]}]}]}")
      spans, posted = {}, host.now()
    end

    local function add(span)
      if not trace.sampled then return end
      spans[#spans + 1] = span
      if #spans >= params.batch or host.now() - posted > OFTEN then post_spans() end
    end

    local function post_metrics(record, first, last)
      delivery:post("metrics", json({ resourceMetrics = { { resource = resource,
        scopeMetrics = { { scope = scope, metrics = metrics_of(record, first, last) } } } } }))
    end

    local function tell(run, report)
      local texts = {}
      if report.problem then
        texts[1] = report.problem
        if report.kept > 0 then
          texts[#texts + 1] = ("%d to be sent by the next run"):format(report.kept)
        end
        if report.lost > 0 then texts[#texts + 1] = ("%d lost"):format(report.lost) end
      end
      if report.note then texts[#texts + 1] = report.note end
      if #texts > 0 then run.events:note("warning", "otlp: " .. table.concat(texts, "; ")) end
    end

    return {
      on_run_start = function() delivery:resume() end,
      on_task_end = function(_, task, result)
        local usage, cache = result.usage or {}, result.cache
        add(task_span(frame, {
          id = task.id, workspace = task.workspace, start = unix() - result.duration,
          status = result.optional and "optional" or result.status, duration = result.duration,
          cache = (cache == "bypass" or not cache) and "off" or cache, reason = result.reason,
          message = ggen.report.reason(result), code = result.code, signal = result.signal,
          attempts = result.attempts, user = usage.user, sys = usage.sys,
          peak_memory = usage.peak_memory, saved = result.saved,
        }))
      end,
      on_task_skip = function(_, task, reason)
        add(task_span(frame, { id = task.id, workspace = task.workspace, start = unix(),
          duration = 0, status = "skipped", reason = reason }))
      end,
      on_run_end = function(_, run)
        local record, last = run:record(), unix()
        if not record then return end
        -- The run began before the plugins were there.
        local first = math.min(last - record.totals.wall, began_unix)
        add(json(run_span(trace, record, first, last)))
        post_spans()
        if urls.metrics then post_metrics(record, first, last) end
        tell(run, delivery:finish(params.flush))
      end,
      close = function() delivery:close() end,
    }
  end,
}
