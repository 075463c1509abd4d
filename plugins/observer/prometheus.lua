-- Metrics of the runs for Prometheus: a file for node_exporter's textfile collector, and a push to
-- a Pushgateway. Counters and histograms go on from run to run; their totals are kept beside the
-- project's other state.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local std = require("ggen.std")

local SCHEMA = "ggen-prometheus"
local OTHER = "other" -- the value of the label `task` for all that are not named

-- Text format: a label's value ---------------------------------------------------------------

local function escape(value)
  return (tostring(value):gsub("\\", "\\\\"):gsub("\n", "\\n"):gsub('"', '\\"'))
end

local function number(value) return ("%.15g"):format(value) end

-- A page of metrics, in the order in which they are added.
local function new_page(labels)
  local lines, common = {}, {}
  for i, name in ipairs(std.list.keys(labels)) do
    common[i] = ('%s="%s"'):format(name, escape(labels[name]))
  end

  local function series(name, more)
    local parts = { unpack(common) }
    for i = 1, #(more or {}), 2 do
      parts[#parts + 1] = ('%s="%s"'):format(more[i], escape(more[i + 1]))
    end
    return #parts > 0 and ("%s{%s}"):format(name, table.concat(parts, ",")) or name
  end

  local page = {}
  function page.family(name, kind, help)
    lines[#lines + 1] = ("# HELP %s %s\n# TYPE %s %s"):format(name, help, name, kind)
  end
  function page.sample(name, value, more)
    lines[#lines + 1] = series(name, more) .. " " .. number(value)
  end
  function page.metric(name, kind, help, value)
    if type(value) ~= "number" then return end -- not known in this run
    page.family(name, kind, help)
    page.sample(name, value)
  end
  function page.text() return table.concat(lines, "\n") .. "\n" end
  return page
end

-- Totals -------------------------------------------------------------------------------------

local function above_zero(value) return type(value) == "number" and math.max(value, 0) or 0 end

local function add(counts, name, value)
  counts[name] = above_zero(counts[name]) + above_zero(value)
end

local function same(a, b)
  if type(a) ~= "table" or #a ~= #b then return false end
  for i = 1, #b do if a[i] ~= b[i] then return false end end
  return true
end

local function numbers(map)
  local sound = {}
  for name, value in pairs(type(map) == "table" and map or {}) do
    if type(value) == "number" and value >= 0 then sound[name] = value end
  end
  return sound
end

local function histograms(map, bounds)
  local sound = {}
  for name, each in pairs(type(map) == "table" and map or {}) do
    local counts = numbers(type(each) == "table" and each.counts)
    if #counts == #bounds and type(each.sum) == "number" and type(each.count) == "number" then
      sound[name] = { counts = counts, sum = each.sum, count = each.count }
    end
  end
  return sound
end

-- What the state has about a pipeline, without what makes no sense.
local function totals_of(state, pipeline, bounds)
  local kept = type(state.pipelines[pipeline]) == "table" and state.pipelines[pipeline] or {}
  local totals = {}
  for _, name in ipairs({ "runs", "tasks", "cache", "seconds" }) do
    totals[name] = numbers(kept[name])
  end
  -- Counts by other bounds say nothing about these.
  totals.durations = same(kept.bounds, bounds) and histograms(kept.durations, bounds) or {}
  totals.bounds = bounds
  totals.last_end = above_zero(kept.last_end)
  totals.last = numbers(kept.last)
  totals.last.tasks = numbers(type(kept.last) == "table" and kept.last.tasks)
  state.pipelines[pipeline] = totals
  return totals
end

local function observe(durations, name, bounds, seconds)
  local histogram = durations[name]
  if not histogram then
    histogram = { counts = {}, sum = 0, count = 0 }
    for i = 1, #bounds do histogram.counts[i] = 0 end
    durations[name] = histogram
  end
  for i, bound in ipairs(bounds) do
    if seconds <= bound then
      histogram.counts[i] = histogram.counts[i] + 1
      break
    end
  end
  histogram.sum, histogram.count = histogram.sum + seconds, histogram.count + 1
end

-- What the gauges say of a run. It is kept, too: another run may have to push it.
local function last_of(record)
  local sums = record.totals
  local last = { code = record.code, wall = sums.wall, critical_path = sums.critical_path,
    hit_rate = sums.hit_rate or nil, peak_memory = sums.peak_memory, tasks = {} }
  for _, name in ipairs({ "failed", "fresh", "not_run", "optional", "restored", "ran",
    "skipped" }) do
    last.tasks[name] = above_zero(sums[name])
  end
  return last
end

-- Which tasks have a label of their own: the ids that fit, as long as there are not too many.
local function labeller(durations, params)
  local known = 0
  for name in pairs(durations) do if name ~= OTHER then known = known + 1 end end
  return function(id)
    if durations[id] then return id end
    for _, pattern in ipairs(params.tasks) do
      if std.glob.match(pattern, id) then
        if known >= params.most_tasks then return OTHER, true end
        known = known + 1
        return id
      end
    end
    return OTHER
  end
end

---@return boolean? too_many tasks wanted a label of their own
local function add_run(totals, record, params)
  local sums = record.totals
  add(totals.runs, record.status, 1)
  for _, name in ipairs({ "ok", "failed", "optional", "skipped", "not_run" }) do
    add(totals.tasks, name, sums[name])
  end
  add(totals.cache, "hits", above_zero(sums.fresh) + above_zero(sums.restored))
  add(totals.cache, "misses", sums.misses)
  add(totals.seconds, "cpu", sums.cpu)
  add(totals.seconds, "saved", sums.saved)
  local label, too_many = labeller(totals.durations, params), nil
  for _, task in ipairs(record.tasks) do
    if task.status ~= "skipped" and task.cache ~= "restored" and task.cache ~= "fresh" then
      local name, full = label(task.id)
      too_many = too_many or full
      observe(totals.durations, name, params.buckets, above_zero(task.ran or task.duration))
    end
  end
  return too_many
end

-- The page -----------------------------------------------------------------------------------

local function counters(page, name, help, label, values)
  page.family(name, "counter", help)
  for _, value in ipairs(std.list.keys(values)) do
    page.sample(name, values[value], { label, value })
  end
end

local function histogram(page, totals)
  local name = "ggen_task_duration_seconds"
  page.family(name, "histogram", "What the tasks took that ran, restored ones left out.")
  for _, task in ipairs(std.list.keys(totals.durations)) do
    local each, below = totals.durations[task], 0
    for i, bound in ipairs(totals.bounds) do
      below = below + each.counts[i]
      page.sample(name .. "_bucket", below, { "task", task, "le", number(bound) })
    end
    page.sample(name .. "_bucket", each.count, { "task", task, "le", "+Inf" })
    page.sample(name .. "_sum", each.sum, { "task", task })
    page.sample(name .. "_count", each.count, { "task", task })
  end
end

local function exposition(totals, labels)
  local page, last = new_page(labels), totals.last
  counters(page, "ggen_runs_total", "Runs, by how they ended.", "status", totals.runs)
  counters(page, "ggen_tasks_total", "Tasks of the runs, by how they ended.", "status",
    totals.tasks)
  page.metric("ggen_cache_hits_total", "counter", "Tasks that were up to date or restored.",
    totals.cache.hits)
  page.metric("ggen_cache_misses_total", "counter", "Cached tasks that had to run.",
    totals.cache.misses)
  page.metric("ggen_cpu_seconds_total", "counter", "Processor time of the tasks that ran.",
    totals.seconds.cpu)
  page.metric("ggen_saved_seconds_total", "counter",
    "What the tasks took, when they ran, that did not have to run.", totals.seconds.saved)
  histogram(page, totals)
  page.metric("ggen_last_run_timestamp_seconds", "gauge", "When the last run ended.",
    totals.last_end)
  page.metric("ggen_last_run_duration_seconds", "gauge", "Wall time of the last run.", last.wall)
  page.metric("ggen_last_run_critical_path_seconds", "gauge",
    "The longest chain of tasks of the last run.", last.critical_path)
  page.metric("ggen_last_run_cache_hit_ratio", "gauge",
    "Hits of all that could have been hits in the last run.", last.hit_rate)
  page.metric("ggen_last_run_exit_code", "gauge", "Exit code of the last run.", last.code)
  page.metric("ggen_last_run_peak_memory_bytes", "gauge",
    "The most memory that one task of the last run took.", last.peak_memory)
  page.family("ggen_last_run_tasks", "gauge", "Tasks of the last run, by how they ended.")
  for _, name in ipairs(std.list.keys(last.tasks)) do
    page.sample("ggen_last_run_tasks", last.tasks[name], { "status", name })
  end
  return page.text()
end

-- The Pushgateway ----------------------------------------------------------------------------

local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

local function base64url(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 0, c and 3 or b and 2 or 1 do
      local at = math.floor(bits / 64 ^ (3 - k)) % 64
      out[#out + 1] = BASE64:sub(at + 1, at + 1)
    end
  end
  return table.concat(out)
end

-- Slashes and empty values can only be said in base64; "=" stands for nothing.
local function segment(name, value)
  if value == "" then return ("/%s@base64/="):format(name) end
  if value:find("/", 1, true) then return ("/%s@base64/%s"):format(name, base64url(value)) end
  return ("/%s/%s"):format(name, (value:gsub("[^%w%-._~]", function(c)
    return ("%%%02X"):format(c:byte())
  end)))
end

local function push_url(params, pipeline)
  local grouping = { pipeline = pipeline }
  for name, value in pairs(params.grouping) do grouping[name] = tostring(value) end
  if not grouping.instance then
    local name = ggen.files.read("/proc/sys/kernel/hostname")
    grouping.instance = name and name:match("^[^\n]*") or "unknown"
  end
  local url = params.push:gsub("/+$", "") .. "/metrics" .. segment("job", params.job)
  for _, name in ipairs(std.list.keys(grouping)) do url = url .. segment(name, grouping[name]) end
  return url
end

local MOST_SAID = 200 -- bytes of what a gateway says that are shown

local function push(params, pipeline, text, timeout)
  local response, message = ggen.http.request({
    url = push_url(params, pipeline), method = "PUT", body = text, timeout = timeout,
    headers = { ["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8" },
  })
  if not response then return message end
  if response.status >= 200 and response.status < 300 then return nil end
  local said = ggen.delivery.said(response.body, MOST_SAID)
  return ("the Pushgateway answered %d%s"):format(response.status,
    said ~= "" and ": " .. said or "")
end

local function label_names(map)
  for name in pairs(map) do
    if not name:find("^[%a_][%w_]*$") or name:find("^__") then
      return ("%q cannot be the name of a label (letters, digits and _)"):format(name)
    end
    for _, ours in ipairs({ "le", "task", "status", "job", "pipeline" }) do
      if name == ours then return ("the label %q is set by the plugin itself"):format(name) end
    end
  end
end

local function glob(pattern)
  local _, message = std.glob.match(pattern, "")
  return message
end

local function rising(buckets)
  for i, bound in ipairs(buckets) do
    if i > 1 and bound <= buckets[i - 1] then return "the buckets must rise" end
  end
end

---@type ggen.Plugin
return {
  name = "prometheus",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Metrics for Prometheus, in a file for the textfile collector or to a Pushgateway",
  permissions = { "net:$push", "fs:$file", "fs:$state", "fs:/proc/sys/kernel/hostname:ro" },
  params = {
    file = { type = "string",
      desc = "A file in the directory of node_exporter's textfile collector; it ends in .prom" },
    push = { type = "string", desc = "URL of a Pushgateway: http://host:9091" },
    job = { type = "string", default = "ggen", desc = "The job of the group that is pushed" },
    grouping = { type = "map", of = { type = "string" }, default = {}, check = label_names,
      desc = "More labels of the group; `instance` is the host's name unless it stands here" },
    labels = { type = "map", of = { type = "string" }, default = {}, check = label_names,
      desc = "Labels of all metrics, beside `pipeline`" },
    tasks = { type = "list", of = { type = "string", check = glob }, single = true, default = {},
      desc = "Globs of the tasks that have a histogram of their own; the rest share one" },
    most_tasks = { type = "integer", min = 0, default = 100,
      desc = "How many tasks may have one, by all runs" },
    buckets = { type = "list", of = { type = "number" }, check = rising,
      default = { 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800 },
      desc = "Upper bounds of the histograms, in seconds" },
    state = { type = "string", default = ".ggen/prometheus.json",
      desc = "The file that keeps the totals from run to run" },
    timeout = { type = "duration", default = "2s", desc = "The most that a run waits for a push" },
  },
  setup = function(params, host)
    local function in_project(path)
      return path:sub(1, 1) == "/" and path or host.project_dir .. "/" .. path
    end
    local function warn(run, text) run.events:note("warning", "prometheus: " .. text) end

    local function page_of(totals, pipeline)
      local labels = { pipeline = pipeline }
      for name, value in pairs(params.labels) do labels[name] = value end
      return exposition(totals, labels)
    end

    local function is_ours(state)
      return type(state) == "table" and state.schema == SCHEMA and state.version == 1
        and type(state.pipelines) == "table"
    end

    local function count(run, record)
      local page
      local done, message = ggen.files.update(in_project(params.state), function(state, problem)
        if problem then
          warn(run, ("%s is damaged, the counters begin anew: %s"):format(params.state, problem))
        end
        if not is_ours(state) then
          if state ~= nil then
            warn(run, params.state .. " is of another kind or version: the counters begin anew")
          end
          state = { schema = SCHEMA, version = 1, pipelines = {} }
        end
        local totals = totals_of(state, record.pipeline, params.buckets)
        if add_run(totals, record, params) then
          warn(run, ("more than %d tasks fit `tasks`: the others are counted as %q"):format(
            params.most_tasks, OTHER))
        end
        totals.last_end, totals.last = host.unix(), last_of(record)
        page = page_of(totals, record.pipeline)
        -- While the totals are locked: of two runs the later one's page is the one that stays.
        if params.file then
          local written, why = ggen.files.write(in_project(params.file), page)
          if not written then warn(run, why) end
        end
        return state
      end)
      if not done then warn(run, ("the totals are not kept: %s"):format(message)) end
      return page, done
    end

    -- The page of whatever was counted by now, by whichever run.
    local function newest(pipeline)
      local page
      ggen.files.update(in_project(params.state), function(state)
        if is_ours(state) then
          page = page_of(totals_of(state, pipeline, params.buckets), pipeline)
        end
      end)
      return page
    end

    -- Of several runs that end at once one pushes, also what the others counted meanwhile; nobody
    -- waits for it. Whoever finds the lock taken has counted before: the one that has it looks
    -- again after it let go.
    local function push_all(run, pipeline, page, kept)
      local deadline, left = host.now() + params.timeout, params.timeout
      local pushed, problem
      repeat
        local called = ggen.files.try(in_project(params.state), function()
          page = kept and newest(pipeline) or page
          problem = push(params, pipeline, page, left)
          pushed = page
        end, "push " .. pipeline)
        left = deadline - host.now()
      until not called or problem or not kept or left <= 0
        or (newest(pipeline) or pushed) == pushed
      if problem then warn(run, "not pushed: " .. problem) end
    end

    return {
      writes = { params.file },
      on_run_end = function(_, run)
        local record = run:record()
        if not record then return end -- a dry run
        if not params.push then return count(run, record) end
        local page, kept = count(run, record)
        if page then push_all(run, record.pipeline, page, kept) end
      end,
    }
  end,
}
