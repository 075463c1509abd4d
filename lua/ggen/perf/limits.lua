-- Figures that somebody wrote down: `.ggen/perf-baseline.toml`, with [baselines] (what is expected)
-- and [thresholds] (what is still good), and the `machine` class that they are for. A
-- figure without a threshold may be worse than its baseline by 20 %, and times and sizes by three
-- times the noise of their history where that is more.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local metrics = require("ggen.perf.metrics")
local robust = require("ggen.perf.robust")
local series = require("ggen.perf.series")
local suggest = require("ggen.suggest")

local M = {}

M.FILE = ".ggen/perf-baseline.toml"

local SLACK, SLACK_NOISE = 0.20, 3
local ENOUGH = 5 -- values, to speak of noise
local TABLES = { baselines = true, thresholds = true }

---@class ggen.perf.Limit
---@field name string as written
---@field line integer
---@field metric ggen.perf.Metric
---@field baseline number? in seconds, bytes, or as it is
---@field threshold number?

-- The sub-tables that "web.cpu_s = 1" makes are written with a dot again.
local function each_figure(source, container, path, visit)
  for _, key in ipairs(source:keys(container)) do
    local value = container[key]
    local name = path == "" and key or path .. "." .. key
    if type(value) == "table" and #value == 0 and next(value) ~= nil then
      each_figure(source, value, name, visit)
    else
      visit(container, key, name, value)
    end
  end
end

local function unknown(source, container, key, name, known)
  local names = metrics.names()
  local hint = suggest.hint(name, metrics.candidates(known, name))
  fault.raise(("%s: no task, phase or figure of a run has this name%s; figures of a run: %s")
    :format(name, hint, table.concat(names, ", ")), source.file, source:line(container, key))
end

---@param path string
---@param shown string as messages name it
---@param known { tasks: table<string, any>, phases: table<string, any> }
---@return ggen.perf.Limit[]? limits in the order of the file; nil when there is no such file
---@return string? machine the class that they are for, where the file names one
function M.read(path, shown, known)
  local text, message, kind = fs.read(path, 1024 * 1024)
  if not text then
    if kind == "not_found" then return nil end
    fault.raise(message, shown)
  end
  local source = require("ggen.make_toml.source").open(text, shown, os.getenv)
  local list, by_name = {}, {}
  local machine = source.root.machine
  if machine ~= nil and type(machine) ~= "string" then
    fault.raise("machine: the name of a machine class expected", shown,
      source:line(source.root, "machine"))
  end
  for _, title in ipairs(source:keys(source.root)) do
    local container = source.root[title]
    if title == "machine" then goto continue end
    if not TABLES[title] or type(container) ~= "table" then
      fault.raise(("%s has no meaning here%s: [baselines], [thresholds] and machine have"):format(
        title, suggest.hint(title, TABLES)), shown, source:line(source.root, title))
    end
    local field = title == "baselines" and "baseline" or "threshold"
    each_figure(source, container, "", function(inside, key, name, value)
      local line = source:line(inside, key)
      if type(value) ~= "number" or value ~= value or value < 0 or value == math.huge then
        fault.raise(("%s: a number from 0 up expected"):format(name), shown, line)
      end
      local metric, why = metrics.find(name, known)
      if not metric then
        if why then fault.raise(name .. ": " .. why, shown, line) end
        unknown(source, inside, key, name, known)
      end
      local limit = by_name[name]
      if not limit then
        limit = { name = name, line = line, metric = metric }
        by_name[name], list[#list + 1] = limit, limit
      end
      limit[field] = value * metric.scale
      limit.line = field == "threshold" and line or limit.line
    end)
    ::continue::
  end
  for _, limit in ipairs(list) do
    local worse = limit.baseline and limit.threshold and (limit.metric.more_is_better
      and limit.threshold > limit.baseline or not limit.metric.more_is_better
      and limit.threshold < limit.baseline)
    if worse then
      fault.raise(limit.name .. ": the threshold is stricter than the baseline", shown,
        limit.line)
    end
  end
  return list, machine
end

-- The values of a figure in lines of the history, oldest first, and the line of the newest one.
local function values_of(metric, lines)
  local values, newest = {}, nil
  local function add(value, line)
    local good = type(value) == "number" and value == value and value >= 0
    if good and metric.measure == "seconds" then
      good = series.plausible(metric.field == "wall" and "cpu" or metric.field, value, line.wall)
    end
    if good then values[#values + 1], newest = value, line end
  end
  local absent = false
  for _, line in ipairs(lines) do
    -- What was cut short is no figure of a whole run.
    local whole = metric.scope ~= "task" and series.ended_well(line)
    if whole and metric.scope == "run" then
      add(line[metric.field], line)
      absent = line[metric.field] == nil
    elseif whole then
      for _, phase in ipairs(type(line.phases) == "table" and line.phases or {}) do
        if phase.name == metric.id then add(phase.duration, line) end
      end
    elseif metric.scope == "task" then
      for _, task in ipairs(type(line.tasks) == "table" and line.tasks or {}) do
        if series.counts(task) and task.id == metric.id then add(task[metric.field], line) end
      end
    end
  end
  -- Not every run has a hit rate. That of an older run says nothing of the newest.
  if absent then return {} end
  return values, newest
end

---@class ggen.perf.LimitRow
---@field name string
---@field metric ggen.perf.Metric
---@field value number? nil: not measured
---@field baseline number?
---@field limit number
---@field rule "threshold"|"baseline"
---@field verdict "ok"|"over"|"not measured"
---@field run string? id of the run that the value is of

---Judges limits by the newest values of the history.
---@param limits ggen.perf.Limit[]
---@param lines table[] of one machine class and pipeline, oldest first
---@return ggen.perf.LimitRow[]
function M.judge(limits, lines)
  local rows = {}
  for i, limit in ipairs(limits) do
    local metric = limit.metric
    local values, newest = values_of(metric, lines)
    local value, bound = values[#values], limit.threshold
    if not bound then
      -- Which share was served depends on what was changed: that is not noise.
      local noisy = metric.measure == "seconds" or metric.measure == "bytes"
      local noise = noisy and #values >= ENOUGH and robust.noise(values) or 0
      local slack = math.max(SLACK, SLACK_NOISE * noise)
      bound = limit.baseline * (metric.more_is_better and math.max(0, 1 - slack) or 1 + slack)
    end
    local over = value and (metric.more_is_better and value < bound
      or not metric.more_is_better and value > bound)
    rows[i] = { name = limit.name, metric = metric, value = value, baseline = limit.baseline,
      limit = bound, rule = limit.threshold and "threshold" or "baseline",
      verdict = value == nil and "not measured" or over and "over" or "ok",
      run = newest and newest.id or nil, line = limit.line }
  end
  return rows
end

return M
