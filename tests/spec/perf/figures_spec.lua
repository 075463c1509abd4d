-- What is made of records and of lines of the history: series, replays, recommendations, limits.
-- SPDX-License-Identifier: MIT
local compare = require("ggen.perf.compare")
local fs = require("ggen.core.fs")
local limits = require("ggen.perf.limits")
local metrics = require("ggen.perf.metrics")
local recommend = require("ggen.perf.recommend")
local replay = require("ggen.perf.replay")
local report = require("ggen.perf.report")
local series = require("ggen.perf.series")
local source = require("ggen.perf.source")
local spark = require("ggen.perf.spark")
local trend = require("ggen.perf.trend")

-- A line of the history with tasks { id, seconds, fields of it }.
local function line(id, tasks, fields)
  local made = { id = id, time = "2026-11-01T08:00:" .. id .. "Z", pipeline = "p", machine = "m",
    jobs = 2, command = "run", status = "ok", wall = 100, phases = {}, tasks = {},
    tasks_total = #tasks, misses = #tasks, hit_rate = 0 }
  for i, task in ipairs(tasks) do
    made.tasks[i] = { id = task[1], duration = task[2], cpu = task[2] * 0.5, peak_memory = 1000,
      cache = "miss", code = 0, retries = 0 }
    for key, value in pairs(task[3] or {}) do made.tasks[i][key] = value end
  end
  for key, value in pairs(fields or {}) do made[key] = value end
  return made
end

local function values(set, id, metric)
  local scope = id == "run" and "run" or id:match("^(phase) ") or "task"
  local found = set.by_key[series.key(scope, id, metric or "duration")]
  return found and found.values or {}
end

describe("series", function()
  it("have only what a task took when it ran, once, and with success", function()
    local set = series.of({
      line("01", { { "a", 1 } }),
      line("02", { { "a", 2, { cache = "restored" } } }),
      line("03", { { "a", 3, { cache = "fresh" } } }),
      line("04", { { "a", 4, { code = 1 } } }),
      line("05", { { "a", 5, { retries = 1 } } }),
      line("06", { { "a", 6, { cache = "off" } } }),
    }, line("07", { { "a", 1 } }))
    assert.same({ 1, 6 }, values(set, "a"))
    assert.same({ 0.5, 3 }, values(set, "a", "cpu"))
    assert.same({ 1, 6 }, set.by_key[series.key("task", "a", "duration")].runs)
  end)

  it("are of one machine class, pipeline and width", function()
    local like = line("09", { { "a", 1 } })
    local set = series.of({ line("01", { { "a", 1 } }, { machine = "other" }),
      line("02", { { "a", 2 } }, { pipeline = "q" }), line("03", { { "a", 3 } }, { jobs = 4 }),
      line("04", { { "a", 4 } }) }, like)
    assert.same({ 4 }, values(set, "a"))
    assert.equal(1, #set.lines)
  end)

  it("leave out values that cannot be, and say so", function()
    local set = series.of({
      line("05", { { "a", -1 }, { "b", 1e9 }, { "c", 0 / 0 }, { "d", 102 } }),
      line("02", { { "a", 1, { peak_memory = -5 } }, { "b", 1, { duration = "x" } } }),
    }, line("09", {}))
    assert.same({ 1 }, values(set, "a"))
    assert.same({}, values(set, "b"))
    assert.same({}, values(set, "d"))
    assert.equal(1, set.clock_back)
    local remarks = series.remarks(set)
    assert.equal(3, #remarks)
    assert.matches("^%d+ values below zero, or no number, left out$", remarks[1])
    assert.matches("that no run can have", remarks[2])
    assert.equal("the clock went back 1 time; the order of the history counts", remarks[3])
    assert.same({}, series.remarks(series.of({ line("01", {}) }, line("02", {}))))
  end)

  it("compare whole runs that did the same work, in any order", function()
    local like = line("09", { { "a", 1 }, { "b", 1 } })
    local set = series.of({
      line("01", { { "b", 1 }, { "a", 1 } },
        { wall = 3, phases = { { name = "x", duration = 2 } } }),
      line("02", { { "a", 1 } }, { wall = 4 }),
      line("03", { { "a", 1 }, { "b", 1, { cache = "restored" } } }, { wall = 5 }),
      line("04", { { "a", 1 }, { "b", 1 } }, { wall = 6, command = "run b" }),
      line("05", { { "a", 1 }, { "b", 1 } }, { wall = 7, status = "failed" }),
      line("06", { { "a", 1 }, { "b", 1 } }, { wall = 8, status = "gate" }),
    }, like)
    assert.same({ 3, 6, 8 }, values(set, "run"))
    assert.same({ 2 }, values(set, "phase x"))
  end)

  it("survive lines of which nothing is right", function()
    local set = series.of({ { machine = "m", pipeline = "p", jobs = 2, tasks = 5, phases = { 1 },
      wall = {}, status = "ok", command = 7 }, { tasks = { 1, { id = 5 } } } }, line("09", {}))
    assert.same({}, values(set, "run"))
  end)
end)

describe("a replay", function()
  local record = { jobs = 2, tasks = { { id = "a", duration = 2, needs = {} },
    { id = "b", duration = 3, needs = {} }, { id = "c", duration = 4, needs = { 0 } },
    { id = "d", duration = 1, needs = { 1, 2 } } } }

  it("takes as long as the run did", function()
    assert.equal(7, replay.run(record).makespan)
    assert.equal(10, replay.run(record).busy)
    assert.equal(10, replay.run(record, { jobs = 1 }).makespan)
    assert.equal(7, replay.run(record, { jobs = 8 }).makespan)
  end)

  it("says what another time would have given", function()
    local function c_takes(seconds)
      return function(task) return task.id == "c" and seconds or task.duration end
    end
    assert.equal(3, replay.gain(record, c_takes(0)))
    assert.equal(0, replay.gain(record, c_takes(9)))
  end)

  it("cannot be made to wait for ever", function()
    local wild = { jobs = -1, tasks = { { duration = -2, needs = { 0, 5, "x", -3 } },
      { duration = "long", needs = 7 }, { duration = 1, needs = { 1, 2 } } } }
    assert.equal(1, replay.run(wild).makespan)
    assert.equal(0, replay.run({ jobs = 1 }).makespan)
    wild.jobs = 1e300
    assert.equal(1, replay.run(wild).makespan)
  end)

  it("is never longer with more workers where nothing waits for anything", function()
    local seed = 5
    local function random(n)
      seed = seed * 16807 % 2147483647
      return seed % n
    end
    for _ = 1, 50 do
      local tasks = {}
      for i = 1, 1 + random(20) do tasks[i] = { duration = 1 + random(9) } end
      local before = math.huge
      for jobs = 1, 6 do
        local now = replay.run({ tasks = tasks, jobs = jobs })
        assert.is_true(now.makespan <= before)
        assert.is_true(now.makespan >= now.busy / jobs)
        before = now.makespan
      end
    end
  end)
end)

local function record_of(tasks, fields)
  local record = { id = "20261101T080000.123-aaaaaa", pipeline = "p", machine = "x/4 cpus/8 GiB/y",
    jobs = 2, command = { "run" }, status = "ok", code = 0, totals = { wall = 0, cpu = 0 },
    critical_path = {}, phases = {}, fresh = {}, tasks = {} }
  for i, task in ipairs(tasks) do
    record.tasks[i] = { id = task[1], duration = task[2], ran = task[2], user = 0, sys = 0,
      peak_memory = 0, cache = "miss", status = "ok", code = 0, attempts = 1, needs = {} }
    for key, value in pairs(task[3] or {}) do record.tasks[i][key] = value end
  end
  for key, value in pairs(fields or {}) do record[key] = value end
  record.totals.wall = replay.run(record).makespan
  return record
end

local function kinds(list)
  local found = {}
  for _, one in ipairs(list) do found[one.kind] = one end
  return found
end

describe("recommendations", function()
  it("are none where nothing stands out", function()
    assert.same({}, recommend.of(record_of({ { "a", 0.01 } })))
    assert.same({}, recommend.of({ totals = {}, tasks = { 5, "x", { duration = -1 } } }))
    assert.same({}, recommend.of({}))
  end)

  it("name what is never kept, with what a hit would have saved", function()
    local found = kinds(recommend.of(record_of({ { "a", 5, { cache = "off" } }, { "b", 2 } })))
    assert.equal("let results of a be kept", found.uncached.text)
    assert.matches("took 5.00 s", found.uncached.evidence)
    assert.equal(3, found.uncached.gain)
  end)

  it("name what runs nearly every time, with its reason", function()
    local lines = {}
    for i = 1, 6 do
      lines[i] = line("0" .. i, { { "a", 5 } }, { machine = "x/4 cpus/8 GiB/y" })
    end
    local record = record_of({ { "a", 5, { reason = "src/a.c changed" } } })
    local found = kinds(recommend.of(record, lines)).misses
    assert.equal("narrow the inputs of a", found.text)
    assert.equal("it ran in 6 of the last 6 runs, this time because: src/a.c changed",
      found.evidence)
    assert.equal(5, found.gain)
    assert.is_nil(kinds(recommend.of(record, { lines[1], lines[2] })).misses)
  end)

  it("want more workers only where that helps", function()
    local tasks = {}
    for i = 1, 8 do tasks[i] = { "t" .. i, 1 } end
    local found = kinds(recommend.of(record_of(tasks))).workers
    assert.equal("let more tasks run at once: -j4", found.text)
    assert.equal(2, found.gain)
    -- All processors compute already.
    local busy = record_of(tasks, { jobs = 4, totals = { cpu = 8 } })
    assert.is_nil(kinds(recommend.of(busy)).workers)
    local row = {}
    for i = 1, 8 do row[i] = { "t" .. i, 1, { needs = i > 1 and { i - 2 } or {} } } end
    assert.is_nil(kinds(recommend.of(record_of(row))).workers)
  end)

  it("name retries, slow restores, long tasks of the critical path, and memory", function()
    local found = kinds(recommend.of(record_of({ { "flaky", 4, { attempts = 2 } } })))
    assert.equal(2, found.retries.gain)
    found = kinds(recommend.of(record_of({ { "big", 9, { cache = "restored", saved = 1 } } })))
    assert.equal("do not keep the results of big (cache = false)", found.restore.text)
    assert.equal(8, found.restore.gain)
    found = kinds(recommend.of(record_of({ { "a", 1 }, { "long", 6, { needs = { 0 } } } },
      { critical_path = { "a", "long" } })))
    assert.matches("^divide long into parts", found.divide.text)
    assert.equal(3, found.divide.gain)
    found = kinds(recommend.of(record_of({ { "a", 1, { peak_memory = 5 * 1024 ^ 3 } },
      { "b", 1, { peak_memory = 4 * 1024 ^ 3 } } })))
    assert.equal("a, b may take 9.0 GiB at once, of 8.0 GiB", found.memory.evidence)
    assert.is_nil(found.memory.gain)
  end)

  it("say what became slower, and what misses its target", function()
    local lines = {}
    for i = 10, 40 do
      lines[#lines + 1] = line(tostring(i), { { "a", (i > 30 and 12 or 10) + i % 3 / 10 } },
        { machine = "x/4 cpus/8 GiB/y", commit = ("%040d"):format(i) })
    end
    local record = record_of({ { "a", 12 } })
    local found = kinds(recommend.of(record, lines, { judge = function()
      return { total = { name = "total", duration = 12, required = 10, status = "slow" },
        stages = { { name = "a", duration = 12, stretch = 11, required = 13,
          status = "acceptable" } } }
    end }))
    assert.equal("look at what made a slower in 0000000", found.regression.text)
    assert.matches("^a regressed %d+ %% %(p < 0.001, noise %d %%, since 0000000%)$",
      found.regression.evidence)
    assert.is_true(math.abs(found.regression.gain - 1.9) < 0.11)
    assert.equal("bring total below its target of 10.0 s", found.target.text)
    assert.equal(2, found.target.gain)
  end)

  it("take a few replays, however many tasks could be asked about", function()
    local run, count = replay.run, 0
    replay.run = function(...)
      count = count + 1
      return run(...)
    end
    finally(function() replay.run = run end)
    local function replays_of(seconds, fields)
      local tasks = {}
      for i = 1, 2000 do tasks[i] = { "t" .. i, seconds, fields } end
      count = 0
      local record = record_of(tasks)
      record.totals.wall = seconds -- as if all had run side by side
      recommend.of(record)
      return count
    end
    assert.truthy(replays_of(0.01, { cache = "off" }) <= 40)
    for _, fields in ipairs({ { cache = "off" }, { attempts = 2 }, { cache = "restored",
      saved = 0.01 } }) do
      assert.truthy(replays_of(500, fields) <= 100)
    end
  end)

  it("have the greatest gain first", function()
    local list = recommend.of(record_of({ { "a", 5, { cache = "off" } }, { "b", 4,
      { cache = "off", needs = { 0 } } }, { "c", 8, { attempts = 2, needs = { 1 } } } }))
    for i = 2, #list do assert.is_true((list[i - 1].gain or -1) >= (list[i].gain or -1)) end
    assert.is_true(#list >= 3)
  end)
end)

describe("the names of figures", function()
  local known = { tasks = { ["web#unit-tests"] = true, build = true, a_b = true, ["a-b"] = true },
    phases = { release = true, build = true } }

  local function found(key)
    local metric, message = metrics.find(key, known)
    return metric and ("%s %s %s %s"):format(metric.scope, metric.id or "-", metric.field,
      tostring(metric.scale)) or message
  end

  it("have a unit at their end", function()
    assert.equal("run - wall 1", found("wall_s"))
    assert.equal("run - wall 0.001", found("total_ms"))
    assert.equal("run - critical_path 60", found("critical_path_min"))
    assert.equal("run - peak_memory 1048576", found("peak_memory_mib"))
    assert.equal("run - out_bytes 1", found("out_bytes"))
    assert.equal("run - hit_rate 1", found("hit_rate"))
    assert.equal("run - hit_rate 0.01", found("hit_rate_percent"))
    assert.equal("run - misses 1", found("misses"))
    assert.equal("task build duration 0.001", found("build_ms"))
    assert.equal("task web#unit-tests duration 1", found("web#unit-tests_s"))
    assert.equal("task web#unit-tests duration 1", found("web_unit_tests_s"))
    assert.equal("task build cpu 1", found("build.cpu_s"))
    assert.equal("task build peak_memory 1048576", found("build.peak_memory_mib"))
    assert.equal("phase release duration 1", found("release_s"))
    assert.equal("phase build duration 1", found("phase.build_s"))
  end)

  it("of a task or phase may say so, whatever its name", function()
    known.tasks.read, known.tasks.total, known.phases.total = true, true, true
    assert.equal("task read duration 0.001", found("task.read_ms"))
    assert.equal("task total cpu 1", found("task.total.cpu_s"))
    assert.equal("phase total duration 1", found("phase.total_s"))
    assert.equal("task web#unit-tests duration 1", found("task.web_unit_tests_s"))
    assert.equal("run - read 1", found("read_bytes"))
    assert.equal("the unit is in the name: read with _bytes or _mib at its end (the task of that"
      .. " name: task.read_ms)", found("read_ms"))
    assert.is_nil(found("task.nobody_ms"))
    assert.is_nil(found("phase.read_ms"))
  end)

  it("are refused without a unit, or with one that does not fit", function()
    assert.matches("the unit is in the name: build with _ms or _s", found("build"))
    assert.matches("wall with _ms or _s", found("wall_bytes"))
    assert.matches("peak_memory with _bytes or _mib", found("peak_memory_ms"))
    assert.matches("no figure in seconds: write it without _ms", found("hit_rate_ms"))
    assert.is_nil(found("watch_reaction_ms"))
    assert.equal("task a_b duration 1", found("a_b_s"))
    assert.matches('this may be "a%-b" or "a_b"', found("a.b_s"))
  end)
end)

describe("limits", function()
  local known = { tasks = { build = true }, phases = {} }

  local function read(text)
    local dir = assert(fs.make_temp_dir("ggen-limits-"))
    assert(fs.write(dir .. "/x.toml", text))
    local ok, result = pcall(limits.read, dir .. "/x.toml", "x.toml", known)
    assert(fs.remove(dir, { recursive = true }))
    return ok and result or tostring(result)
  end

  it("are read with their places", function()
    local list = read("[baselines]\nbuild_ms = 200\nhit_rate = 0.5\n[thresholds]\nbuild_ms = 300\n"
      .. "build.cpu_s = 1\n")
    assert.equal(3, #list)
    assert.same({ 0.2, 0.3 }, { list[1].baseline, list[1].threshold })
    assert.equal(1, list[3].threshold)
    assert.equal("build.cpu_s", list[3].name)
    assert.is_nil(limits.read("/nonexistent/x.toml", "x.toml", known))
  end)

  it("are refused with file and line", function()
    assert.matches("^x.toml:2: this is not TOML", read("[baselines]\nbuild_ms == 3\n"))
    assert.matches('^x.toml:1: baseline has no meaning here %(did you mean "baselines"%?%)',
      read("[baseline]\nbuild_ms = 1\n"))
    assert.matches("^x.toml:3: build_ms: a number from 0 up expected",
      read("[baselines]\n\nbuild_ms = -1\n"))
    assert.matches("^x.toml:2: build_ms: a number from 0 up expected",
      read("[baselines]\nbuild_ms = '3'\n"))
    assert.matches('^x.toml:2: biuld_ms: no task, phase or figure of a run has this name'
      .. ' %(did you mean "build_ms"%?%)', read("[thresholds]\nbiuld_ms = 1\n"))
    assert.matches("^x.toml:4: build_ms: the threshold is stricter than the baseline",
      read("[baselines]\nbuild_ms = 4\n[thresholds]\nbuild_ms = 3\n"))
    assert.matches("^x.toml:4: hit_rate: the threshold is stricter",
      read("[baselines]\nhit_rate = 0.5\n[thresholds]\nhit_rate = 0.9\n"))
  end)

  it("are the threshold, or 20 %, or three times the noise", function()
    local function judged(text, lines)
      local rows = limits.judge(read(text), lines)
      return rows[1]
    end
    local one = { line("01", { { "build", 0.25 } }, { hit_rate = 0.3 }) }
    local row = judged("[thresholds]\nbuild_ms = 240\n", one)
    assert.same({ "over", "threshold", "01" }, { row.verdict, row.rule, row.run })
    assert.equal("ok", judged("[thresholds]\nbuild_ms = 250\n", one).verdict)
    assert.equal("over", judged("[baselines]\nbuild_ms = 200\n", one).verdict)
    assert.equal("ok", judged("[baselines]\nbuild_ms = 209\n", one).verdict)
    assert.equal("over", judged("[baselines]\nhit_rate = 0.5\n", one).verdict)
    assert.equal("ok", judged("[baselines]\nhit_rate = 0.37\n", one).verdict)
    assert.equal("over", judged("[thresholds]\nhit_rate = 0.31\n", one).verdict)
    assert.equal("not measured", judged("[thresholds]\nbuild_ms = 1\n", {}).verdict)
    local noisy = {}
    for i, value in ipairs({ 0.2, 0.16, 0.24, 0.2, 0.14, 0.26, 0.25 }) do
      noisy[i] = line("0" .. i, { { "build", value } })
    end
    assert.equal("ok", judged("[baselines]\nbuild_ms = 200\n", noisy).verdict)
    -- Of a figure that the newest run does not have nothing is shown.
    local without = line("02", {})
    without.hit_rate = nil
    row = judged("[thresholds]\nhit_rate = 0.9\n", { one[1], without })
    assert.equal("not measured", row.verdict)
    assert.is_nil(row.value)
    -- The newest value counts, and only what ran.
    one[2] = line("02", { { "build", 9, { cache = "restored" } } })
    assert.equal("ok", judged("[thresholds]\nbuild_ms = 250\n", one).verdict)
  end)
end)

describe("a line of bars", function()
  it("has one for each value, and holes", function()
    assert.equal("▁▅█ ▁", spark.line({ 1, 2, 3, false, 1 }, true))
    assert.equal("_+# _", spark.line({ 1, 2, 3, false, 1 }, false))
    assert.equal("", spark.line({}, true))
  end)

  it("is flat where only noise is", function()
    local text = spark.line({ 100, 101, 100.5 }, false)
    assert.is_nil(text:find("[_.]"))
    assert.equal(" ", spark.line({ false }, true))
    assert.equal(3, #spark.line({ 0, 0, 0 }, false))
  end)
end)

describe("a report", function()
  local lines = {}
  for i = 1, 5 do
    lines[i] = line("0" .. i, { { "a", 1 } }, { machine = "x/4 cpus/8 GiB/y", wall = 1 })
  end

  it("judges a run by its own history", function()
    for wall, status in pairs({ [1.05] = "good", [1.2] = "acceptable", [1.4] = "slow" }) do
      local document = report.document(record_of({ { "a", wall } }), lines)
      assert.equal(status, document.judged.status)
      assert.equal("history", document.judged.against)
      assert.equal(status, document.tasks[1].judged)
    end
    local other = report.document(record_of({ { "b", 1 } }), lines)
    assert.equal("unknown", other.judged.status)
  end)

  it("judges it by targets where there are some", function()
    local document = report.document(record_of({ { "a", 1 } }), lines, { judge = function()
      return { total = { name = "total", duration = 1, required = 0.5, status = "slow",
        percent = -100 }, stages = {} }
    end })
    assert.equal("slow", document.judged.status)
    assert.equal("targets", document.judged.against)
    assert.equal(0.5, document.judged.limit)
  end)

  it("survives a record of which nothing is right", function()
    for _, record in ipairs({ { id = "x" }, { id = "x", totals = 5, tasks = { 1, {} },
      critical_path = { 5 }, command = 7, git = 3 } }) do
      local document = report.document(record, {})
      assert.is_string(report.text(document, require("ggen.style").new(false)))
    end
  end)

  it("survives whatever stands in a record or in the history", function()
    local seed = 77
    local function random(n)
      seed = seed * 16807 % 2147483647
      return seed % n + 1
    end
    local junk = { -1, 0, 1e300, "x", true, 0.5, "", false }
    local function anything()
      local pick = random(#junk + 2)
      return pick > #junk and (pick == #junk + 1 and {} or { {} }) or junk[pick]
    end
    local function damage(value)
      local keys = {}
      for key in pairs(value) do keys[#keys + 1] = key end
      if #keys == 0 then return end
      table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
      local key = keys[random(#keys)]
      if type(value[key]) == "table" and random(3) > 1 then return damage(value[key]) end
      value[key] = anything()
    end
    local function whole()
      return record_of({ { "a", 5, { cache = "off" } }, { "b", 2, { needs = { 0 } } },
        { "c", 1, { attempts = 2 } } }, { critical_path = { "a", "b" }, fresh = { "d" },
        git = { commit = ("a"):rep(40) } })
    end
    for _ = 1, 400 do
      local record, other, history = whole(), whole(), {}
      for i = 1, 8 do
        history[i] = line("0" .. i, { { "a", 5 }, { "b", 2 } },
          { machine = record.machine, phases = { { name = "x", duration = 1 } } })
      end
      for _ = 1, random(4) do
        damage(record)
        damage(history)
      end
      for i = 8, 1, -1 do
        if type(history[i]) ~= "table" then table.remove(history, i) end
      end
      if type(record.totals) ~= "table" then record.totals = {} end
      assert.is_string(report.text(report.document(record, history),
        require("ggen.style").new(false)))
      assert.is_string(compare.text(compare.document(record, other, history)))
      if #history > 0 then assert.is_string(trend.text(trend.document(history), false)) end
    end
  end)

  it("looks only at what was there before the run", function()
    local all = { { id = "1" }, { id = "2" }, { id = "3" } }
    assert.same({ { id = "1" } }, source.before(all, "2"))
    assert.same(all, source.before(all, "9"))
    -- After a clock went back.
    assert.same({ { id = "5" } }, source.before({ { id = "5" }, { id = "2" }, { id = "9" } }, "2"))
    assert.same({ { id = "1" }, { id = "2" } }, source.before({ all[1], all[2] }, "25"))
  end)
end)
