-- How good the regression statistics are: simulated histories of 50 tasks, one of which becomes
-- slower at a known run, and histories in which nothing changes. The gate is asked after each of
-- the ten runs that follow, as CI would ask it; a trial counts as found when it named the task, and
-- as a false alarm when it named any task that did not change.
-- The first two rows are those of the bar; the other ones, with noise that is worse than it
-- promises, get a fifth of the trials.
-- With METRICS = 3 each task also has a cpu time (that of its duration, with 1 % of noise of its
-- own) and a memory (2 %), as `perf check` tests them beside each other.
-- Usage: ggen-lua lua tests/bench/regression.lua [TRIALS [SEED [TASKS [METRICS [ROWS]]]]]
-- SPDX-License-Identifier: MIT
local judge = require("ggen.perf.judge")
local series = require("ggen.perf.series")
local clock = require("ggen.core.clock")

local trials, seed = tonumber(arg[1]) or 1000, tonumber(arg[2]) or 1
local TASKS, METRICS, AFTER = tonumber(arg[3]) or 50, tonumber(arg[4]) or 1, 10
local ROWS = tonumber(arg[5]) or math.huge

local function normal()
  return math.sqrt(-2 * math.log(1 - math.random())) * math.cos(2 * math.pi * math.random())
end

-- Each maker gives a source of noise factors for one trial: called once for each run, it gives the
-- function that draws the factor of one task in this run.
local NOISE = {
  { "normal 3 %", function() return function() return function() return 1 + 0.03 * normal() end end
    end },
  { "lognormal 3 %", function()
    return function() return function() return math.exp(0.03 * normal()) end end
  end },
  { "lognormal 6 %", function()
    return function() return function() return math.exp(0.06 * normal()) end end
  end },
  -- One run of twenty takes up to twice as long: a cold disk, a busy neighbour.
  { "3 %, 5 % of values up to twice", function()
    return function() return function()
      local factor = math.exp(0.03 * normal())
      return math.random() < 0.05 and factor * (1 + math.random()) or factor
    end end
  end },
  -- Student's t with 3 degrees of freedom, scaled to a standard deviation of 3 %.
  { "t with 3 degrees, 3 %", function()
    return function() return function()
      local square = 0
      for _ = 1, 3 do square = square + normal() ^ 2 end
      return 1 + 0.03 / math.sqrt(3) * normal() / math.sqrt(square / 3)
    end end
  end },
  -- What a run has in common: all its tasks are slow or fast together.
  { "3 %, and 3 % of the whole run", function()
    return function()
      local common = math.exp(0.03 * normal())
      return function() return common * math.exp(0.03 * normal()) end
    end
  end },
  -- The machine has good and bad hours: not what the rank test assumes.
  { "3 %, and hours of 3 % (AR 0.8)", function()
    local level = 0
    return function()
      level = 0.8 * level + 0.6 * 0.03 * normal()
      return function() return math.exp(level + 0.03 * normal()) end
    end
  end },
}

-- One trial: `before` runs, then ten with the change; found after how many, and any false alarm.
local function trial(make, before, injected)
  local draw, list = make(), {}
  for i = 1, TASKS do
    local base = math.exp(1 + normal() / 2)
    for k = 1, METRICS do
      list[#list + 1] = { id = "task" .. i, scope = "task", metric = series.METRICS[k],
        values = {}, runs = {}, base = base, task = i }
    end
  end
  local found, wrong
  for run = 1, before + AFTER do
    local factor, seconds = draw(), nil
    for _, one in ipairs(list) do
      local value
      if one.metric == "duration" then
        value = one.base * factor() * (one.task == 1 and run > before and 1 + injected or 1)
        seconds = value
      elseif one.metric == "cpu" then
        value = 0.9 * seconds * (1 + 0.01 * normal())
      else
        value = 1e7 * (1 + 0.02 * normal())
      end
      one.values[run], one.runs[run] = value, run
    end
    if run > before then
      for i, row in ipairs(judge.history(list)) do
        if row.verdict == "regressed" then
          local it = list[i].task == 1 and injected > 0 and row.metric ~= "peak_memory"
          if it then found = found or run - before else wrong = true end
        end
      end
    end
  end
  return found, wrong
end

print(("%d trials of %d figures, asked after each of %d runs"):format(trials, TASKS * METRICS,
  AFTER))
print("noise                              before   +10 % found  after (median)  +5 % found"
  .. "  false alarms")
local started = clock.monotonic()
for position, noise in ipairs(NOISE) do
  if position > ROWS then break end
  local count = position == 1 and trials or math.max(1, math.floor(trials / 5))
  for _, before in ipairs({ 20, 40 }) do
    math.randomseed(seed)
    local found, half, alarms, after = 0, 0, 0, {}
    for _ = 1, count do
      local at = trial(noise[2], before, 0.10)
      if at then
        found = found + 1
        after[#after + 1] = at
      end
      if trial(noise[2], before, 0.05) then half = half + 1 end
      local _, wrong = trial(noise[2], before, 0)
      if wrong then alarms = alarms + 1 end
    end
    table.sort(after)
    print(("%-34s %6d %11.1f %% %15s %9.1f %% %11.1f %%"):format(noise[1], before,
      100 * found / count, after[math.ceil(#after / 2)] or "-", 100 * half / count,
      100 * alarms / count))
    io.stdout:flush()
  end
end
io.stderr:write(("%.1f s\n"):format(clock.monotonic() - started))
