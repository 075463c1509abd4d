-- Runs that lease containers, killed with SIGKILL at random instants, several at a time: ten
-- seconds later at the latest nothing of them is left, no container, no volume; and in the end no
-- reaper and no page in the books. All the while another run in one of the trees holds its leases,
-- and nobody touches them.
-- images: bb-volume
-- SPDX-License-Identifier: MIT
package.path = "tests/containers/support/?.lua;tests/fault/lib/?.lua;" .. package.path

local async = require("ggen.async")
local clock = require("ggen.core.clock")
local docker = require("ggen.std").docker
local fs = require("ggen.core.fs")
local ggen = require("ggen")
local owners = require("owners")
local victims = require("victims")

local KILLS = 100
local AT_ONCE = 4 -- trees; in the first one is the run that goes on
local LONGEST = 0.9 -- a kill comes at most so many seconds after the start
local LIMIT = 10 -- seconds after the kill
local REAPER_TOO = 10 -- one kill of so many also kills the reaper

-- Containers come and go with each task; those of "cache" stay. Each has an anonymous volume.
local PIPELINE = [[
local p = require("ggen").pipeline "victim"
local function bb(fields)
  fields.image, fields.network = "localhost/ggen/bb-volume:1", "none"
  fields.cmd = { "tail", "-f", "/dev/null" }
  return fields
end
p:use "containers.pool" {
  db = bb { size = 2 },
  cache = bb { reset = { "true" }, idle = "run" },
  kept = bb { size = 2 },
}
for i = 1, 200 do
  p:task("t" .. i) { run = "true", services = i % 3 == 0 and { "db", "cache" } or { "db" } }
end
p:task "hold" {
  run = "touch held; while [ ! -e done ]; do sleep 0.1; done", services = { "cache", "kept" },
}
return p
]]

local root, engine, binary, seed

local function tree(number) return ("%s/tree%d"):format(root, number) end

local ENV = { DOCKER_HOST = os.getenv("DOCKER_HOST"), GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH") }

local function spec_of(number, ...)
  return { argv = { binary, "run", "-j", "3", "--output", "none", ... }, cwd = tree(number),
    env = ENV }
end

-- The run that goes on: its containers by id.
local live

local function start_live()
  local ended = async.future()
  async.run(function() return victims.run(spec_of(1, "hold"), tree(1) .. "/home") end,
    function(ok, result) ended:resolve(ok and result.code or -1) end)
  owners.wait_until(function() return fs.stat(tree(1) .. "/held") ~= nil end, "the other run")
  live = { ended = ended, ids = {} }
  for _, one in ipairs(owners.containers(engine, tree(1))) do live.ids[one.id] = true end
end

-- What is there of the runs that were killed in a tree.
local function left(number)
  local list = {}
  for _, container in ipairs(owners.containers(engine, tree(number))) do
    if not live.ids[container.id] then list[#list + 1] = container.id:sub(1, 12) end
  end
  return list
end

local function pages(number)
  local list = {}
  for _, name in ipairs(owners.books(tree(number))) do
    if name:find("^run%-") then list[#list + 1] = name end
  end
  return list
end

local function gc(number)
  local result = victims.run({ argv = { binary, "containers", "gc" }, cwd = tree(number),
    env = ENV, capture = 65536 }, tree(number) .. "/home")
  assert(result.code == 0, ("gc in tree %d: %s%s"):format(number, result.stdout, result.stderr))
end

local stats = { kills = 0, seen = 0, longest = 0 }

local function kill_once(number, delay, with_reaper)
  local killed
  victims.run(spec_of(number, "t*"), tree(number) .. "/home", delay, function()
    local reapers = owners.reapers(tree(number))
    -- Who has started last is that of the victim; the other run has one as well.
    if with_reaper and #reapers > (number == 1 and 1 or 0) then
      os.execute("kill -s KILL " .. reapers[#reapers])
    end
    killed = clock.monotonic()
  end)
  assert(killed, "the victim ended before it was killed")
  stats.kills = stats.kills + 1
  if #left(number) > 0 then stats.seen = stats.seen + 1 end
  local list
  repeat
    -- Without a reaper what the next run does, by hand; the engine may still be making one.
    if with_reaper then gc(number) end
    list = left(number)
    local late = clock.monotonic() - killed
    if #list > 0 then
      assert(late < LIMIT, ("seed %d: after %.1f s there is still %s"):format(seed, late,
        table.concat(list, " ")))
      async.sleep(0.05)
    else
      stats.longest = math.max(stats.longest, late)
    end
  until #list == 0
  for id in pairs(live.ids) do
    assert(engine:inspect(id), "a container of the other run is gone: " .. id)
  end
end

describe("a run that leases containers and is killed", function()
  setup(function()
    seed = tonumber(os.getenv("GGEN_TEST_SEED")) or os.time() % 1000000
    math.randomseed(seed)
    binary = os.getenv("GGEN_LUA") or assert(fs.realpath("/proc/self/exe"))
    root = assert(fs.make_temp_dir())
    engine = assert(docker.connect())
    for number = 1, AT_ONCE do
      assert(fs.mkdir(tree(number) .. "/home"))
      assert(fs.write(tree(number) .. "/pipeline.lua", PIPELINE))
    end
  end)

  teardown(function()
    if live and not live.over then -- the test has failed
      assert(fs.write(tree(1) .. "/done", ""))
      live.ended:wait()
    end
    for number = 1, AT_ONCE do owners.end_all(tree(number)) end
    fs.remove(root, { recursive = true })
  end)

  -- One test: the other run lasts from its beginning to its end.
  it("leaves nothing, and another run goes on", function()
    start_live()
    local started, begun = 0, clock.monotonic()
    local function slot(number)
      while started < KILLS do
        started = started + 1
        kill_once(number, LONGEST * math.random(), started % REAPER_TOO == 0)
      end
    end
    local slots = {}
    for number = 1, AT_ONCE do slots[number] = function() slot(number) end end
    async.all(slots)
    print(("%d kills in %.1f s (seed %d), %d met containers, the last was gone after %.2f s")
      :format(stats.kills, clock.monotonic() - begun, seed, stats.seen, stats.longest))
    assert.is_true(stats.seen >= KILLS / 4, "the kills came too early to mean anything")

    local ours = 0
    for _ in pairs(live.ids) do ours = ours + 1 end
    owners.wait_until(function() return #assert(engine:volumes()) == ours end, "volumes")

    assert(fs.write(tree(1) .. "/done", ""))
    assert.equal(0, live.ended:wait())
    live.ids, live.over = {}, true
    for number = 1, AT_ONCE do
      owners.wait_until(function()
        return #left(number) == 0 and #owners.reapers(tree(number)) == 0
      end, "what is left")
    end
    assert.equal(0, #assert(engine:volumes()))

    -- Pages of runs that had no reaper, or none any more, are closed by who looks twice.
    for number = 1, AT_ONCE do
      gc(number)
      for _, page in ipairs(pages(number)) do
        local path = tree(number) .. "/.ggen/containers/" .. page
        local entry = assert(ggen.json.decode(assert(fs.read(path))))
        entry.swept = entry.swept - 60
        assert(fs.write(path, ggen.json.encode(entry)))
      end
      -- Some may have been killed while they wrote one.
      os.execute(("touch -d '1 hour ago' %s/.ggen/containers/.ggen-tmp-* 2>&-")
        :format(tree(number)))
      gc(number)
      assert.same({ "locks" }, owners.books(tree(number)))
    end
  end)
end)
