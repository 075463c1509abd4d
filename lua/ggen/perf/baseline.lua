-- `ggen-lua perf baseline save|list|show|rm NAME`: figures of a machine class that later runs are
-- compared with, as values and not as means, so that a rank test can be made of them.
--
-- .ggen/perf-baselines/NAME.json: one JSON object
--   schema "ggen-perf-baseline", version 1, name, time, ggen, pipeline, machine, jobs, commit?,
--   last: id of the last run that is in it, runs: how many,
--   series: [ { id, scope (task, phase, run), metric, values: [...] } ], values oldest first, in
--   seconds or bytes
-- SPDX-License-Identifier: MIT
local columns = require("ggen.columns")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local harmless = require("ggen.harmless")
local json = require("ggen.core.json")
local robust = require("ggen.perf.robust")
local series = require("ggen.perf.series")
local source = require("ggen.perf.source")
local suggest = require("ggen.suggest")
local units = require("ggen.units")

local M = {}

M.DIRECTORY = ".ggen/perf-baselines"
local SCHEMA, VERSION = "ggen-perf-baseline", 1
local RUNS, MOST = 20, 200

local function directory(from) return from.dir .. "/" .. M.DIRECTORY end

local function shown(name) return M.DIRECTORY .. "/" .. name .. ".json" end

---@param name string?
---@return string
local function checked_name(name)
  if not name then fault.raise("perf baseline: which one? (a name such as main)") end
  if not name:find("^[%w][%w._-]*$") or #name > 64 then
    fault.raise(("perf baseline: %q is no name for a baseline (letters, digits, . _ -)"):format(
      name))
  end
  return name
end

---@param from ggen.perf.Source
---@return string[] names
function M.names(from)
  local names = {}
  for _, entry in ipairs(fs.list(directory(from)) or {}) do
    local name = entry.name:match("^(.*)%.json$")
    if name then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function not_there(from, name)
  local names = M.names(from)
  fault.raise(("there is no baseline %q%s%s"):format(name, suggest.hint(name, names),
    #names > 0 and "; there are: " .. table.concat(names, ", ")
    or "; save one: ggen-lua perf baseline save " .. name))
end

---@param from ggen.perf.Source
---@param name string?
---@return table baseline raises a fault when it is not there, or not one
function M.read(from, name)
  name = checked_name(name)
  local text, message, kind = fs.read(directory(from) .. "/" .. name .. ".json")
  if not text then
    if kind == "not_found" then not_there(from, name) end
    fault.raise(message, shown(name))
  end
  local decoded, why = json.decode(text)
  if type(decoded) ~= "table" then
    fault.raise(("this is damaged (%s): save it again"):format(why or "no object"), shown(name))
  end
  if decoded.schema ~= SCHEMA then
    fault.raise(("this is no baseline (its schema is %s)"):format(tostring(decoded.schema)),
      shown(name))
  end
  if decoded.version ~= VERSION then
    fault.raise(("this is of version %s, and this ggen-lua reads version %d: save it again"):format(
      tostring(decoded.version), VERSION), shown(name))
  end
  if type(decoded.series) ~= "table" then
    fault.raise("this is damaged (it has no series): save it again", shown(name))
  end
  for _, row in ipairs(decoded.series) do
    if type(row) ~= "table" or type(row.id) ~= "string" or type(row.scope) ~= "string"
      or type(row.metric) ~= "string" then
      fault.raise("this is damaged (a series has no id, scope or metric): save it again",
        shown(name))
    end
  end
  for _, field in ipairs({ "machine", "pipeline", "runs" }) do
    if type(decoded[field]) ~= "string" and type(decoded[field]) ~= "number" then
      fault.raise(("this is damaged (it has no %s): save it again"):format(field), shown(name))
    end
  end
  return harmless.all(decoded)
end

local function good_values(row)
  local values = {}
  for _, value in ipairs(type(row.values) == "table" and row.values or {}) do
    if series.plausible(row.metric, value) then values[#values + 1] = value end
  end
  return values
end

---@param baseline table of read()
---@return fun(one: ggen.perf.Series): number[]?
function M.values_of(baseline)
  local by_key = {}
  for _, row in ipairs(baseline.series) do
    by_key[series.key(row.scope, row.id, row.metric)] = good_values(row)
  end
  return function(one) return by_key[series.key(one.scope, one.id, one.metric)] end
end

local actions = {}

function actions.save(from, args)
  local name = checked_name(args.words[2])
  local count = args.count or RUNS
  if count > MOST then
    fault.raise(("perf baseline save: -n: at most %d runs, got %d"):format(MOST, count))
  end
  local lines = from:some_lines(count)
  local last = lines[#lines]
  local set = series.of(lines, last)
  for _, remark in ipairs(series.remarks(set)) do from:warn(remark) end
  if #set.list == 0 then
    fault.raise(("perf baseline save: in the last %d runs no task ran that could be measured (all"
      .. " were up to date, restored or failed): ggen-lua run --force, some times"):format(#lines))
  end
  local rows, least = {}, math.huge
  for i, one in ipairs(set.list) do
    rows[i] = { id = one.id, scope = one.scope, metric = one.metric,
      values = json.array(one.values) }
    if one.metric == "duration" and one.scope == "task" then
      least = math.min(least, #one.values)
    end
  end
  local document = { schema = SCHEMA, version = VERSION, name = name,
    time = os.date("!%Y-%m-%dT%H:%M:%SZ"), ggen = require("ggen.version"),
    pipeline = last.pipeline, machine = last.machine, jobs = last.jobs, commit = last.commit,
    last = last.id, runs = #set.lines, series = json.array(rows) }
  fault.check(fs.mkdir(directory(from)))
  local path = directory(from) .. "/" .. name .. ".json"
  -- Whole or not at all: somebody may be reading the old one.
  local temporary = path .. ".new"
  fault.check(fs.write(temporary, fault.check(json.encode(document,
    { indent = 1, invalid_utf8 = "replace" })) .. "\n"))
  fault.check(fs.rename(temporary, path))
  if args.json then return source.print_json("baseline-save", { name = name, runs = #set.lines,
    series = #rows, machine = last.machine }) end
  io.write(("saved %s: %d runs, machine class %s\n"):format(shown(name), #set.lines,
    tostring(last.machine)))
  local enough = require("ggen.perf.change").HEAD
  if least < enough then
    io.write(("a task with fewer than %d values is not tested; run some more and save again\n")
      :format(enough))
  end
end

function actions.list(from, args)
  local rows, list = { { "name", "runs", "saved", "machine class" } }, {}
  for _, name in ipairs(M.names(from)) do
    local ok, baseline = pcall(M.read, from, name)
    if ok then
      rows[#rows + 1] = { name, tostring(baseline.runs), source.time(baseline),
        tostring(baseline.machine) }
      list[#list + 1] = { name = name, runs = baseline.runs, time = baseline.time,
        machine = baseline.machine, pipeline = baseline.pipeline }
    else
      from:warn(tostring(baseline))
    end
  end
  if args.json then return source.print_json("baseline-list", { baselines = json.array(list) }) end
  if #rows == 1 then
    io.write("no baseline is saved: ggen-lua perf baseline save NAME\n")
  else
    io.write(columns.render(rows, ""))
  end
end

local function worded(metric, value)
  return metric == "peak_memory" and units.format_size(value) or units.format_duration(value)
end

function actions.show(from, args)
  local baseline = M.read(from, args.words[2])
  if args.json then return source.print_json("baseline", baseline) end
  io.write(("%s: %s, %s runs, saved %s\nmachine class: %s\n"):format(args.words[2],
    tostring(baseline.pipeline), tostring(baseline.runs), source.time(baseline),
    tostring(baseline.machine)))
  local rows = { { "what", "metric", "values", "median", "noise" } }
  for _, row in ipairs(baseline.series) do
    local values = good_values(row)
    if #values > 0 then
      local noise, median = robust.noise(values)
      rows[#rows + 1] = { row.id, row.metric, tostring(#values),
        worded(row.metric, median), noise and ("%.0f %%"):format(noise * 100) or "-" }
    end
  end
  io.write(columns.render(rows, "  "))
end

function actions.rm(from, args)
  local name = checked_name(args.words[2])
  local path = directory(from) .. "/" .. name .. ".json"
  if not fs.stat(path) then not_there(from, name) end
  fault.check(fs.remove(path))
  if args.json then return source.print_json("baseline-rm", { removed = name }) end
  io.write("removed ", shown(name), "\n")
end

---@param from ggen.perf.Source
---@param args table
---@return integer code
function M.run(from, args)
  local word = args.words[1]
  local action = word and actions[word]
  if not action then
    fault.raise(word and ("perf baseline: unknown action %q%s; there are: save, list, show, rm")
      :format(word, suggest.hint(word, actions)) or "perf baseline: save, list, show or rm?")
  end
  if #args.words > (word == "list" and 1 or 2) then
    fault.raise(("perf baseline %s: %q is one word too many"):format(word,
      args.words[word == "list" and 2 or 3]))
  end
  return action(from, args) or 0
end

return M
