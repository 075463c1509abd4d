-- `ggen-lua perf report`: where the time of one run went, and what would make it shorter.
-- document() gathers it, text() words it; reads no file.
-- SPDX-License-Identifier: MIT
local columns = require("ggen.columns")
local json = require("ggen.core.json")
local recommend = require("ggen.perf.recommend")
local robust = require("ggen.perf.robust")
local series = require("ggen.perf.series")
local source = require("ggen.perf.source")
local units = require("ggen.units")

local M = {}

M.LINES = 60 -- of the history, that a run is compared with

local MOST_TASKS, MOST_NAMED = 10, 8
local LEAST_SHOWN = 0.0005 -- seconds
local ENOUGH = 3 -- earlier runs of the same work, to say what is usual
-- Longer than usual by this share, or by so many times the noise, is still good, or acceptable.
local GOOD, GOOD_NOISE, ACCEPTABLE, ACCEPTABLE_NOISE = 0.10, 2, 0.25, 4

local number, milliseconds = source.number, units.milliseconds

-- How a duration is beside those of the same name in the history.
local function against_usual(value, values)
  if not values or #values < ENOUGH or not value then return nil end
  local noise, usual = robust.noise(values)
  noise = noise or 0
  if usual <= 0 then return nil end
  local change = value / usual - 1
  local status = change <= math.max(GOOD, GOOD_NOISE * noise) and "good"
    or change <= math.max(ACCEPTABLE, ACCEPTABLE_NOISE * noise) and "acceptable" or "slow"
  return { status = status, usual = usual, change = change, noise = noise, runs = #values }
end

local function tenth(value) return value and math.floor(value * 10 + 0.5) / 10 end

-- The targets' rows, without digits that nobody measured.
local function stage_rows(stages)
  local rows = {}
  for i, stage in ipairs(stages or {}) do
    rows[i] = { name = stage.name, duration = milliseconds(stage.duration),
      required = stage.required, stretch = stage.stretch, status = stage.status,
      percent = tenth(stage.percent) }
  end
  return json.array(rows)
end

-- The status of the whole: against its targets, else against its own history.
local function verdict_of(wall, judged, values)
  if judged and judged.total and (judged.total.required or judged.total.stretch) then
    local total = judged.total
    return { status = total.status, against = "targets", percent = tenth(total.percent),
      limit = total.required or total.stretch }
  end
  local found = against_usual(wall, values)
  if not found then return { status = "unknown", against = "nothing" } end
  return { status = found.status, against = "history", usual = milliseconds(found.usual),
    percent = tenth(found.change * 100),
    noise = math.floor(found.noise * 1000 + 0.5) / 1000, runs = found.runs }
end

local function task_rows(record, wall, set)
  local rows = {}
  for _, task in ipairs(type(record.tasks) == "table" and record.tasks or {}) do
    local took = type(task) == "table" and series.plausible("duration", task.duration)
      and task.duration
    if took then
      local own = set.by_key[series.key("task", tostring(task.id), "duration")]
      -- What was restored took another time for that reason.
      local ran = task.cache == "miss" or task.cache == "off"
      local usual = ran and task.status == "ok"
        and against_usual(number(task.ran) or took, own and own.values)
      rows[#rows + 1] = {
        id = tostring(task.id), duration = milliseconds(took), status = tostring(task.status),
        share = wall > 0 and math.floor(took / wall * 1000 + 0.5) / 1000 or 0,
        cpu = milliseconds(number(task.user) and number(task.user) + (number(task.sys) or 0)),
        peak_memory = number(task.peak_memory), cache = tostring(task.cache),
        reason = type(task.reason) == "string" and task.reason or nil,
        usual = usual and milliseconds(usual.usual) or nil,
        judged = usual and usual.status or nil,
      }
    end
  end
  table.sort(rows, function(a, b)
    if a.duration ~= b.duration then return a.duration > b.duration end
    return a.id < b.id
  end)
  return rows
end

local function path_of(record, rows)
  local tasks, took, sum = {}, {}, 0
  for _, row in ipairs(rows) do took[row.id] = row.duration end
  for _, id in ipairs(type(record.critical_path) == "table" and record.critical_path or {}) do
    tasks[#tasks + 1] = { id = tostring(id), duration = took[id] or 0 }
    sum = sum + (took[id] or 0)
  end
  return { tasks = json.array(tasks),
    duration = milliseconds(number(record.totals.critical_path) or sum) }
end

local function cache_of(totals)
  local cache = {}
  for _, name in ipairs({ "fresh", "restored", "ran", "misses", "hit_rate", "saved",
    "restored_bytes" }) do
    cache[name] = number(totals[name])
  end
  return cache
end

local function command_of(record)
  local words = {}
  for i, word in ipairs(type(record.command) == "table" and record.command or {}) do
    words[i] = tostring(word)
  end
  return table.concat(words, " ")
end

---@param record table of a run
---@param lines table[] of the history, those before it
---@param targets table? of ggen.targets
---@return table document as `--json` prints it
function M.document(record, lines, targets)
  local totals = type(record.totals) == "table" and record.totals or {}
  local whole = setmetatable({ totals = totals }, { __index = record })
  local wall = number(totals.wall) or 0
  local set = series.of(lines, record)
  local judged = targets and targets:judge(record) or nil
  local own = set.by_key[series.key("run", "run", "duration")]
  local rows = task_rows(whole, wall, set)
  local path = path_of(whole, rows)
  path.share = wall > 0 and math.floor(path.duration / wall * 1000 + 0.5) / 1000 or 0
  return {
    run = record.id, pipeline = record.pipeline, time = record.time,
    command = command_of(record), status = record.status, code = record.code,
    commit = type(record.git) == "table" and record.git.commit or nil,
    machine = record.machine, jobs = record.jobs,
    wall = milliseconds(wall), cpu = milliseconds(number(totals.cpu)),
    peak_memory = number(totals.peak_memory),
    judged = verdict_of(wall, judged, own and own.values),
    stages = judged and stage_rows(judged.stages) or nil,
    critical_path = path, cache = cache_of(totals), tasks = json.array(rows),
    recommendations = json.array(recommend.of(record, lines, targets)),
    remarks = json.array(series.remarks(set)),
  }
end

local COLOR = { good = "green", acceptable = "yellow", slow = "red" }

local function colored(style, status) return COLOR[status] and style[COLOR[status]](style, status)
  or status end

-- One line: how long it took, and what that is worth.
local function verdict_line(document, style)
  local judged = document.judged
  local wall = units.format_duration(document.wall)
  local why
  if judged.against == "targets" then
    local cells = require("ggen.targets").cells({ name = "total", duration = document.wall,
      percent = judged.percent or 0 })
    why = ("%s the target of %s"):format(cells.percent, units.format_short(judged.limit))
  elseif judged.against == "history" then
    why = ("usually %s, %+.1f %%, noise %.0f %%, %d runs"):format(
      units.format_duration(judged.usual), judged.percent, judged.noise * 100, judged.runs)
  else
    return ("%s: fewer than %d earlier runs did the same work, so nothing says whether that is"
      .. " much"):format(wall, ENOUGH)
  end
  return ("%s: %s (%s)"):format(wall, colored(style, judged.status), why)
end

local function percent(share) return ("%.0f %%"):format(share * 100) end

local function task_table(document, out)
  local rows = { { "task", "took", "of the run", "usually", "cpu", "memory", "" } }
  -- What was up to date took no time.
  local tasks = {}
  for _, task in ipairs(document.tasks) do
    if task.cache ~= "fresh" then tasks[#tasks + 1] = task end
  end
  for i = 1, math.min(#tasks, MOST_TASKS) do
    local task = tasks[i]
    local mark = task.status ~= "ok" and task.status or task.cache == "restored" and "restored"
      or task.judged == "slow" and "slower" or ""
    rows[#rows + 1] = { task.id, units.format_duration(task.duration), percent(task.share),
      task.usual and units.format_duration(task.usual) or "-",
      task.cpu and units.format_duration(task.cpu) or "-",
      (task.peak_memory or 0) > 0 and units.format_size(task.peak_memory) or "-", mark or "" }
  end
  if #tasks == 0 then
    out[#out + 1] = "nothing ran"
    return
  end
  out[#out + 1] = "where the time went"
  out[#out + 1] = columns.render(rows, "  "):gsub("\n$", "")
  if #tasks > MOST_TASKS then
    local rest = 0
    for i = MOST_TASKS + 1, #tasks do rest = rest + tasks[i].duration end
    out[#out + 1] = ("  and %d more: %s"):format(#tasks - MOST_TASKS, units.format_duration(rest))
  end
end

-- Tasks that took no time are not what a run waited for.
local function long_enough(tasks)
  local list = {}
  for _, task in ipairs(tasks) do
    if task.duration >= LEAST_SHOWN then list[#list + 1] = task end
  end
  return list
end

local function path_line(document)
  local path = document.critical_path
  local tasks = long_enough(path.tasks)
  if #tasks == 0 then return nil end
  return ("critical path: %s, %s of the run: %s"):format(units.format_duration(path.duration),
    percent(path.share), require("ggen.report").chain(tasks, MOST_NAMED))
end

local function cache_line(cache)
  local rate = cache.hit_rate and (", %.1f %% hits"):format(cache.hit_rate * 100) or ""
  local saved = cache.saved and cache.saved > 0 and ", saved " .. units.format_duration(cache.saved)
    or ""
  return ("cache: %d up to date, %d restored, %d ran%s%s"):format(cache.fresh or 0,
    cache.restored or 0, cache.ran or 0, rate, saved)
end

local function stage_table(document, out)
  if not document.stages or #document.stages == 0 then return end
  local rows = { { "stage", "took", "required", "stretch", "" } }
  for _, row in ipairs(document.stages) do
    rows[#rows + 1] = { row.name, units.format_duration(row.duration),
      row.required and units.format_duration(row.required) or "-",
      row.stretch and units.format_duration(row.stretch) or "-", row.status or "" }
  end
  out[#out + 1] = ""
  out[#out + 1] = "targets"
  out[#out + 1] = columns.render(rows, "  "):gsub("\n$", "")
end

---@param document table of document()
---@param style ggen.Style
---@return string
function M.text(document, style)
  local out = {}
  local commit = document.commit and ", " .. tostring(document.commit):sub(1, 7) or ""
  out[1] = ("run %s: %s, %s -j%s%s"):format(document.run, document.pipeline, document.command,
    tostring(document.jobs), commit)
  if document.status ~= "ok" then out[#out + 1] = "it ended as: " .. tostring(document.status) end
  out[#out + 1] = verdict_line(document, style)
  stage_table(document, out)
  out[#out + 1] = ""
  task_table(document, out)
  out[#out + 1] = ""
  out[#out + 1] = path_line(document)
  out[#out + 1] = cache_line(document.cache)
  if (document.peak_memory or 0) > 0 then
    out[#out + 1] = "memory: " .. units.format_size(document.peak_memory) .. " at most of one task"
  end
  out[#out + 1] = ""
  if #document.recommendations == 0 then
    out[#out + 1] = "recommendations: none, nothing stands out"
  else
    out[#out + 1] = "recommendations"
  end
  for i, one in ipairs(document.recommendations) do
    local gain = one.gain and one.gain > 0
      and (": saves about " .. units.format_duration(one.gain)) or ""
    out[#out + 1] = ("  %d. %s%s"):format(i, one.text, gain)
    out[#out + 1] = "     " .. one.evidence
  end
  return table.concat(out, "\n") .. "\n"
end

local function document_for(from, record, project)
  local lines = source.before(from:lines(M.LINES + 1), record.id)
  local document = M.document(record, lines, from:targets(project))
  for _, remark in ipairs(document.remarks) do from:warn(remark) end
  return document
end

---The report of a run that has just ended.
---@param from ggen.perf.Source
---@param run ggen.Run
---@param style ggen.Style
---@return string
function M.of_run(from, run, style)
  return M.text(document_for(from, run:record(), run.project), style)
end

---@async
---@param from ggen.perf.Source
---@param args table
---@return integer code
function M.run(from, args)
  local document = document_for(from, from:record(args.run or "last"))
  if args.json then
    source.print_json("report", document)
  else
    io.write(M.text(document, args.style))
  end
  return 0
end

return M
