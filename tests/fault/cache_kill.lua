-- The cache is right at every instant: runs that store and restore are killed with SIGKILL at
-- random instants, one alone, two in one checkout, and one in each of two checkouts of one cache.
-- Then `cache verify` must find nothing wrong, and the next run must make what one without a cache
-- makes.
--   ggen-lua lua tests/fault/cache_kill.lua [--kills N] [--seed N] [--binary PATH]
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/lib/?.lua;" .. here .. "/../golden/lib/?.lua;" .. package.path

local async = require("ggen.async")
local fs = require("ggen.core.fs")

local processes = require("processes")
local victims = require("victims")

local LONGEST = 0.04 -- a kill comes at most so many seconds after the start
local AT_ONCE = 2 -- caches that are worked on at the same time
local LIMIT = 10 -- seconds after a kill, for all of its processes to end
local VALUES = 3 -- what the source may be

local options = victims.options("cache_kill", 300)
if not options then return 2 end

-- Files, directories, links, modes, logs; some hang on others, some write slowly. Each begins anew:
-- what a killed command leaves in its output directory would be an output of the next one.
local PIPELINE = [[
local p = require("ggen").pipeline "victim"
for i = 1, 8 do
  p:task("t" .. i) {
    run = ("rm -rf out/%d; mkdir -p out/%d/empty; cd out/%d; echo log of %d; for n in 1 2 3; do"
      .. " { %s cat ../../src %s; } > $n; done; chmod +x 2; ln -s $(head -1 1) link"):format(i, i,
      i, i, i % 3 == 0 and "sleep 0.003;" or "", i > 3 and ("../%d/1"):format(i - 3) or ""),
    inputs = { "src" }, outputs = { "out/" .. i }, needs = i > 3 and { "t" .. i - 3 } or nil,
  }
end
return p
]]

local function run(home, dir, args, delay)
  return victims.run({ argv = { options.binary, unpack(args) }, cwd = dir, capture = 1024 * 1024,
    timeout = 30 }, home, delay)
end

-- What lies in the outputs of a checkout, as text.
local function outputs(dir)
  local pipe = assert(io.popen(("cd '%s' && find out -printf '%%y %%m %%p %%l\\n' | sort && "
    .. "find out -type f | sort | xargs md5sum"):format(dir)))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local root = assert(fs.make_temp_dir())
local expected = {}

local function checkout(dir)
  assert(fs.mkdir(dir))
  assert(fs.write(dir .. "/pipeline.lua", PIPELINE))
end

local function source(value) return ("value-%d\n"):format(value):rep(200) end

-- What each value makes without a cache.
local function make_expected()
  for value = 1, VALUES do
    local home = ("%s/plain%d"):format(root, value)
    local dir = home .. "/dir"
    checkout(dir)
    assert(fs.write(dir .. "/src", source(value)))
    local result = run(home, dir, { "run", "--no-cache", "-o", "none" })
    assert(result.code == 0, result.stderr)
    expected[value] = outputs(dir)
  end
end

local killed, ended, restored, ran = 0, 0, 0, 0

-- Starts one or two runs, kills them, and says what is wrong afterwards.
local function kill_once(home)
  local kind = math.random(3)
  local dirs = ({ { "/one" }, { "/one", "/one" }, { "/one", "/two" } })[kind]
  local values = { ["/one"] = math.random(VALUES), ["/two"] = math.random(VALUES) }
  local work = {}
  for _, dir in ipairs({ "/one", "/two" }) do
    assert(fs.write(home .. dir .. "/src", source(values[dir])))
    if math.random(3) == 1 then fs.remove(home .. dir .. "/out", { recursive = true }) end
    if math.random(10) == 1 then fs.remove(home .. dir .. "/.ggen", { recursive = true }) end
  end
  if math.random(15) == 1 then run(home, home, { "cache", "clear" }) end
  for i, dir in ipairs(dirs) do
    local delay = (i == 1 or math.random(2) == 1) and math.random() * LONGEST or nil
    work[i] = function()
      local args = { "run", "-j2", "-o", "errors", math.random(2) == 1 and "--force" or nil }
      local result = run(home, home .. dir, args, delay)
      if result.code ~= 0 and not delay then
        error(("the run beside the killed one ended with %s: %s%s"):format(tostring(result.code),
          result.stdout, result.stderr), 0)
      end
      if delay and result.code ~= 0 then killed = killed + 1 else ended = ended + 1 end
    end
  end
  async.all(work)
  local left = processes.wait_until_gone(home, LIMIT)
  if #left > 0 then return ("%d processes are left: %s"):format(#left, left[1].command) end

  local verified = run(home, home, { "cache", "verify" })
  if verified.code ~= 0 then return "cache verify: " .. verified.stdout .. verified.stderr end
  for _, dir in ipairs({ "/one", "/two" }) do
    local result = run(home, home .. dir, { "run", "-j2", "-o", "none" })
    if result.code ~= 0 or result.stdout:find("warning") or result.stderr ~= "" then
      return ("the next run in %s: %s%s"):format(dir, result.stdout, result.stderr)
    end
    restored = restored + (tonumber(result.stdout:match("(%d+) restored")) or 0)
    ran = ran + (tonumber(result.stdout:match("(%d+) ran")) or 0)
    if outputs(home .. dir) ~= expected[values[dir]] then
      assert(fs.write(root .. "/expected", expected[values[dir]]))
      assert(fs.write(root .. "/found", outputs(home .. dir)))
      return ("wrong outputs in %s after the next run (%s): see %s/{expected,found}"):format(dir,
        result.stdout, root)
    end
  end
end

make_expected()
local started, passed, failed, cells = 0, 0, 0, {}
for number = 1, AT_ONCE do
  cells[number] = function()
    local home = ("%s/cell%d"):format(root, number)
    for _, dir in ipairs({ "/one", "/two" }) do checkout(home .. dir) end
    while started < options.kills do
      started = started + 1
      local ok, problem = pcall(kill_once, home)
      if ok and not problem then
        passed = passed + 1
      else
        failed = failed + 1
        print(("kill %d: %s"):format(passed + failed, tostring(problem)))
      end
    end
  end
end
async.all(cells)
if failed == 0 then fs.remove(root, { recursive = true }) end

print(("cache_kill: %d runs killed, %d ended before; afterwards %d tasks were restored and %d ran")
  :format(killed, ended, restored, ran))
if killed < options.kills / 2 or restored == 0 then
  print("cache_kill: most runs ended before they were killed, so this has shown nothing")
  failed = failed + 1
end
print(("fault: %d passed, %d failed"):format(passed, failed))
return failed == 0 and 0 or 1
