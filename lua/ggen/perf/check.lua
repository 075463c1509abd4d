-- `ggen-lua perf check`: the gate. Judges the newest runs by limits that somebody wrote down, by a
-- saved baseline, or by their own past; exit code 3 when something is worse for certain.
-- SPDX-License-Identifier: MIT
local baseline = require("ggen.perf.baseline")
local change = require("ggen.perf.change")
local cli = require("ggen.cli")
local columns = require("ggen.columns")
local fault = require("ggen.fault")
local json = require("ggen.core.json")
local judge = require("ggen.perf.judge")
local limits = require("ggen.perf.limits")
local locate = require("ggen.locate")
local series = require("ggen.perf.series")
local source = require("ggen.perf.source")
local units = require("ggen.units")

local M = {}

M.FAILED = 3 -- exit code
local LINES = 200 -- of the history
local ENOUGH_TASKS = 3 -- to blame the machine

local function plural(count, one, many)
  return ("%d %s"):format(count, count == 1 and one or many)
end

local function worded(measure, value)
  if measure == "seconds" or measure == "duration" or measure == "cpu" then
    return value < 1 and ("%.1f ms"):format(value * 1000) or units.format_duration(value)
  elseif measure == "bytes" or measure == "peak_memory" then
    return units.format_size(value)
  elseif measure == "share" then
    return ("%.1f %%"):format(value * 100)
  end
  return ("%.14g"):format(value)
end

-- Digits that were measured.
local function rounded(value)
  return value and tonumber((value < 1e5 and "%.6g" or "%.0f"):format(value))
end

-- Limits in a file ------------------------------------------------------------------------------

-- What the names in the file may stand for: what the history has, and what the pipeline has.
local function known_names(from, lines)
  local known = { tasks = {}, phases = {} }
  for _, line in ipairs(lines) do
    for _, task in ipairs(type(line.tasks) == "table" and line.tasks or {}) do
      known.tasks[tostring(task.id)] = true
    end
    for _, phase in ipairs(type(line.phases) == "table" and line.phases or {}) do
      known.phases[tostring(phase.name)] = true
    end
  end
  if locate.find(from.dir) then
    local ok, project = pcall(require("ggen.session").open, from.args)
    for name in pairs(ok and project:names() or {}) do
      local phase = name:match("^phase (.*)$")
      if phase then known.phases[phase] = true else known.tasks[name] = true end
    end
  end
  return known
end

local function limit_line(row)
  local measure = row.metric.measure
  if row.verdict == "not measured" and row.metric.scope == "run" then
    return ("%s: the last run has no such figure"):format(row.name)
  elseif row.verdict == "not measured" then
    return ("%s: not measured yet (it did not run in the runs that are recorded)"):format(row.name)
  end
  local relation = row.metric.more_is_better and "below" or "over"
  local bound = row.rule == "threshold" and "its threshold of " .. worded(measure, row.limit)
    or ("what its baseline of %s allows, %s"):format(worded(measure, row.baseline),
      worded(measure, row.limit))
  return ("%s: %s is %s %s"):format(row.name, worded(measure, row.value), relation, bound)
end

local function limits_table(rows)
  local list = { { "figure", "value", "baseline", "limit", "" } }
  for i, row in ipairs(rows) do
    local measure = row.metric.measure
    list[i + 1] = { row.name, row.value and worded(measure, row.value) or "-",
      row.baseline and worded(measure, row.baseline) or "-", worded(measure, row.limit),
      row.verdict }
  end
  return columns.render(list, "  ")
end

local function check_limits(from, args, lines, path, shown)
  local read, machine = limits.read(path, shown, known_names(from, lines))
  if not read then
    fault.raise(("perf check: there is no %s"):format(shown))
  end
  local last = lines[#lines]
  if machine and machine ~= last.machine then
    fault.raise(("perf check: %s is for the machine class %s, and run %s is of another one (%s)")
      :format(shown, machine, last.id, tostring(last.machine)))
  end
  local same, others = {}, 0
  for _, line in ipairs(lines) do
    if line.machine == last.machine and line.pipeline == last.pipeline then
      same[#same + 1] = line
    else
      others = others + 1
    end
  end
  local rows, over, missing = limits.judge(read, same), 0, {}
  for _, row in ipairs(rows) do
    over = over + (row.verdict == "over" and 1 or 0)
    if row.verdict == "not measured" then missing[#missing + 1] = row.name end
  end
  -- A gate that looked at nothing has not opened.
  local blind = #missing == #rows
  local code = (over > 0 or blind) and M.FAILED or 0
  if args.json then
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = { name = row.name, measure = row.metric.measure, value = rounded(row.value),
        baseline = row.baseline, limit = row.limit, rule = row.rule, verdict = row.verdict,
        run = row.run }
    end
    source.print_json("check", { against = shown, code = code, machine = last.machine,
      run = last.id, left_out = others, limits = json.array(list) })
  else
    io.write(("against %s, run %s\n"):format(shown, last.id), limits_table(rows))
    if not series.ended_well(last) then
      io.write(("this run ended as %s: figures of whole runs are those of the last one that ended"
        .. " well\n"):format(tostring(last.status)))
    end
    if others > 0 then
      io.write(("left out: %s of another machine class or pipeline\n"):format(
        plural(others, "run", "runs")))
    end
    for _, row in ipairs(rows) do
      if row.verdict ~= "ok" then io.write(limit_line(row), "\n") end
    end
    io.write(blind and (#rows == 0 and "the file has no limit: nothing was checked\n"
      or ("nothing was checked: no run has measured %s\n"):format(table.concat(missing, ", ")))
      or over == 0 and "passed\n" or ("%s over the limit\n"):format(
      plural(over, "figure is", "figures are")))
  end
  return code
end

-- Statistics ------------------------------------------------------------------------------------

local SHOWN = { regressed = 1, unsure = 2, improved = 3 }

-- When nearly all became slower at once, it was hardly the tasks.
local function common_cause(rows)
  local tested, at, most = 0, {}, 0
  for _, row in ipairs(rows) do
    if row.metric == "duration" and row.scope == "task" then
      tested = tested + (row.p and 1 or 0)
      if row.verdict == "regressed" then
        at[row.since] = (at[row.since] or 0) + 1
        most = math.max(most, at[row.since])
      end
    end
  end
  if tested >= ENOUGH_TASKS and most * 2 > tested then
    return ("%d of %d tasks became slower in the same run: the machine, rather than the tasks?")
      :format(most, tested)
  end
  return nil
end

local function count_of(rows)
  local counts = { regressed = 0, improved = 0, steady = 0, unsure = 0, few = 0 }
  for _, row in ipairs(rows) do counts[row.verdict] = counts[row.verdict] + 1 end
  return counts
end

local function since_of(row, set) return row.since and source.since(set.lines[row.since]) or nil end

-- Nothing is compared where no figure has enough values yet.
local function compared_nothing(counts)
  return counts.regressed + counts.improved + counts.steady + counts.unsure == 0
end

local function warn_of_nothing(from, rows, set, against)
  if not compared_nothing(count_of(rows)) then return end
  local needs = against == "history" and ("%d runs"):format(change.HEAD + change.TAIL)
    or ("%d values in the baseline, and %d since,"):format(change.HEAD, change.TAIL)
  local text = ("perf check: nothing was compared: a figure needs %s of one machine class, pipeline"
    .. " and -j"):format(needs)
  if set.other.machine > 0 then
    text = text .. "; GGEN_MACHINE in the environment of the runs names the machine class where"
      .. " machines that are alike differ by name"
  end
  from:warn(text)
end

local function print_rows(rows, set, head)
  io.write(head, "\n")
  local left_out = series.left_out(set)
  if left_out then io.write("left out: ", left_out, "\n") end
  local shown, place = {}, {}
  for i, row in ipairs(rows) do
    place[row] = i
    if SHOWN[row.verdict] then shown[#shown + 1] = row end
  end
  table.sort(shown, function(a, b)
    if a.verdict ~= b.verdict then return SHOWN[a.verdict] < SHOWN[b.verdict] end
    local first, second = math.floor(math.abs(a.change) * 100 + 0.5),
      math.floor(math.abs(b.change) * 100 + 0.5)
    if first ~= second then return first > second end
    return place[a] < place[b]
  end)
  for _, row in ipairs(shown) do
    io.write(("%s: %s, then %s\n"):format(judge.text(row, since_of(row, set)),
      worded(row.metric, row.before), worded(row.metric, row.after)))
  end
  local counts = count_of(rows)
  local parts = { plural(counts.steady, "figure is steady", "figures are steady") }
  if counts.few > 0 then
    parts[2] = ("%d have too few values to be tested"):format(counts.few)
  end
  io.write(table.concat(parts, ", "), "\n")
  local cause = common_cause(rows)
  if cause then io.write("note: ", cause, "\n") end
  io.write(compared_nothing(counts) and "passed, for nothing was compared\n"
    or counts.regressed == 0 and "passed\n"
    or plural(counts.regressed, "figure has", "figures have") .. " regressed\n")
end

local function print_document(rows, set, last, against)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = { id = row.id, scope = row.scope, metric = row.metric, verdict = row.verdict,
      before = rounded(row.before), after = rounded(row.after), change = rounded(row.change),
      noise = rounded(row.noise), p = row.p and tonumber(("%.2g"):format(row.p)),
      samples = row.samples, since = row.since and set.lines[row.since].id or nil,
      commit = row.since and set.lines[row.since].commit or nil,
      text = judge.text(row, since_of(row, set)) }
  end
  local counts = count_of(rows)
  source.print_json("check", { against = against, machine = last.machine, run = last.id,
    runs = #set.lines, left_out = set.other, figures = json.array(list), counts = counts,
    note = common_cause(rows),
    remarks = json.array(series.remarks(set)), code = counts.regressed > 0 and M.FAILED or 0 })
end

local function finish(from, args, rows, set, last, against, head)
  for _, remark in ipairs(series.remarks(set)) do from:warn(remark) end
  warn_of_nothing(from, rows, set, against)
  if args.json then
    print_document(rows, set, last, against)
  else
    print_rows(rows, set, head)
  end
  return count_of(rows).regressed > 0 and M.FAILED or 0
end

local function options_of(args) return { least = args.min_change } end

local function check_history(from, args, lines)
  local last = lines[#lines]
  local set = series.of(lines, last)
  local rows = judge.history(set.list, options_of(args))
  return finish(from, args, rows, set, last, "history", ("against the own history: %s, %s"):format(
    plural(#set.lines, "run", "runs"), tostring(last.machine)))
end

-- The lines that came after those that are in the baseline.
local function lines_after(lines, saved)
  local after = {}
  for _, line in ipairs(lines) do
    after[#after + 1] = line
    if line.id == saved.last then after = {} end
  end
  return after
end

local function check_baseline(from, args, lines)
  local saved, last = baseline.read(from, args.baseline), lines[#lines]
  for _, field in ipairs({ { "machine", "machine class" }, { "pipeline", "pipeline" } }) do
    if saved[field[1]] ~= last[field[1]] then
      fault.raise(("perf check: baseline %q is of another %s (%s) than run %s (%s): save one here"
        .. " (ggen-lua perf baseline save NAME)"):format(args.baseline, field[2],
        tostring(saved[field[1]]), last.id, tostring(last[field[1]])))
    end
  end
  if saved.jobs and saved.jobs ~= last.jobs then
    from:warn(("baseline %s was saved with -j%s, run %s had -j%s"):format(args.baseline,
      tostring(saved.jobs), last.id, tostring(last.jobs)))
  end
  local set = series.of(lines_after(lines, saved), last)
  if #set.lines == 0 and not args.json then
    io.write(("no run since baseline %s was saved: there is nothing to compare\n"):format(
      args.baseline))
    return 0
  end
  local rows = judge.baseline(set.list, baseline.values_of(saved), options_of(args))
  return finish(from, args, rows, set, last, "baseline " .. args.baseline,
    ("against baseline %s (%s, saved %s): %s since"):format(args.baseline,
      plural(tonumber(saved.runs) or 0, "run", "runs"), source.time(saved),
      plural(#set.lines, "run", "runs")))
end

---@param from ggen.perf.Source
---@param args table
---@return integer code
function M.run(from, args)
  if (args.baseline and 1 or 0) + (args.history and 1 or 0) + (args.file and 1 or 0) > 1 then
    fault.raise("perf check: --baseline, --history and --file are different questions: ask one at"
      .. " a time")
  end
  if args.baseline then baseline.read(from, args.baseline) end
  local lines = from:some_lines(LINES)
  if args.baseline then return check_baseline(from, args, lines) end
  local path, shown = from.dir .. "/" .. limits.FILE, limits.FILE
  if args.file then
    local here = cli.directory(args)
    path = args.file:sub(1, 1) == "/" and args.file or here .. "/" .. args.file
    shown = args.file
  end
  if args.file or not args.history and require("ggen.core.fs").stat(path) then
    return check_limits(from, args, lines, path, shown)
  end
  return check_history(from, args, lines)
end

return M
