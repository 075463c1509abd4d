-- Verdicts over histories with more than one change, against baselines that have aged, and over
-- single runs that nobody can doubt.
-- SPDX-License-Identifier: MIT
local beyond = require("ggen.perf.beyond")
local change = require("ggen.perf.change")
local judge = require("ggen.perf.judge")
local multiple = require("ggen.perf.multiple")
local series = require("ggen.perf.series")

-- { count, middle, ... } as a series with noise of `share`, the same each time.
local function series_of(parts, share, metric)
  local values, runs = {}, {}
  for i = 1, #parts, 2 do
    for _ = 1, parts[i] do
      local n = #values + 1
      values[n] = parts[i + 1] * (1 + share * ((n * 7 % 11) - 5) / 5)
      runs[n] = 100 + n
    end
  end
  return { id = "test", scope = "task", metric = metric or "duration", values = values,
    runs = runs }
end

local function verdict(parts, share)
  return judge.history({ series_of(parts, share or 0.02) })[1]
end

local function near(expected, actual)
  assert.is_true(math.abs(expected - actual) < 0.03, ("%g, got %g"):format(expected, actual))
end

describe("a regression that is not taken back", function()
  it("is not forgotten when a smaller change follows", function()
    local row = verdict({ 20, 1, 8, 1.3, 8, 1.34 }, 0.005)
    assert.equal("regressed", row.verdict)
    assert.equal(121, row.since)
    near(0.34, row.change)
    assert.same({ before = 20, after = 8 }, row.samples)
  end)

  it("is one after a partial recovery, too", function()
    local row = verdict({ 20, 1, 10, 1.4, 8, 1.25 })
    assert.equal("regressed", row.verdict)
    assert.equal(121, row.since)
    near(0.25, row.change)
  end)

  it("is forgotten when it is over, or old", function()
    assert.equal("improved", verdict({ 20, 1, 8, 1.4, 8, 1.01 }).verdict)
    assert.equal("improved", verdict({ 20, 1, 8, 1.4, 8, 0.8 }).verdict)
    assert.equal("improved", verdict({ 20, 1, judge.RECENT, 1.4, 8, 1.2 }).verdict)
    assert.equal("steady", verdict({ 20, 1, judge.RECENT + 1, 1.4 }).verdict)
  end)

  it("is said even where it followed an old change", function()
    local row = verdict({ 10, 2, 30, 1, 6, 1.3 })
    assert.equal("regressed", row.verdict)
    assert.equal(141, row.since)
    -- One value after an old change is compared with how things are now.
    row = verdict({ 10, 2, 30, 1, 1, 1.5 })
    assert.equal("unsure", row.verdict)
    assert.equal(141, row.since)
    near(0.5, row.change)
  end)

  it("has splits that are where the values changed", function()
    local found = change.refined(series_of({ 20, 1, 8, 1.3, 8, 1.34 }, 0.005).values)
    assert.equal(2, #found)
    assert.equal(21, found[1].at)
    assert.equal(29, found[2].at)
  end)
end)

describe("a baseline that has aged", function()
  local before = series_of({ 20, 1 }, 0.03).values
  local function since(parts, list)
    list = list or {}
    list[#list + 1] = series_of(parts, 0.03)
    return judge.baseline(list, function() return before end)[#list]
  end

  it("is compared with how things are now", function()
    for _, bad in ipairs({ 5, 8, 10, 15, 30 }) do
      local row = since({ 20, 1, bad, 1.3 })
      assert.equal("regressed", row.verdict, bad .. " runs")
      assert.equal(121, row.since)
      near(0.3, row.change)
    end
  end)

  it("is met again after a fix", function()
    assert.equal("steady", since({ 14, 2, 6, 1 }).verdict)
    assert.equal("steady", since({ 30, 1 }).verdict)
  end)

  it("has its since from the first run when nothing changed after that", function()
    local row = since({ 30, 1.3 })
    assert.equal("regressed", row.verdict)
    assert.equal(101, row.since)
    assert.equal(judge.RECENT, row.samples.after)
  end)

  it("gives no false alarms", function()
    local state = 21
    local function uniform()
      state = state * 16807 % 2147483647
      return state / 2147483647
    end
    local wrong = 0
    for _ = 1, 40 do
      local list, own = {}, {}
      for k = 1, 50 do
        local values, runs = {}, {}
        own[k] = {}
        for i = 1, 30 do values[i], runs[i] = 1 + uniform() / 5, i end
        for i = 1, 20 do own[k][i] = 1 + uniform() / 5 end
        list[k] = { id = tostring(k), scope = "task", metric = "duration", values = values,
          runs = runs }
      end
      for _, row in ipairs(judge.baseline(list, function(one) return own[tonumber(one.id)] end,
        { least = 0.001 })) do
        if row.p and row.p < 0.01 then wrong = wrong + 1 end
      end
    end
    assert.is_true(wrong <= 1, wrong .. " false alarms in 40 checks")
  end)
end)

describe("runs that are far beyond all others", function()
  it("need no statistics", function()
    local row = verdict({ 60, 1, 1, 10 })
    assert.equal("regressed", row.verdict)
    assert.equal(161, row.since)
    assert.matches("^test regressed 9%d%d %% %(1 run far beyond all 59 before, noise %d %%, since"
      .. " abc%)$", judge.text(row, "abc"))
    -- Asked again after the second one.
    row = verdict({ 59, 1, 2, 10 })
    assert.equal("regressed", row.verdict)
    assert.equal(160, row.since)
    assert.equal("regressed", judge.baseline({ series_of({ 1, 10 }, 0.02) }, function()
      return series_of({ 20, 1 }, 0.02).values
    end)[1].verdict)
  end)

  it("are neither twice as long, nor like something that was seen, nor soon over", function()
    assert.equal("unsure", verdict({ 30, 1, 1, 2.5 }).verdict)
    assert.equal("unsure", verdict({ 20, 1, 1, 10, 9, 1, 1, 10 }).verdict)
    assert.equal("unsure", verdict({ 30, 0.1, 1, 1 }).verdict)
    assert.equal("unsure", verdict({ beyond.LEAST - 1, 1, 1, 10 }).verdict)
    assert.equal("regressed", verdict({ beyond.LEAST, 1, 1, 10 }).verdict)
  end)
end)

describe("Holm's method with weights", function()
  it("gives what matters more of the level", function()
    local adjusted = multiple.holm({ 0.01, 0.01 }, { 1, 0.25 })
    assert.is_true(math.abs(adjusted[1] - 0.0125) < 1e-12)
    assert.is_true(math.abs(adjusted[2] - 0.0125) < 1e-12)
    adjusted = multiple.holm({ 0.01, 0.001 }, { 1, 0.1 })
    assert.is_true(math.abs(adjusted[2] - 0.011) < 1e-12)
    assert.is_true(math.abs(adjusted[1] - 0.011) < 1e-12)
  end)

  it("sees the duration of one of fifty tasks beside their cpu time and memory", function()
    local list = {}
    for i = 1, 50 do
      list[i] = series_of({ 20, 1, 6, i == 1 and 1.15 or 1 }, 0.02)
      for _, metric in ipairs({ "cpu", "peak_memory" }) do
        list[#list + 1] = series_of({ 26, metric == "cpu" and 1 or 1e7 }, 0.02, metric)
      end
    end
    table.sort(list, function(a, b) return a.metric < b.metric end)
    local regressed = 0
    for _, row in ipairs(judge.history(list)) do
      regressed = regressed + (row.verdict == "regressed" and 1 or 0)
    end
    assert.equal(1, regressed)
  end)
end)

describe("a task that is called run", function()
  local function line(i, wall, own, fields)
    local made = { id = tostring(i), time = "", pipeline = "p", machine = "m", jobs = 2,
      status = "ok", wall = wall,
      tasks = { { id = "run", duration = own, code = 0, cache = "miss" } } }
    for key, value in pairs(fields or {}) do made[key] = value end
    return made
  end

  it("is not the whole run", function()
    local set = series.of({ line(1, 3, 1), line(2, 4, 2) }, line(3, 1, 1))
    assert.same({ 3, 4 }, set.by_key[series.key("run", "run", "duration")].values)
    assert.same({ 1, 2 }, set.by_key[series.key("task", "run", "duration")].values)
    assert.equal(2, #set.list)
  end)

  it("is left out with a word when it says nothing about the others", function()
    local set = series.of({ line(1, 3, 1, { machine = "x" }), line(2, 3, 1, { machine = "y" }),
      line(3, 3, 1, { jobs = 4 }), line(4, 3, 1, { pipeline = "q" }), line(5, 3, 1) },
      line(5, 3, 1))
    assert.equal("2 runs of another machine class, 1 run with another -j, 1 run of another"
      .. " pipeline", series.left_out(set))
    assert.is_nil(series.left_out(series.of({ line(1, 3, 1) }, line(1, 3, 1))))
  end)
end)
