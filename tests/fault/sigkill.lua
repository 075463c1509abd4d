-- Promise 3: whatever dies, no process is left behind. Runs a pipeline of 50 tasks whose commands
-- have children and grandchildren, kills ggen-lua with SIGKILL at a random instant, and looks for
-- processes of that pipeline two seconds later at the latest.
--   ggen-lua lua tests/fault/sigkill.lua [--kills N] [--seed N] [--binary PATH]
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/lib/?.lua;" .. here .. "/../golden/lib/?.lua;" .. package.path

local async = require("ggen.async")
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")

local processes = require("processes")
local victims = require("victims")

local TASKS = 50
local LIMIT = 2 -- seconds after the kill
local LONGEST = 0.6 -- a kill comes at most so many seconds after the start

local AT_ONCE = 4 -- victims; each is waiting most of the time

local options = victims.options("sigkill", 200)
if not options then return 2 end

-- Tasks end at different times, so that a kill meets starts, ends and everything between; some do
-- not listen to TERM; every one has a child and a grandchild of its own in the background.
local PIPELINE = [[
local p = require("ggen").pipeline "victim"
for i = 1, %d do
  local trap = i %% 5 == 0 and "trap '' TERM INT HUP; " or ""
  p:task("t" .. i) {
    run = trap .. "sh -c 'sleep 30 & sleep 30 & wait' & sleep 0.0" .. i %% 10 .. "; "
      .. (i %% 3 == 0 and "wait" or "true"),
    needs = i > 10 and { "t" .. (i - 10) } or nil, optional = true, timeout = "20s",
  }
end
p:task "end" { run = "sleep 30", finally = true }
return p
]]

local root = assert(fs.make_temp_dir())
assert(fs.write(root .. "/pipeline.lua", PIPELINE:format(TASKS)))

local function kill_once(number, delay)
  local home = ("%s/home%04d"):format(root, number)
  assert(fs.mkdir(home))
  local seen, killed
  victims.run({ argv = { options.binary, "run", "-j", "8", "--keep-going", "--output", "none" },
    cwd = root }, home, delay, function()
    seen, killed = #processes.find(home), clock.monotonic()
  end)
  assert(killed, "the victim ended before it was killed")
  local left = processes.wait_until_gone(home, killed + LIMIT - clock.monotonic())
  return seen, clock.monotonic() - killed, left
end

local passed, failed, longest, most = 0, 0, 0, 0

local function judge(number, delay)
  local seen, waited, left = kill_once(number, delay)
  longest, most = math.max(longest, waited), math.max(most, seen)
  if #left == 0 then
    passed = passed + 1
    return
  end
  failed = failed + 1
  print(("kill %d, %.3f s after the start: %d processes left after %.1f s"):format(number, delay,
    #left, LIMIT))
  for _, entry in ipairs(left) do
    print(("  %d %s"):format(entry.pid, entry.command))
    os.execute("kill -KILL " .. entry.pid .. " 2>/dev/null")
  end
end

local slots, work = async.semaphore(AT_ONCE), {}
for number = 1, options.kills do
  local delay = math.random() * LONGEST
  work[number] = function()
    slots:with(function() judge(number, delay) end)
  end
end
async.all(work)
fs.remove(root, { recursive = true })

print(("sigkill: up to %d processes at the instant of a kill, all gone within %.3f s"):format(most,
  longest))
if most < 10 then
  print("sigkill: the pipeline never had ten processes, so this has shown nothing")
  failed = failed + 1
end
print(("fault: %d passed, %d failed"):format(passed, failed))
return failed == 0 and 0 or 1
