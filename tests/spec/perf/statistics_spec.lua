-- The statistics against published values, and against slow and obvious ways to get the same.
-- SPDX-License-Identifier: MIT
local change = require("ggen.perf.change")
local judge = require("ggen.perf.judge")
local multiple = require("ggen.perf.multiple")
local rank = require("ggen.perf.rank")
local robust = require("ggen.perf.robust")

local function near(expected, actual, tolerance)
  assert.is_true(math.abs(expected - actual) <= (tolerance or 1e-9),
    ("%.12g expected, got %.12g"):format(expected, actual))
end

-- A source of numbers that is the same on every machine (Park and Miller).
local function source(seed)
  local state = seed
  local function uniform()
    state = state * 16807 % 2147483647
    return state / 2147483647
  end
  return uniform, function()
    return math.sqrt(-2 * math.log(uniform())) * math.cos(2 * math.pi * uniform())
  end
end

describe("median and spread", function()
  it("agree with the textbook", function()
    assert.is_nil(robust.median({}))
    assert.equal(3, robust.median({ 3 }))
    assert.equal(2, robust.median({ 6, 1, 9, 2, 1, 4, 2 }))
    assert.equal(2.5, robust.median({ 4, 1, 3, 2 }))
    -- The median absolute deviation of 1 1 2 2 4 6 9 is 1; the factor of seven values is 1.140.
    near(1.4826022 * 1.140, (robust.spread({ 1, 1, 2, 2, 4, 6, 9 })), 1e-6)
    assert.is_nil((robust.spread({ 5 })))
    assert.equal(0, (robust.spread({ 5, 5, 5 })))
    assert.is_nil((robust.noise({ 0, 0, 0 })))
  end)

  it("are those of the sorted list, long or short", function()
    local uniform = source(7)
    for _, n in ipairs({ 2, 9, 150, 201, 400 }) do
      local values = {}
      for i = 1, n do values[i] = uniform() end
      local expected = { unpack(values) }
      table.sort(expected)
      assert.same(expected, robust.sorted(values))
    end
  end)

  it("estimate the standard deviation, also of few values", function()
    local _, normal = source(11)
    for _, n in ipairs({ 3, 5, 8, 20 }) do
      local sum = 0
      for _ = 1, 4000 do
        local values = {}
        for i = 1, n do values[i] = normal() end
        sum = sum + robust.spread(values)
      end
      near(1, sum / 4000, 0.06)
    end
  end)

  it("name the values that do not belong", function()
    -- The example of Iglewicz and Hoaglin.
    assert.same({ 9, 10 },
      robust.outliers({ 2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3 }))
    assert.same({}, robust.outliers({ 1, 100, 1, 1 }))
    assert.same({}, robust.outliers({ 2, 2, 2, 2, 2, 9 }))
  end)
end)

describe("the rank test", function()
  it("has the tails of the normal distribution", function()
    near(0.05, rank.normal_tails(1.959963985), 1e-7)
    near(0.01, rank.normal_tails(-2.575829304), 1e-7)
    near(1, rank.normal_tails(0), 1e-6)
    near(1e-5, rank.normal_tails(4.417173413), 1e-10)
    near(4.417173413, rank.normal_quantile(1e-5), 1e-5)
  end)

  it("agrees with published examples", function()
    -- Hollander and Wolfe 1973, page 69: W = 35, one-sided p = 0.1272 (as R has it).
    local result = rank.test({ 1.15, 0.88, 0.90, 0.74, 1.21 },
      { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 })
    assert.equal(35, result.u)
    assert.equal("exact", result.method)
    near(0.2544, result.p, 5e-5)
    -- Two sets that do not overlap: one choice of all, on either side.
    near(2 / 252, rank.test({ 1, 2, 3, 4, 5 }, { 6, 7, 8, 9, 10 }).p)
    near(2 / 35, rank.test({ 7, 6, 5 }, { 1, 2, 3, 4 }).p)
    assert.equal(1, rank.test({ 1, 1 }, { 1, 1 }).p)
  end)

  -- All choices of k of the values, as an oracle.
  local function by_enumeration(first, second)
    local values = {}
    for _, value in ipairs(first) do values[#values + 1] = value end
    for _, value in ipairs(second) do values[#values + 1] = value end
    local function u_of(chosen)
      local u = 0
      for i = 1, #values do
        for j = 1, #values do
          if not chosen[i] and chosen[j] then
            u = u + (values[j] > values[i] and 1 or values[j] == values[i] and 0.5 or 0)
          end
        end
      end
      return u
    end
    local center, all, beyond = #first * #second / 2, 0, 0
    local own = {}
    for i = #first + 1, #values do own[i] = true end
    local observed = math.abs(u_of(own) - center)
    local function choose(from, left, chosen)
      if left == 0 then
        all = all + 1
        if math.abs(u_of(chosen) - center) >= observed - 1e-9 then beyond = beyond + 1 end
        return
      end
      for i = from, #values - left + 1 do
        chosen[i] = true
        choose(i + 1, left - 1, chosen)
        chosen[i] = nil
      end
    end
    choose(1, #second, {})
    return beyond / all, u_of(own)
  end

  it("counts what trying all choices counts, with ties and without", function()
    local uniform = source(3)
    for _ = 1, 60 do
      local first, second = {}, {}
      local coarse = uniform() < 0.5
      for i = 1, 2 + math.floor(uniform() * 4) do first[i] = uniform() end
      for i = 1, 2 + math.floor(uniform() * 4) do second[i] = uniform() + 0.2 end
      if coarse then
        for _, list in ipairs({ first, second }) do
          for i = 1, #list do list[i] = math.floor(list[i] * 4) end
        end
      end
      local p, u = by_enumeration(first, second)
      local result = rank.test(first, second)
      near(u, result.u)
      near(p, result.p)
    end
  end)

  it("is the same for both orders, and goes over to the normal distribution", function()
    local _, normal = source(5)
    local first, second = {}, {}
    for i = 1, 60 do first[i], second[i] = normal(), normal() + 0.4 end
    local result = rank.test(first, second)
    assert.equal("normal", result.method)
    near(result.p, rank.test(second, first).p)
    local few = { {}, {} }
    for i = 1, 20 do few[1][i], few[2][i] = first[i], second[i] end
    local exact = rank.test(few[1], few[2])
    assert.equal("exact", exact.method)
    local doubled, sum = rank.doubled_ranks({ unpack(few[1]) }), 0
    assert.equal(20, #doubled)
    for i = 1, 20 do
      for j = 1, 20 do sum = sum + (few[2][j] > few[1][i] and 1 or 0) end
    end
    assert.equal(sum, exact.u)
    near(exact.p, rank.normal_tails((math.abs(sum - 200) - 0.5) / math.sqrt(400 * 41 / 12)), 0.01)
  end)
end)

describe("Holm's method", function()
  it("agrees with the textbook", function()
    local adjusted = multiple.holm({ 0.01, 0.04, 0.03, 0.005 })
    for i, expected in ipairs({ 0.03, 0.06, 0.06, 0.02 }) do near(expected, adjusted[i]) end
    assert.same({}, multiple.holm({}))
    assert.same({ 1, 1 }, multiple.holm({ 0.9, 0.6 }))
  end)

  it("never makes a chance smaller, and keeps their order", function()
    local uniform = source(9)
    for _ = 1, 100 do
      local chances = {}
      for i = 1, 1 + math.floor(uniform() * 20) do chances[i] = uniform() ^ 4 end
      local adjusted = multiple.holm(chances)
      for i = 1, #chances do
        assert.is_true(adjusted[i] >= chances[i] and adjusted[i] <= 1)
        for j = 1, #chances do
          if chances[i] < chances[j] then assert.is_true(adjusted[i] <= adjusted[j]) end
        end
      end
    end
  end)
end)

-- The flow of the Nile at Aswan, 1871 to 1970 (Cobb 1978): it fell after 1898.
local NILE = { 1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994,
  1020, 960, 1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874,
  694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764,
  821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010,
  771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797,
  923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740 }

describe("the change in a series", function()
  it("is found where the Nile fell, and nowhere else", function()
    assert.equal(100, #NILE)
    local found = change.all(NILE)
    assert.equal(1, #found)
    assert.equal(1899, 1870 + found[1].at)
    assert.is_true(found[1].p < 1e-6)
    assert.is_true(found[1].z < 0)
  end)

  it("is looked for between its neighbours", function()
    local values = {}
    for i = 1, 45 do values[i] = (i <= 15 and 100 or i <= 30 and 50 or 60) + i % 3 end
    local found = change.refined(values)
    assert.equal(2, #found)
    assert.equal(16, found[1].at)
    assert.equal(31, found[2].at)
    assert.is_true(found[2].z > 0)
  end)

  it("needs enough values", function()
    assert.is_nil(change.strongest({ 1, 1, 1, 1, 1, 2, 2 }))
    assert.is_table(change.strongest({ 1, 1, 1, 1, 1, 2, 2, 2 }))
    assert.same({}, (change.refined({})))
    local same = {}
    for i = 1, 30 do same[i] = 7 end
    assert.equal(1, change.strongest(same).p)
  end)

  it("counts all splits as published", function()
    -- Lausen, Sauerbrei and Schumacher 1994, page 489: 2.5 of 20 values, the middle half.
    near(0.073, change.any_split(rank.normal_tails(2.5), 20, 5, 15), 5e-4)
    assert.equal(1, change.any_split(0.5, 20, 5, 15))
    near(1.42e-5, change.any_split(1e-5, 400, 100, 102), 1e-7)
  end)

  it("is not found where there is none more often than its chance says", function()
    local uniform = source(13)
    for _, n in ipairs({ 12, 30, 60 }) do
      local below = { [0.05] = 0, [0.01] = 0 }
      for _ = 1, 2000 do
        local values = {}
        for i = 1, n do values[i] = uniform() end
        local p = change.strongest(values).p
        for level in pairs(below) do
          if p <= level then below[level] = below[level] + 1 end
        end
      end
      assert.is_true(below[0.05] <= 0.055 * 2000, n .. " values, 5 %: " .. below[0.05])
      assert.is_true(below[0.01] <= 0.015 * 2000, n .. " values, 1 %: " .. below[0.01])
      -- Nor so rarely that it would see nothing.
      assert.is_true(below[0.05] >= 0.01 * 2000, n .. " values, 5 %: " .. below[0.05])
    end
  end)
end)

local function series_of(values, id)
  local runs = {}
  for i = 1, #values do runs[i] = 100 + i end
  return { id = id or "test", metric = "duration", values = values, runs = runs }
end

-- Values around `base` that go up and down by some percent, the same each time.
local function wobble(count, base, share, list)
  list = list or {}
  for _ = 1, count do list[#list + 1] = base * (1 + share * ((#list * 7 % 11) - 5) / 5) end
  return list
end

describe("the verdict", function()
  it("says how much, how sure, and since when", function()
    local values = wobble(10, 11.1, 0.03, wobble(20, 10, 0.03))
    local row = judge.history({ series_of(values) })[1]
    assert.equal("regressed", row.verdict)
    assert.equal(121, row.since)
    assert.same({ before = 20, after = 10 }, row.samples)
    near(0.11, row.change, 0.01)
    assert.matches("^test regressed 1%d %% %(p < 0.001, noise %d %%, since 4f2c91a%)$",
      judge.text(row, "4f2c91a"))
    local back = judge.history({ series_of(wobble(10, 9, 0.02, wobble(20, 10, 0.02))) })[1]
    assert.equal("improved", back.verdict)
    assert.matches("^test improved 10 %%", judge.text(back))
  end)

  it("needs a change that is larger than the noise, however certain", function()
    local values = wobble(15, 10.3, 0.001, wobble(30, 10, 0.001))
    assert.equal("steady", judge.history({ series_of(values) })[1].verdict)
    assert.equal("regressed", judge.history({ series_of(values) }, { least = 0.02 })[1].verdict)
    local noisy = wobble(20, 1.11, 0.13, wobble(40, 1, 0.13))
    assert.is_true(change.refined(noisy)[1].p < 0.01)
    local row = judge.history({ series_of(noisy) }, { level = 1 })[1]
    assert.are_not.equal("regressed", row.verdict)
  end)

  it("does not mind what nobody feels", function()
    local values = wobble(20, 0.008, 0.02, wobble(20, 0.004, 0.02))
    assert.equal("steady", judge.history({ series_of(values) })[1].verdict)
  end)

  it("is not sure of one run", function()
    local row = judge.history({ series_of(wobble(1, 20, 0, wobble(20, 10, 0.02))) })[1]
    assert.equal("unsure", row.verdict)
    assert.matches("^test may have regressed 1?0?%d+ %% %(noise %d %%, 1 run since, not enough to"
      .. " be sure%)$", judge.text(row))
    assert.equal("few", judge.history({ series_of({ 1, 1, 1 }) })[1].verdict)
  end)

  it("takes an old change as how things are", function()
    local values = wobble(judge.RECENT + 5, 12, 0.02, wobble(20, 10, 0.02))
    local row = judge.history({ series_of(values) })[1]
    assert.equal("steady", row.verdict)
  end)

  it("wants more of each of many tests", function()
    local changed = wobble(3, 11.5, 0.02, wobble(20, 10, 0.02))
    local list = { series_of(changed, "a") }
    assert.equal("regressed", judge.history(list)[1].verdict)
    for i = 2, 50 do list[i] = series_of(wobble(23, 10, 0.02), "t" .. i) end
    assert.equal("unsure", judge.history(list)[1].verdict)
  end)

  it("compares with a baseline", function()
    local before = wobble(20, 10, 0.03)
    local function baseline(one) return one.id == "test" and before or nil end
    local function of(count, value)
      return judge.baseline({ series_of(wobble(count, value, 0.03)),
        series_of({ 1 }, "unknown") }, baseline)
    end
    local rows = of(6, 11.5)
    assert.equal(1, #rows)
    assert.equal("regressed", rows[1].verdict)
    assert.equal("unsure", of(1, 14)[1].verdict)
    assert.equal("few", of(1, 10.1)[1].verdict)
    assert.equal("steady", of(6, 10)[1].verdict)
  end)

  it("finds +10 % with 3 % of noise, and nothing where nothing is", function()
    -- A small form of tests/bench/regression.lua.
    local uniform, normal = source(17)
    local found, wrong = 0, 0
    for _ = 1, 30 do
      local list = {}
      for i = 1, 50 do
        local values, base = {}, 1 + uniform() * 10
        for run = 1, 30 do
          values[run] = base * (i == 1 and run > 20 and 1.1 or 1) * math.exp(0.03 * normal())
        end
        list[i] = series_of(values, "task" .. i)
      end
      for i, row in ipairs(judge.history(list)) do
        if row.verdict == "regressed" then
          if i == 1 then found = found + 1 else wrong = wrong + 1 end
        end
      end
    end
    assert.is_true(found >= 27, found .. " of 30 found")
    assert.equal(0, wrong)
  end)
end)
