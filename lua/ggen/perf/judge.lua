-- Did a task become slower? Puts the statistics together: a change counts when it is larger than
-- the noise and a rank test says, for all tests together, that it is hardly chance. Pure.
-- SPDX-License-Identifier: MIT
local beyond = require("ggen.perf.beyond")
local change = require("ggen.perf.change")
local multiple = require("ggen.perf.multiple")
local rank = require("ggen.perf.rank")
local robust = require("ggen.perf.robust")

local M = {}

M.LEVEL = 0.01 -- chance of one false alarm among all tests of a check
M.LEAST = 0.05 -- a change below this share of the median is not worth a word
M.WINDOW = 60 -- values of a series that are looked at, the newest
M.RECENT = 20 -- an older change is how things are now
local SUSPECT, SUSPECT_NOISE = 0.10, 5 -- one run is worth a word from here on
local STANDS = 0.05 -- with a smaller chance it is not what it was before an earlier change
-- Of the level that Holm's method has to give: what becomes slower is seen by its duration, and a
-- test of cpu time and memory beside each of them must not cost the sight for that.
local WEIGHT = { duration = 1, cpu = 0.1, peak_memory = 0.1 }

-- Differences that nobody feels.
local FLOOR = { duration = 0.01, cpu = 0.01, peak_memory = 1024 * 1024 }

---@class ggen.perf.Verdict
---@field id string
---@field scope "task"|"phase"|"run"
---@field metric string
---@field verdict "regressed"|"improved"|"steady"|"unsure"|"few"
---@field before number? median
---@field after number? median
---@field change number? share of `before`
---@field noise number? share of `before`
---@field p number? chance of such a change without a cause, for all tests together
---@field samples { before: integer, after: integer }
---@field since integer? position of the first line after the change
---@field beyond integer? so many values were seen before some that are far beyond all of them

local function new(series, verdict, before, after)
  local row = { id = series.id, scope = series.scope, metric = series.metric, verdict = verdict,
    samples = { before = #before, after = #after } }
  row.noise, row.before = robust.noise(before)
  row.after = robust.median(after)
  if row.before and row.before > 0 and row.after then row.change = row.after / row.before - 1 end
  return row
end

---Whether a change is one that somebody would want to know of, were it certain.
---@param row ggen.perf.Verdict
---@param least number?
---@return boolean
function M.matters(row, least)
  if not row.change then return false end
  local threshold = math.max(least or M.LEAST, row.noise or 0)
  return math.abs(row.change) >= threshold
    and math.abs(row.after - row.before) >= (FLOOR[row.metric] or 0)
end

local function slice(values, from, to)
  local list = {}
  for i = from, to do list[#list + 1] = values[i] end
  return list
end

local function last_of(values, count)
  return slice(values, math.max(1, #values - count + 1), #values)
end

-- Where nothing changed for certain: one new value that stands out, which may be the first of many
-- or the only one.
local function settled(series, values, verdict, least)
  local n = #values
  local row = new(series, verdict, values, {})
  if n <= change.HEAD or not row.before then return row end
  local last = values[n]
  local limit = math.max(SUSPECT, SUSPECT_NOISE * (row.noise or 0))
  if last <= row.before * (1 + limit) then return row end
  local suspect = new(series, "unsure", slice(values, 1, n - 1), { last })
  if not M.matters(suspect, least) then return row end
  suspect.since = series.runs[#series.runs]
  return suspect
end

-- The newest values where they are far beyond all others: that needs no statistics.
local function far_beyond(series, before, values)
  local count = beyond.count(series.metric, before, values, M.RECENT)
  if not count then return nil end
  local earlier = slice(values, 1, #values - count)
  local row = new(series, "regressed", #before > 0 and before or earlier, last_of(values, count))
  row.since, row.beyond = series.runs[#series.runs - count + 1], #before + #earlier
  return row
end

-- How things are now against how they were before a split. That it is not what it was has a chance
-- of its own: a change of the past may have been taken back since.
local function across(series, window, first, split, from, tail)
  local before = slice(window, from, split.at - 1)
  local row = new(series, "unsure", before, tail)
  row.since = series.runs[first + split.at - 1]
  row.old = #window - split.at + 1 > M.RECENT
  row.stands = rank.test(before, tail).p < STANDS
  return row
end

-- The candidate of one series, with the chance that belongs to it alone: of the recent changes that
-- made it worse than it was, and were not taken back, the most certain one; the last one otherwise.
local function look(series, least)
  local values = series.values
  local first = math.max(1, #values - M.WINDOW + 1)
  local window = first == 1 and values or slice(values, first, #values)
  local n = #window
  local row = far_beyond(series, {}, window)
  if row then return row, nil end
  if n < change.HEAD + change.TAIL then return settled(series, window, "few", least), nil end
  local splits, chance = change.refined(window)
  if #splits == 0 then return settled(series, window, "steady", least), chance end
  local tail = slice(window, splits[#splits].at, n)
  local found
  for i, split in ipairs(splits) do
    local from = i > 1 and splits[i - 1].at or 1
    local one = across(series, window, first, split, from, tail)
    local worse = not one.old and one.stands and M.matters(one, least) and one.change > 0
    if worse and (not found or split.p < chance) or i == #splits and not found then
      found, chance = one, split.p
    end
  end
  if found.old then return settled(series, tail, "steady", least), chance end
  return found, chance
end

local function decide(rows, chances, options)
  local tested, tests, weights = {}, {}, {}
  for i, row in ipairs(rows) do
    if chances[i] then
      tested[#tested + 1] = chances[i]
      tests[#tests + 1] = row
      weights[#weights + 1] = WEIGHT[row.metric] or 1
    end
  end
  for i, p in ipairs(multiple.holm(tested, weights)) do
    local row = tests[i]
    row.p = p
    -- Candidates have their place; the others stay what they are.
    if row.since and row.samples.after >= change.TAIL then
      local matters = M.matters(row, options.least)
      if p < options.level and matters then
        row.verdict = row.change > 0 and "regressed" or "improved"
      else
        row.verdict = matters and row.change > 0 and "unsure" or "steady"
      end
    end
  end
  return rows
end

local function with_defaults(options)
  options = options or {}
  return { level = options.level or M.LEVEL, least = options.least or M.LEAST }
end

---Judges series against their own past.
---@param list ggen.perf.Series[]
---@param options { level: number?, least: number? }?
---@return ggen.perf.Verdict[] one for each series
function M.history(list, options)
  options = with_defaults(options)
  local rows, chances = {}, {}
  for i, series in ipairs(list) do rows[i], chances[i] = look(series, options.least) end
  return decide(rows, chances, options)
end

-- What was measured since the last change of it, so that neither what was good for long after the
-- baseline, nor what was bad until it was mended, is mixed with how things are. `tries` is how many
-- parts this one was chosen from.
local function as_it_is(values)
  local splits = change.refined(values)
  if #splits == 0 then return 1, #values < change.HEAD + change.TAIL and 1 or 2 end
  return splits[#splits].at, 2 * (#values - change.HEAD - change.TAIL + 1)
end

-- One series against the values of a baseline.
local function look_back(series, before, least)
  local row = far_beyond(series, before, series.values)
  if row then return row, nil end
  local at, tries = as_it_is(series.values)
  local recent = last_of(slice(series.values, at, #series.values), M.RECENT)
  row = new(series, "unsure", before, recent)
  row.since = series.runs[at]
  if #before >= change.HEAD and #recent >= change.TAIL then
    return row, math.min(1, rank.test(before, recent).p * tries)
  end
  local suspect = #before >= change.HEAD and M.matters(row, least) and row.change > 0
  if not suspect then row.verdict = "few" end
  return row, nil
end

---Judges series against the values of a baseline.
---@param list ggen.perf.Series[] what was measured since
---@param baseline fun(series: ggen.perf.Series): number[]?
---@param options { level: number?, least: number? }?
---@return ggen.perf.Verdict[] one for each series that the baseline has
function M.baseline(list, baseline, options)
  options = with_defaults(options)
  local rows, all = {}, {}
  for _, series in ipairs(list) do
    local before = baseline(series)
    if before and #before > 0 and #series.values > 0 then
      local at = #rows + 1
      local row, chance = look_back(series, before, options.least)
      rows[at], all[at] = row, chance or false
    end
  end
  return decide(rows, all, options)
end

local METRIC_WORDS = { duration = "", cpu = "cpu", peak_memory = "peak memory" }
local VERBS = { regressed = "regressed", improved = "improved", unsure = "may have regressed" }

local function percent(share)
  local value = math.abs(share) * 100
  return (value < 1 and value > 0 and "%.1f %%" or "%.0f %%"):format(value)
end
M.percent = percent

---@param p number
---@return string "p < 0.01"
function M.chance(p)
  if p < 0.001 then return "p < 0.001" end
  if p < 0.01 then return "p < 0.01" end
  return ("p = %.2f"):format(p)
end

-- How a figure is called: "test", "test cpu", "the whole run".
local function name_of(row)
  local name = row.scope == "run" and "the whole run" or row.id
  local metric = METRIC_WORDS[row.metric] or row.metric
  return metric == "" and name or name .. " " .. metric
end

---@param row ggen.perf.Verdict
---@param since string? what `since` stands for: a commit, or a time
---@return string "test regressed 11 % (p < 0.01, noise 3 %, since 4f2c91a)"
function M.text(row, since)
  local words, parts = { name_of(row), VERBS[row.verdict] or row.verdict }, {}
  local tested = row.p and row.samples.after >= change.TAIL
  if row.since and row.change then words[3] = percent(row.change) end
  if tested then parts[#parts + 1] = M.chance(row.p) end
  if row.beyond then
    parts[#parts + 1] = ("%s far beyond all %d before"):format(row.samples.after == 1 and "1 run"
      or row.samples.after .. " runs", row.beyond)
  end
  if row.noise then parts[#parts + 1] = "noise " .. percent(row.noise) end
  if row.verdict == "unsure" then
    parts[#parts + 1] = ("%d run%s since, not enough to be sure"):format(row.samples.after,
      row.samples.after == 1 and "" or "s")
  end
  if since and row.verdict ~= "unsure" then parts[#parts + 1] = "since " .. since end
  return table.concat(words, " ")
    .. (#parts > 0 and " (" .. table.concat(parts, ", ") .. ")" or "")
end

return M
