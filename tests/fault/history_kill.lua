-- The history is whole at every instant: runs in one checkout, two at once, are killed with SIGKILL
-- at random instants. Afterwards each line is one run or a torn one that was mended, none is lost
-- of a run that came to its end, each has its record, and no record is cut off.
-- A kill cuts a write off between two pages of memory at most, which is too rare to wait for: what
-- it would leave is written here, between the runs.
--   ggen-lua lua tests/fault/history_kill.lua [--kills N] [--seed N] [--binary PATH]
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/lib/?.lua;" .. here .. "/../golden/lib/?.lua;" .. package.path

local async = require("ggen.async")
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")

local processes = require("processes")
local victims = require("victims")

local LIMIT = 10 -- seconds after a kill, for all of its processes to end
local AT_ONCE = 2
-- Fewer records than what the history keeps, so that none goes away.
local KILLS_EACH = 80

local options = victims.options("history_kill", 300)
if not options then return 2 end

local PIPELINE = [[
local p = require("ggen").pipeline "victim"
for i = 1, 20 do p:task("t" .. i) { run = "true", inputs = { "src" } } end
p:task "lua" { run = function() end, cache = false }
return p
]]

local root = assert(fs.make_temp_dir())
local killed, ended, torn = 0, 0, 0
local TORN = '{"v":1,"id":"20261121T211253'

local function checkout(number)
  local home = ("%s/home%d"):format(root, number)
  assert(fs.mkdir(home .. "/dir"))
  assert(fs.write(home .. "/dir/pipeline.lua", PIPELINE))
  assert(fs.write(home .. "/dir/src", "1"))
  return home
end

-- Seconds that a run takes here when nothing has changed: kills come within them.
local function usual_run()
  local home, least = checkout(0), math.huge
  for i = 1, 6 do
    local started = clock.monotonic()
    victims.run({ argv = { options.binary, "run", "-o", "none" }, cwd = home .. "/dir",
      capture = 65536, timeout = 30 }, home)
    if i > 1 then least = math.min(least, clock.monotonic() - started) end
  end
  return least
end

local longest

-- What is wrong with a history of which so many runs came to their ends.
local function problem_of(dir, whole_runs)
  local text, ids, whole = fs.read(dir .. "/.ggen/history.jsonl") or "", {}, 0
  for line in text:gmatch("[^\n]+") do
    local value = json.decode(line)
    if type(value) == "table" then
      if ids[value.id] then return ("the run %s has two lines"):format(value.id) end
      ids[value.id], whole = true, whole + 1
      if not fs.stat(("%s/.ggen/runs/%s.json"):format(dir, value.id)) then
        return ("the run %s has a line and no record"):format(value.id)
      end
    elseif line ~= TORN then -- which stands where the run that ended it was killed before it swept
      return "a line is no run: " .. line
    end
  end
  if whole < whole_runs then
    return ("%d runs came to their ends, and there are %d lines"):format(whole_runs, whole)
  end
  for _, entry in ipairs(fs.list(dir .. "/.ggen/runs") or {}) do
    if entry.name:find("%.json$") then
      local record, message = json.decode(assert(fs.read(dir .. "/.ggen/runs/" .. entry.name)))
      if not record then return ("%s: %s"):format(entry.name, message) end
    end
  end
end

local function tear(dir)
  local path = dir .. "/.ggen/history.jsonl"
  if (fs.read(path) or ""):sub(-1) ~= "\n" then return end -- no line yet, or torn already
  local file = assert(io.open(path, "ab"))
  file:write(TORN)
  file:close()
  torn = torn + 1
end

-- Kills of one checkout, the next one after all processes of the one before are gone.
local function cell(number, kills)
  local home, whole = checkout(number), 0
  local function run(delay)
    local result = victims.run({ argv = { options.binary, "run", "-o", "none" },
      cwd = home .. "/dir", capture = 65536, timeout = 30 }, home, delay)
    if result.code == 0 then whole = whole + 1 end
    if delay then
      if result.code == 0 then ended = ended + 1 else killed = killed + 1 end
    elseif result.code ~= 0 or result.stdout:find("warning") then
      error(("a run beside a killed one: %s%s"):format(result.stdout, result.stderr), 0)
    end
  end
  for i = 1, kills do
    if math.random(10) == 1 then assert(fs.write(home .. "/dir/src", tostring(i))) end
    if math.random(4) == 1 then tear(home .. "/dir") end
    async.all({ function() run(math.random() * longest) end,
      function() run(math.random(2) == 1 and math.random() * longest or nil) end })
    local left = processes.wait_until_gone(home, LIMIT)
    if #left > 0 then return ("%d processes are left: %s"):format(#left, left[1].command) end
    local problem = problem_of(home .. "/dir", whole)
    if problem then return problem end
  end
end

local passed, failed, numbers, cells = 0, 0, {}, {}
for number = 1, math.ceil(options.kills / KILLS_EACH) do
  numbers[number] = math.min(KILLS_EACH, options.kills - (number - 1) * KILLS_EACH)
end
longest = usual_run()
local begun = 0
for i = 1, AT_ONCE do
  cells[i] = function()
    while begun < #numbers do
      begun = begun + 1
      local number = begun
      local ok, problem = pcall(cell, number, numbers[number])
      if ok and not problem then
        passed = passed + 1
      else
        failed = failed + 1
        print(("checkout %d: %s (see %s)"):format(number, tostring(problem), root))
      end
    end
  end
end
async.all(cells)
if failed == 0 then fs.remove(root, { recursive = true }) end

print(("history_kill: %d runs killed, %d ended before, %d torn lines were mended"):format(
  killed, ended, torn))
if killed < options.kills / 2 or torn == 0 then
  print("history_kill: most runs ended before they were killed, so this has shown nothing")
  failed = failed + 1
end
print(("fault: %d passed, %d failed"):format(passed, failed))
return failed == 0 and 0 or 1
