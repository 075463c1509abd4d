-- What would make a run faster: each recommendation with the evidence for it and, where a replay of
-- the record can tell, the seconds that it would have saved. Pure; public as ggen.recommendations.
-- SPDX-License-Identifier: MIT
local judge = require("ggen.perf.judge")
local replay = require("ggen.perf.replay")
local series = require("ggen.perf.series")
local units = require("ggen.units")

local M = {}

local LEAST_GAIN, LEAST_SHARE = 0.1, 0.03 -- seconds and share of the run, below which none is made
local LARGE_SHARE = 0.25 -- of the run: a task that is worth dividing
local OFTEN, OFTEN_RUNS = 0.8, 5 -- a task that is nearly never served
local MEMORY_SHARE = 0.9 -- of the machine's
local MOST_NAMED = 3
local MOST_TRIED = 30 -- tasks of one rule: each is a replay of the whole run

---@class ggen.perf.Recommendation
---@field kind "regression"|"target"|"retries"|"uncached"|"misses"|"restore"|"workers"|"divide"|
---"memory"
---@field text string what to do
---@field evidence string why
---@field gain number? seconds that the run would have been shorter

---@class ggen.perf.Case what the rules look at
---@field record table
---@field lines table[] of the history, that may be compared with the record
---@field wall number
---@field targets table?
---@field gain fun(position: integer, seconds: number): number what the run would have gained if one
---task had taken another time
---@field named table<string, true> tasks that would not have to run at all
---@field replayed fun(): ggen.perf.Replay the run as it was
---@field add fun(kind: string, text: string, evidence: string, gain: number?)

local duration = units.format_duration

local function share(case, seconds) return case.wall > 0 and seconds / case.wall or 0 end

local function worth(case, gain)
  return gain >= LEAST_GAIN and share(case, gain) >= LEAST_SHARE
end

-- The positions of the tasks for which `test` holds, in the order of the record: the longest of
-- them. A task cannot give back more than it took, so short ones are not worth a replay.
local function longest(case, test)
  local list, tasks = {}, case.record.tasks
  for i, task in ipairs(tasks) do
    if test(task) then list[#list + 1] = i end
  end
  if #list <= MOST_TRIED then return list end
  table.sort(list, function(a, b)
    local first, second = tasks[a].duration, tasks[b].duration
    if first ~= second then return first > second end
    return a < b
  end)
  for i = #list, MOST_TRIED + 1, -1 do list[i] = nil end
  table.sort(list)
  return list
end

local function cpus_of(record)
  return tonumber(type(record.machine) == "string" and record.machine:match("(%d+) cpus?") or nil)
end

local function memory_of(record)
  local gib = type(record.machine) == "string" and record.machine:match("([%d.]+) GiB")
  return gib and tonumber(gib) * 1024 ^ 3 or nil
end

local rules = {}

-- What became slower, for certain.
function rules.regression(case)
  local list = {}
  for _, one in ipairs(case.series.list) do
    if one.metric == "duration" and one.scope == "task" then
      list[#list + 1] = one
    end
  end
  local positions = {}
  for i, task in ipairs(case.record.tasks) do positions[task.id] = i end
  local regressed = {}
  for _, row in ipairs(judge.history(list)) do
    if row.verdict == "regressed" and positions[row.id] then regressed[row.id] = row end
  end
  local slower = longest(case, function(task) return regressed[task.id] ~= nil end)
  for _, position in ipairs(slower) do
    local row = regressed[case.record.tasks[position].id]
    if positions[row.id] == position then
      local line = case.series.lines[row.since]
      local commit = line and type(line.commit) == "string" and line.commit:sub(1, 7)
      case.add("regression", ("look at what made %s slower%s"):format(row.id,
        commit and " in " .. commit or ""), judge.text(row, commit),
        case.gain(position, row.before))
    end
  end
end

-- Stages that miss what they must meet.
function rules.target(case)
  if not case.targets then return end
  local judged = case.targets:judge(case.record)
  local rows = { judged.total, unpack(judged.stages or {}) }
  for _, row in ipairs(rows) do
    local limit = row.required or row.stretch
    if row.status == "slow" and limit then
      case.add("target", ("bring %s below its target of %s"):format(row.name, duration(limit)),
        ("it took %s, %s over"):format(duration(row.duration), duration(row.duration - limit)),
        row == judged.total and row.duration - limit or nil)
    end
  end
end

function rules.retries(case)
  local function attempts(task) return tonumber(task.attempts) or 1 end
  for _, i in ipairs(longest(case, function(task) return attempts(task) > 1 end)) do
    local task = case.record.tasks[i]
    case.add("retries", ("make %s succeed the first time"):format(task.id),
      ("it took %d attempts and %s"):format(attempts(task), duration(task.duration)),
      case.gain(i, task.duration / attempts(task)))
  end
end

function rules.uncached(case)
  local list = longest(case, function(task)
    return task.cache == "off" and task.status == "ok" and worth(case, task.duration)
  end)
  for _, i in ipairs(list) do
    local task, gain = case.record.tasks[i], case.gain(i, 0)
    if worth(case, gain) then
      case.named[task.id] = true
      case.add("uncached", ("let results of %s be kept"):format(task.id),
        ("it is never served from the cache, and took %s (ggen-lua why %s)"):format(
          duration(task.duration), task.id), gain)
    end
  end
end

-- In how many runs of the history tasks were no hit.
local function misses_in(lines, ids)
  local misses = {}
  for _, line in ipairs(lines) do
    for _, task in ipairs(type(line.tasks) == "table" and line.tasks or {}) do
      if type(task) == "table" and ids[task.id] and task.cache == "miss" then
        misses[task.id] = (misses[task.id] or 0) + 1
      end
    end
  end
  return misses
end

function rules.misses(case)
  if #case.lines < OFTEN_RUNS then return end
  local tasks, ids = case.record.tasks, {}
  local list = longest(case, function(task)
    return task.cache == "miss" and worth(case, task.duration)
  end)
  for _, i in ipairs(list) do ids[tasks[i].id] = true end
  local misses = misses_in(case.lines, ids)
  for _, i in ipairs(list) do
    local task, count = tasks[i], misses[tasks[i].id] or 0
    local gain = count >= OFTEN * #case.lines and case.gain(i, 0) or 0
    if worth(case, gain) then
      case.add("misses", ("narrow the inputs of %s"):format(task.id),
        ("it ran in %d of the last %d runs%s"):format(count, #case.lines,
          task.reason and ", this time because: " .. task.reason or ""), gain)
    end
  end
end

function rules.restore(case)
  local function too_long(task)
    local saved = tonumber(task.saved)
    return task.cache == "restored" and saved ~= nil and task.duration > saved + LEAST_GAIN
  end
  for _, i in ipairs(longest(case, too_long)) do
    local task = case.record.tasks[i]
    local saved = tonumber(task.saved)
    case.add("restore", ("do not keep the results of %s (cache = false)"):format(task.id),
      ("restoring took %s, running it %s"):format(duration(task.duration), duration(saved)),
      case.gain(i, saved))
  end
end

function rules.workers(case)
  local record = case.record
  local jobs, cpus = tonumber(record.jobs), cpus_of(record)
  if not jobs or jobs < 1 or #record.tasks < 2 then return end
  local now = case.replayed()
  local wider = replay.run(record, { jobs = jobs * 2 })
  local gain = now.makespan - wider.makespan
  if not worth(case, gain) then return end
  local cpu = tonumber(record.totals.cpu)
  local computing = cpu and cpu / math.max(now.busy, 1e-9)
  -- Where all processors compute already, more tasks at once only take turns.
  if cpus and jobs >= cpus and (not computing or computing > 0.5) then return end
  case.add("workers", ("let more tasks run at once: -j%d"):format(jobs * 2),
    ("with -j%d the same tasks take %s of %s%s"):format(jobs * 2, duration(wider.makespan),
      duration(now.makespan), computing and ("; they compute %.0f %% of their time"):format(
        math.min(1, computing) * 100) or ""), gain)
end

function rules.divide(case)
  local on_path = {}
  for _, id in ipairs(case.record.critical_path) do on_path[id] = true end
  local list = longest(case, function(task)
    return on_path[task.id] and task.cache ~= "restored" and not case.named[task.id]
      and share(case, task.duration) >= LARGE_SHARE
  end)
  for _, i in ipairs(list) do
    local task = case.record.tasks[i]
    local gain = case.gain(i, task.duration / 2)
    if worth(case, gain) then
      case.add("divide", ("divide %s into parts that run side by side, or make it faster")
        :format(task.id), ("it is on the critical path and took %.0f %% of the run; half of it"
        .. " would do"):format(math.min(1, share(case, task.duration)) * 100), gain)
    end
  end
end

function rules.memory(case)
  local total = memory_of(case.record)
  if not total then return end
  local peaks = {}
  for _, task in ipairs(case.record.tasks) do
    peaks[#peaks + 1] = { id = task.id, bytes = tonumber(task.peak_memory) or 0 }
  end
  table.sort(peaks, function(a, b) return a.bytes > b.bytes end)
  local sum, names = 0, {}
  for i = 1, math.min(#peaks, tonumber(case.record.jobs) or 1) do
    sum = sum + peaks[i].bytes
    if i <= MOST_NAMED then names[i] = peaks[i].id end
  end
  if sum > MEMORY_SHARE * total then
    case.add("memory", 'say what they take (weight = { memory = ... }) and use scheduler.resource',
      ("%s may take %s at once, of %s"):format(table.concat(names, ", "), units.format_size(sum),
        units.format_size(total)))
  end
end

local ORDER = { "regression", "target", "retries", "uncached", "misses", "restore", "workers",
  "divide", "memory" }

-- Only tasks that are whole enough to be looked at.
local function cleaned(record)
  local clean = setmetatable({ tasks = {}, totals = type(record.totals) == "table" and record.totals
    or {}, critical_path = type(record.critical_path) == "table" and record.critical_path or {},
  }, { __index = record })
  for i, task in ipairs(type(record.tasks) == "table" and record.tasks or {}) do
    local copy = { id = "?", duration = 0 }
    for key, value in pairs(type(task) == "table" and task or {}) do copy[key] = value end
    if not series.plausible("duration", copy.duration) then copy.duration = 0 end
    copy.id = tostring(copy.id)
    if type(copy.reason) ~= "string" then copy.reason = nil end
    clean.tasks[i] = copy
  end
  return clean
end

---@param record table of a run
---@param lines table[]? of the history
---@param targets table? of ggen.targets
---@return ggen.perf.Recommendation[] the greatest gain first, those without one at the end
function M.of(record, lines, targets)
  record = cleaned(record)
  local found = {}
  local set = series.of(lines or {}, record)
  local case = {
    record = record, series = set, lines = set.lines, targets = targets,
    wall = tonumber(record.totals.wall) or 0, named = {},
    add = function(kind, text, evidence, gain)
      found[#found + 1] = { kind = kind, text = text, evidence = evidence, gain = gain,
        position = #found }
    end,
  }
  -- Played once as it was, and once for each question.
  local replayed
  function case.replayed()
    replayed = replayed or replay.run(record)
    return replayed
  end
  function case.gain(position, seconds)
    return replay.gain(record, function(task, i)
      return i == position and seconds or task.duration
    end, case.replayed())
  end
  for _, kind in ipairs(ORDER) do rules[kind](case) end
  table.sort(found, function(a, b)
    local first, second = a.gain or -1, b.gain or -1
    if first ~= second then return first > second end
    return a.position < b.position
  end)
  for _, one in ipairs(found) do
    one.position = nil
    one.gain = one.gain and units.milliseconds(one.gain)
  end
  return found
end

return M
