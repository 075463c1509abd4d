-- From lines of the history to series of values that may be compared: of one task and one metric,
-- from one machine class, pipeline and width, of runs in which the task really ran. Pure; says what
-- it left out and why.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")

local M = {}

---What is measured of a task, in the order in which it is shown.
M.METRICS = { "duration", "cpu", "peak_memory" }

local ABSURD = 30 * 86400 -- seconds: no task runs for a month
local OVER = 1 -- second by which clocks may disagree about a run and a task of it
local MOST_BYTES = 2 ^ 50

---@class ggen.perf.Series
---@field id string of a task, "phase NAME", or "run"
---@field scope "task"|"phase"|"run" a task may be called "run", too
---@field metric string
---@field values number[] in the order of the history
---@field runs integer[] positions of their lines in the history

---@class ggen.perf.SeriesSet
---@field list ggen.perf.Series[] by id, the metrics in their order
---@field by_key table<string, ggen.perf.Series> by key()
---@field negative integer values that were left out because they are below zero or no numbers
---@field absurd integer values that no run can have
---@field clock_back integer how often a run is older than the one before it
---@field lines table[] those that were used
---@field other { machine: integer, pipeline: integer, jobs: integer } lines that were left out

---Whether a metric may have this value.
---@param metric string
---@param value any
---@param wall number? of the run
---@return boolean good
---@return "negative"|"absurd"|nil why
function M.plausible(metric, value, wall)
  if type(value) ~= "number" or value ~= value or value < 0 then return false, "negative" end
  if metric == "peak_memory" then
    if value > MOST_BYTES then return false, "absurd" end
    return true
  end
  if value > ABSURD then return false, "absurd" end
  if metric == "duration" and type(wall) == "number" and wall >= 0 and value > wall + OVER then
    return false, "absurd"
  end
  return true
end

---Whether a task of a line was really run, once, and with success: what was restored, was up to
---date, failed or was tried again says nothing of how long it takes.
---@param task table of a line of the history
---@return boolean
function M.counts(task)
  return type(task) == "table" and type(task.id) == "string" and task.code == 0
    and (task.cache == "miss" or task.cache == "off")
    and (task.retries == nil or task.retries == 0)
end

local numbers = {} -- of ids

-- Any number that is the same for the same text.
local function number_of(id)
  local number = numbers[id]
  if not number then
    number = 5381
    for i = 1, #id do number = (number * 33 + id:byte(i)) % 4294967291 end
    numbers[id] = number
  end
  return number
end

---What must be the same for two whole runs to be compared: which tasks ran. Of runs that did other
---work, the times differ for that reason.
---@param line table of the history, or a record
---@return string
function M.work(line)
  local ran, sum = 0, 0
  for _, task in ipairs(type(line.tasks) == "table" and line.tasks or {}) do
    if type(task) == "table" and (task.cache == "miss" or task.cache == "off") then
      -- In any order: which one starts first is chance.
      ran, sum = ran + 1, sum + number_of(tostring(task.id))
    end
  end
  return ("%d %.0f"):format(ran, sum)
end

---@param scope "task"|"phase"|"run"
---@param id string
---@param metric string
---@return string
function M.key(scope, id, metric) return scope .. "\n" .. id .. "\n" .. metric end

---In what two lines of the history differ so that they say nothing about each other.
---@param line table
---@param like table
---@return "pipeline"|"machine"|"jobs"|nil
function M.difference(line, like)
  return line.pipeline ~= like.pipeline and "pipeline" or line.machine ~= like.machine and "machine"
    or line.jobs ~= like.jobs and "jobs" or nil
end

---Whether the times of a whole run say something: it was not cut short.
---@param line table of the history
---@return boolean
function M.ended_well(line) return line.status == "ok" or line.status == "gate" end

local function adder(set)
  return function(scope, id, metric, value, wall, position)
    -- A task that took no memory that anybody measured.
    if metric == "peak_memory" and value == 0 or value == nil then return end
    local good, why = M.plausible(metric, value, wall)
    if not good then
      set[why] = set[why] + 1
      return
    end
    local key = M.key(scope, id, metric)
    local series = set.by_key[key]
    if not series then
      series = { id = id, scope = scope, metric = metric, values = {}, runs = {} }
      set.by_key[key] = series
    end
    series.values[#series.values + 1] = value
    series.runs[#series.runs + 1] = position
  end
end

local function add_line(add, line, position, work)
  for _, task in ipairs(type(line.tasks) == "table" and line.tasks or {}) do
    if M.counts(task) then
      for _, metric in ipairs(M.METRICS) do
        add("task", task.id, metric, task[metric], line.wall, position)
      end
    end
  end
  if not M.ended_well(line) or M.work(line) ~= work then return end
  add("run", "run", "duration", line.wall, nil, position)
  for _, phase in ipairs(type(line.phases) == "table" and line.phases or {}) do
    if type(phase) == "table" and type(phase.name) == "string" then
      add("phase", "phase " .. phase.name, "duration", phase.duration, line.wall, position)
    end
  end
end

---@param lines table[] of the history, oldest first
---@param like table the line that they are compared with
---@return ggen.perf.SeriesSet
function M.of(lines, like)
  local set = { list = {}, by_key = {}, negative = 0, absurd = 0, clock_back = 0, lines = {},
    other = { machine = 0, pipeline = 0, jobs = 0 } }
  local add, work, before = adder(set), M.work(like), nil
  for _, line in ipairs(lines) do
    local difference = M.difference(line, like)
    if difference then
      set.other[difference] = set.other[difference] + 1
    else
      set.lines[#set.lines + 1] = line
      -- Texts in ISO 8601 sort by time.
      if before and type(line.time) == "string" and line.time < before then
        set.clock_back = set.clock_back + 1
      end
      if type(line.time) == "string" then before = line.time end
      add_line(add, line, #set.lines, work)
    end
  end
  local position = {}
  for i, metric in ipairs(M.METRICS) do position[metric] = i end
  for _, key in ipairs(sorted.keys(set.by_key)) do set.list[#set.list + 1] = set.by_key[key] end
  table.sort(set.list, function(a, b)
    if a.id ~= b.id then return a.id < b.id end
    if a.scope ~= b.scope then return a.scope < b.scope end
    return position[a.metric] < position[b.metric]
  end)
  return set
end

local function plural(count, one, many)
  return ("%d %s"):format(count, count == 1 and one or many)
end

local OTHER = { machine = "of another machine class", pipeline = "of another pipeline",
  jobs = "with another -j" }

---What is to be said about runs that were left out.
---@param set ggen.perf.SeriesSet
---@return string? "27 runs of another machine class"; nil when all were compared
function M.left_out(set)
  local parts = {}
  for _, field in ipairs({ "machine", "jobs", "pipeline" }) do
    local count = set.other[field]
    if count > 0 then parts[#parts + 1] = plural(count, "run", "runs") .. " " .. OTHER[field] end
  end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

---What is to be said about values that were left out, and about the clock.
---@param set ggen.perf.SeriesSet
---@return string[] sentences
function M.remarks(set)
  local said = {}
  if set.negative > 0 then
    said[#said + 1] = plural(set.negative, "value", "values")
      .. " below zero, or no number, left out"
  end
  if set.absurd > 0 then
    said[#said + 1] = plural(set.absurd, "value", "values")
      .. " that no run can have (longer than its run, or than a month) left out"
  end
  if set.clock_back > 0 then
    said[#said + 1] = ("the clock went back %s; the order of the history counts"):format(
      plural(set.clock_back, "time", "times"))
  end
  return said
end

return M
