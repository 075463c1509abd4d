-- ggen-lua perf html: one HTML file that shows a run and its history, all that it needs inside.
-- The page itself is made from web/ at build time (the module ggen.perf.page); this file puts the
-- data into it. What tasks, branches and reasons are called is data, never markup: see escaped().
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")

local M = {}

M.FILE = ".ggen/report.html" -- within the project
M.LINES = 200 -- of the history

-- How much of the history goes into the page: the tasks that took longest, so many of them that
-- the numbers stay below a megabyte.
local MOST_TASKS = 200
local MOST_NUMBERS = 100000

-- What the page shows of a line, beside its phases and tasks.
local FIELDS = { "id", "time", "command", "commit", "dirty", "status", "wall", "cpu",
  "critical_path", "hit_rate", "misses", "tasks_total", "peak_memory" }

-- Whether a duration can be believed: a clock that went back leaves a negative one.
local function is_time(value) return type(value) == "number" and value >= 0 and value < 1e12 end

local function entries(value) return type(value) == "table" and value or {} end

-- A series for each name: its values by run, and how long it took in all of them.
local Series = {}
Series.__index = Series

function Series:add(name, run, value)
  if type(name) ~= "string" or not is_time(value) then return end
  local one = self.by_name[name]
  if not one then
    one = { name = name, total = 0, at = {} }
    self.by_name[name], self.list[#self.list + 1] = one, one
  end
  one.total, one.at[run] = one.total + value, value
end

-- The `most` longest, each with a value or null for every run.
function Series:longest(most, runs)
  table.sort(self.list, function(a, b)
    if a.total ~= b.total then return a.total > b.total end
    return a.name < b.name
  end)
  local rows = {}
  for i = 1, math.min(most, #self.list) do
    local one, values = self.list[i], {}
    for run = 1, runs do values[run] = one.at[run] or json.null end
    rows[i] = { name = one.name, values = json.array(values) }
  end
  return json.array(rows)
end

local function new_series() return setmetatable({ by_name = {}, list = {} }, Series) end

local function ran(task) return task.cache ~= "restored" and task.cache ~= "fresh" end

---The history in columns, as the page wants it.
---@param lines table[] of the history, oldest first
---@return table
function M.history(lines)
  local runs, phases, tasks = {}, new_series(), new_series()
  for i, line in ipairs(lines) do
    local run = {}
    for _, field in ipairs(FIELDS) do run[field] = line[field] end
    runs[i] = run
    for _, phase in ipairs(entries(line.phases)) do phases:add(phase.name, i, phase.duration) end
    for _, task in ipairs(entries(line.tasks)) do
      if ran(task) then tasks:add(task.id, i, task.duration) end
    end
  end
  local most = math.min(MOST_TASKS, math.floor(MOST_NUMBERS / math.max(#runs, 1)))
  return { runs = json.array(runs), phases = phases:longest(MOST_TASKS, #runs),
    tasks = tasks:longest(most, #runs), left_out = math.max(#tasks.list - most, 0) }
end

local ESCAPES = { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026",
  ["\226\128\168"] = "\\u2028", ["\226\128\169"] = "\\u2029" }

-- JSON that can stand inside of a <script>: these characters occur in its texts only, where they
-- may be written as escapes.
local function escaped(text)
  return (text:gsub("[<>&]", ESCAPES):gsub("\226\128[\168\169]", ESCAPES))
end

---The page for a run.
---@param record table a run record
---@param history table of M.history()
---@return string html
function M.page(record, history)
  local found, packed = pcall(require, "ggen.perf.page")
  if not found then
    fault.raise("perf html: this ggen-lua was built without the page (cmake -DGGEN_HTML=OFF);"
      .. " `ggen-lua perf report` prints the same figures")
  end
  local data = { schema = "ggen-report", version = 1, made = os.date("!%Y-%m-%dT%H:%M:%SZ"),
    ggen = require("ggen.version"), record = record, history = history }
  local text = fault.check(json.encode(data, { invalid_utf8 = "replace" }))
  local before, after = require("ggen.perf.inflate").inflate(packed):match("^(.*)@DATA@(.*)$")
  return before .. escaped(text) .. after
end

---Writes the report of a run, and prints where it is.
---@param args table of the command line: run, count (of the history), output
function M.write(args)
  local source = require("ggen.perf.source").open(args)
  local record = source:record(args.run or "last")
  local lines = source.history:lines({ most = args.count or M.LINES, pipeline = record.pipeline,
    machine = record.machine })
  local history = M.history(lines)
  history.damaged = source.history.damaged or 0
  local path, page = args.output or source.dir .. "/" .. M.FILE, M.page(record, history)
  if path == "-" then
    io.write(page)
    return
  end
  local done, message = fs.write(path, page)
  if not done then fault.raise(("perf html: %s (another file: -o FILE)"):format(message)) end
  io.write(require("ggen.locate").display(path, fs.cwd()), "\n")
end

return M
