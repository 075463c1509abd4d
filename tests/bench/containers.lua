-- What warm containers cost, in seconds, with the container engine of DOCKER_HOST.
--   containers.lua acquire DIR ROUNDS run|pause   the median of a lease of a warm redis
--   containers.lua command ROUNDS                 the medians of a command in a warm container, by
--                                                 `podman exec`, and of the ratio
--   containers.lua waited TRACE                   how long its tasks waited for leases
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local clock = require("ggen.core.clock")
local schema = require("ggen.schema")

local async, std = ggen.async, ggen.std

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

-- What fn took.
local function timed(fn)
  local began = clock.monotonic()
  fn()
  return clock.monotonic() - began
end

local modes = {}

function modes.acquire(dir, rounds, idle)
  local plugin = require("ggen.plugins.containers.pool")
  local params = assert(schema.check({ type = "record", fields = plugin.params }, {
    containers = { cache = std.containers.redis({ image = "localhost/ggen/redis:7", socket = "/tmp",
      idle = idle }) },
  }))
  local pool = assert(plugin.setup(params, { project_dir = dir, note = function(_, text)
    error(text)
  end }))
  -- Somebody will want it much later: so it is not removed, and sleeps when it may.
  pool:warm({ { task = { id = "later" }, services = { "cache" }, start = 3600, duration = 1,
    known = true } })
  local times = {}
  for i = 0, rounds do
    local lease
    local seconds = timed(function()
      lease = assert(pool:acquire({ name = "cache", task = { id = "t" .. i } }))
    end)
    if i > 0 then times[i] = seconds end -- the first one made it
    pool:release(lease, { ok = true })
    async.sleep(0.25) -- it is as new, and asleep if it is to be
  end
  pool:drain({})
  print(("%.6f"):format(median(times)))
end

function modes.command(rounds)
  local docker = std.docker
  local engine = assert(docker.connect())
  local id = assert(engine:create({ image = "localhost/ggen/bb:1", network = "none", init = false,
    cmd = { "sh", "-c", "trap 'exit 0' TERM; while :; do tail -f /dev/null & wait; done" } }))
  assert(engine:start(id))
  local shell = assert(docker.shell.open(engine, id))
  local env = { PATH = "/usr/bin:/bin" }
  local podman = { PATH = os.getenv("PATH"), CONTAINERS_CONF = os.getenv("CONTAINERS_CONF"),
    CONTAINERS_STORAGE_CONF = os.getenv("CONTAINERS_STORAGE_CONF") }
  local ours, theirs, ratios = {}, {}, {}
  for i = 0, rounds do
    local mine = timed(function()
      assert(assert(shell:run({ argv = { "true" }, env = env, cwd = "/" })).code == 0)
    end)
    local other = timed(function()
      assert(assert(std.sh.run({ "podman", "exec", id, "true" }, { env = podman })).code == 0)
    end)
    if i > 0 then ours[i], theirs[i], ratios[i] = mine, other, mine / other end
  end
  shell:close()
  assert(engine:remove(id, { force = true }))
  engine:close()
  print(("%.6f\t%.6f\t%.6f"):format(median(ours), median(theirs), median(ratios)))
end

function modes.waited(path)
  local file = assert(io.open(path))
  local trace = assert(ggen.json.decode(file:read("*a")))
  file:close()
  local seconds = 0
  for _, event in ipairs(trace.traceEvents or trace) do
    if event.ph == "X" and event.name:find("^lease ") then seconds = seconds + event.dur / 1e6 end
  end
  assert(seconds > 0, "nobody waited for a lease")
  print(("%.6f"):format(seconds))
end

local mode, first, second, third = ...
if mode == "acquire" then
  modes.acquire(first, tonumber(second), third)
elseif mode == "command" then
  modes.command(tonumber(first))
else
  modes[mode](first)
end
