-- `ggen-lua perf bench TASK -n N`: one task run again and again, first to warm up and then to be
-- measured. What it needs runs once before; nothing of it is served from the cache, kept in it, or
-- remembered.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local columns = require("ggen.columns")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local judge = require("ggen.perf.judge")
local plan = require("ggen.plan")
local robust = require("ggen.perf.robust")
local select = require("ggen.select")
local session = require("ggen.session")
local signal = require("ggen.core.signal")
local source = require("ggen.perf.source")
local units = require("ggen.units")

local M = {}

local DEFAULT, WARM_UP, TAIL = 10, 1, 20
local MOST = 10000 -- times
local INTERRUPTED = 130 -- exit code
local PATIENCE = 0.5 -- seconds between words of how far it is

-- The one task that a name means.
local function task_of(project, name)
  local found = select.tasks(project, { name })
  if #found > 1 then
    local names = {}
    for i = 1, math.min(#found, 4) do names[i] = project:id(found[i]) end
    fault.raise(("perf bench: %s means %d tasks (%s%s): name one"):format(name, #found,
      table.concat(names, ", "), #found > 4 and ", ..." or ""))
  end
  local task = project:task(found[1])
  if task.phase then fault.raise(("perf bench: %s is a phase: name a task"):format(name)) end
  if task.spec.service then
    fault.raise(("perf bench: %s is a service, which does not end"):format(task.id))
  end
  return task
end

-- What comes before the task. A service would have to run beside it.
local function needs_of(project, task)
  local graph = plan.freeze(project)
  local wanted = {}
  for _, index in ipairs(graph:plan({ task.index }):wanted()) do
    if index ~= task.index then
      local other = project:task(index)
      if other.spec.service then
        fault.raise(("perf bench: %s needs the service %s: start it yourself, and bench a task"
          .. " without it"):format(task.id, other.id))
      end
      wanted[#wanted + 1] = index
    end
  end
  return wanted
end

-- Exit code 1: a task failed.
local function give_up(message) error(fault.new({ message = message, exit = 1 }), 0) end

-- Runs a selection without anybody being told; what `listener` hears is all.
local function run(project, args, selection, options, listener)
  options.output, options.aside = "none", true
  options.jobs = options.jobs or 1
  local host = session.host(project, args, options)
  local plugins = session.plugins(project, host, { observer = true })
  plugins:use("observer.history", { record = false })
  require("ggen.defaults").add(plugins, options, project)
  local one = require("ggen.run").new(project, selection, options, plugins)
  one.events:listen("perf bench", listener)
  local code = one:execute()
  plugins:close()
  return code
end

local function reason_of(task, result)
  local text = require("ggen.report").reason(result) or "it failed"
  local tail = result.log and result.log:tail(TAIL):gsub("\n$", "") or ""
  return ("perf bench: %s failed: %s%s"):format(task.id, text, tail ~= "" and "\n" .. tail or "")
end

local function prepare(project, args, task)
  local needs = needs_of(project, task)
  if #needs == 0 then return 0 end
  local failed
  local code = run(project, args, needs, { jobs = require("ggen.workers").of(args, project).jobs,
    cache = project:survey().cached and { read = true, write = true } or nil },
    { on_note = function() end, on_task_end = function(_, other, result)
      if result.status == "failed" then failed = failed or reason_of(other, result) end
    end })
  if code ~= 0 and code ~= INTERRUPTED and failed then give_up(failed) end
  return code
end

local function once(project, args, task)
  local choice = require("ggen.choice").of(project, { tasks = {}, tag = {}, exclude = {},
    only = { task.id } })
  local sample, failed
  local code = run(project, args, choice.selection, { choice = choice }, {
    on_note = function() end,
    on_task_end = function(_, other, result)
      if other ~= task then return end
      if result.status == "failed" then
        failed = reason_of(other, result)
        return
      end
      local usage = result.usage or {}
      sample = { duration = result.ran or result.duration,
        cpu = usage.user and usage.user + (usage.sys or 0), peak_memory = usage.peak_memory }
    end,
  })
  return sample, code, failed
end

local function field(samples, name)
  local values = {}
  for _, sample in ipairs(samples) do values[#values + 1] = sample[name] end
  return values
end

-- To the microsecond.
local function rounded(value) return value and math.floor(value * 1e6 + 0.5) / 1e6 end

local function document_of(task, samples, warm_up)
  local durations = field(samples, "duration")
  local noise, median = robust.noise(durations)
  local sorted, outliers = robust.sorted(durations), {}
  for i, at in ipairs(robust.outliers(durations)) do
    outliers[i] = { run = at, duration = rounded(durations[at]) }
  end
  local values = {}
  for i, value in ipairs(durations) do values[i] = rounded(value) end
  local cpu, memory = robust.median(field(samples, "cpu")),
    robust.sorted(field(samples, "peak_memory"))
  return { task = task.id, runs = #samples, warm_up = warm_up, median = rounded(median),
    noise = rounded(noise), least = rounded(sorted[1]), most = rounded(sorted[#sorted]),
    cpu = rounded(cpu), peak_memory = memory[#memory],
    values = json.array(values), outliers = json.array(outliers) }
end

local short = units.format_short

---@param document table
---@return string
function M.text(document)
  local rows = { { "", "runs", "median", "least", "most", "noise", "cpu", "memory" },
    { document.task, tostring(document.runs), short(document.median), short(document.least),
      short(document.most), document.noise and judge.percent(document.noise) or "-",
      document.cpu and short(document.cpu) or "-",
      document.peak_memory and units.format_size(document.peak_memory) or "-" } }
  local out = { columns.render(rows, "") }
  for _, outlier in ipairs(document.outliers) do
    out[#out + 1] = ("run %d took %s, which does not belong to the others\n"):format(outlier.run,
      short(outlier.duration))
  end
  return table.concat(out)
end

-- Calls fn(interrupted) while signals are only noted: interrupted() tells of them.
local function noting_signals(fn)
  local name
  local handles = {}
  for i, one in ipairs({ "INT", "TERM", "HUP" }) do
    handles[i] = signal.start(one, function() name = one end)
  end
  local ok, result = pcall(fn, function() return name ~= nil end)
  for _, handle in ipairs(handles) do handle:close() end
  if not ok then error(result, 0) end
  return result
end

-- Where somebody is watching, how far it is: a word now and then, gone at the end.
local function progress(total)
  local shown, last = fs.is_tty(2), clock.monotonic()
  local wiped = shown and "\r\27[K" or ""
  return function(i)
    if not shown then return end
    local now = clock.monotonic()
    if not i then
      io.stderr:write(wiped)
    elseif now - last >= PATIENCE then
      last = now
      io.stderr:write(("%srun %d of %d"):format(wiped, i, total))
    end
  end
end

-- Runs a task again and again: samples, and the number of the run that was interrupted.
local function measure(project, args, task, warm_up, count)
  local total = warm_up + count
  local samples, tell = {}, progress(total)
  local interrupted_in = noting_signals(function(interrupted)
    for i = 1, total do
      tell(i)
      local sample, ended, failed = once(project, args, task)
      async.sleep(0) -- a task that never waits leaves no turn to signals
      if ended == INTERRUPTED or interrupted() then return i end
      if failed then
        tell()
        give_up(("%s\n(run %d of %d)"):format(failed, i, total))
      end
      if ended ~= 0 then
        give_up(("perf bench: %s ended with exit code %d"):format(task.id, ended))
      end
      if not sample then
        fault.raise(("perf bench: %s did not run: its condition does not hold"):format(task.id))
      end
      if i > warm_up then samples[#samples + 1] = sample end
    end
  end)
  tell()
  return samples, interrupted_in
end

---@async
---@param from ggen.perf.Source
---@param args table
---@return integer code
function M.run(from, args)
  if #args.words ~= 1 then fault.raise("perf bench: name one task: ggen-lua perf bench TASK") end
  local count, warm_up = args.count or DEFAULT, args.warm_up or WARM_UP
  for option, value in pairs({ ["-n"] = count, ["--warm-up"] = warm_up }) do
    if value > MOST then
      fault.raise(("perf bench: %s: %d times at most, got %.0f"):format(option, MOST, value))
    end
  end
  local project = session.open(args)
  local task = task_of(project, args.words[1])
  local code = prepare(project, args, task)
  if code == INTERRUPTED then
    from:warn("perf bench: interrupted before the first run: nothing was measured")
  end
  if code ~= 0 then return code end
  local samples, interrupted_in = measure(project, args, task, warm_up, count)
  if interrupted_in then
    from:warn(("perf bench: interrupted in run %d of %d: %s"):format(interrupted_in,
      warm_up + count, #samples == 0 and "nothing was measured"
      or ("the figures are of the %d that were measured until then"):format(#samples)))
  end
  if #samples > 0 then
    local document = document_of(task, samples, warm_up)
    if args.json then
      source.print_json("bench", document)
    else
      io.write(M.text(document))
    end
  end
  return interrupted_in and INTERRUPTED or 0
end

return M
