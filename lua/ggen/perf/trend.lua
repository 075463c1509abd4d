-- `ggen-lua perf history`: the last runs, one a line, and how the times of phases and tasks moved
-- over them. Reads no file.
-- SPDX-License-Identifier: MIT
local columns = require("ggen.columns")
local fault = require("ggen.fault")
local json = require("ggen.core.json")
local robust = require("ggen.perf.robust")
local series = require("ggen.perf.series")
local source = require("ggen.perf.source")
local spark = require("ggen.perf.spark")
local units = require("ggen.units")

local M = {}

local DEFAULT, MOST = 10, 10000 -- runs
local MOST_ROWS = 20
local MOST_BARS = 40 -- the newest

local number, milliseconds = source.number, units.milliseconds

local function thousandth(value) return value and math.floor(value * 1000 + 0.5) / 1000 end

-- Whatever the cache had to say of it.
local function count_ran(line)
  local count = 0
  for _, task in ipairs(type(line.tasks) == "table" and line.tasks or {}) do
    if type(task) == "table" and (task.cache == "miss" or task.cache == "off") then
      count = count + 1
    end
  end
  return count
end

local function run_row(line)
  return {
    id = line.id, time = line.time, command = line.command, status = line.status, code = line.code,
    wall = milliseconds(number(line.wall)), ran = count_ran(line),
    hit_rate = number(line.hit_rate), commit = type(line.commit) == "string" and line.commit or nil,
    machine = line.machine,
  }
end

-- The values of a series by run, with holes where it was not measured.
local function spread_out(one, count)
  local values = {}
  for i = 1, count do values[i] = false end
  for i, value in ipairs(one.values) do values[one.runs[i]] = value end
  return values
end

---@param lines table[] of the history, at least one
---@return table document as `--json` prints it
function M.document(lines)
  local last = lines[#lines]
  local set = series.of(lines, last)
  local trends, runs = {}, {}
  for i, line in ipairs(lines) do runs[i] = run_row(line) end
  for _, one in ipairs(set.list) do
    if one.metric == "duration" then
      local median, newest = robust.median(one.values), one.values[#one.values]
      trends[#trends + 1] = {
        id = one.id, scope = one.scope, runs = #one.values, median = milliseconds(median),
        last = milliseconds(newest), noise = thousandth(robust.noise(one.values)),
        change = median > 0 and thousandth(newest / median - 1) or nil,
        values = json.array(spread_out(one, #set.lines)),
      }
    end
  end
  table.sort(trends, function(a, b)
    if a.median ~= b.median then return a.median > b.median end
    return a.id < b.id
  end)
  return { runs = json.array(runs), trends = json.array(trends), machine = last.machine,
    compared = #set.lines, remarks = json.array(series.remarks(set)) }
end

local function run_line(row)
  local notes = {}
  if row.ran then notes[#notes + 1] = row.ran .. " ran" end
  if row.hit_rate then notes[#notes + 1] = ("%.0f %% hits"):format(row.hit_rate * 100) end
  if row.status ~= "ok" then notes[#notes + 1] = tostring(row.status) end
  return ("[%s] %s - %s (%s)%s"):format(source.time(row), tostring(row.command),
    row.wall and units.format_duration(row.wall) or "?", table.concat(notes, ", "),
    row.commit and " " .. row.commit:sub(1, 7) or "")
end

local function newest(values)
  local list = {}
  for i = math.max(1, #values - MOST_BARS + 1), #values do list[#list + 1] = values[i] end
  return list
end

---@param document table of document()
---@param utf8 boolean
---@return string
function M.text(document, utf8)
  local out = {}
  for i, row in ipairs(document.runs) do out[i] = run_line(row) end
  if #document.trends == 0 then
    out[#out + 1] = "no task ran in them that could be compared"
    return table.concat(out, "\n") .. "\n"
  end
  out[#out + 1] = ""
  local rows = { { "what", "runs", "median", "last", "change", "" } }
  for i = 1, math.min(#document.trends, MOST_ROWS) do
    local trend = document.trends[i]
    rows[#rows + 1] = { trend.scope == "run" and "the whole run" or trend.id, tostring(trend.runs),
      units.format_duration(trend.median), units.format_duration(trend.last),
      trend.change and ("%+.0f %%"):format(trend.change * 100) or "-",
      spark.line(newest(trend.values), utf8) }
  end
  out[#out + 1] = columns.render(rows, ""):gsub("\n$", "")
  if #document.trends > MOST_ROWS then
    out[#out + 1] = ("and %d more (--json has all)"):format(#document.trends - MOST_ROWS)
  end
  local others = #document.runs - document.compared
  if others > 0 then
    out[#out + 1] = ("not in the trends: %d of these runs, of another pipeline, machine class"
      .. " or -j"):format(others)
  end
  return table.concat(out, "\n") .. "\n"
end

---@param from ggen.perf.Source
---@param args table
---@return integer code
function M.run(from, args)
  local count = args.count or DEFAULT
  if count > MOST then
    fault.raise(("perf history: -n: at most %d runs, got %d"):format(MOST, count))
  end
  local lines = from:some_lines(count)
  local document = M.document(lines)
  for _, remark in ipairs(document.remarks) do from:warn(remark) end
  if args.json then
    source.print_json("history", document)
  else
    io.write(M.text(document, args.style.ok == "✓"))
  end
  return 0
end

return M
