-- Runs of the real program whose tasks lease containers: nothing is asked for nothing, containers
-- are begun before they are wanted, stay for the next run, and go with Ctrl-C.
-- images: redis
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local output = require("ggen.core.output")
local process = require("ggen.core.process")
local sh = require("ggen.std").sh

local GGEN = assert(os.getenv("GGEN_LUA"), "GGEN_LUA: the program under test")
local dir

-- The environment of a run; more is added, false takes away.
local function environment(more)
  local env = {}
  for _, name in ipairs({ "PATH", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "DOCKER_HOST",
    "GGEN_LUA_PATH" }) do
    env[name] = os.getenv(name)
  end
  env.HOME, env.GGEN_CACHE_DIR = dir, dir .. "/.cache"
  for name, value in pairs(more or {}) do env[name] = value or nil end
  return env
end

local POOL = [[
local ggen = require "ggen"
local p = ggen.pipeline "x"
p:use "containers.pool" {
  db = { image = "localhost/ggen/redis:7", size = 2, socket = "/tmp",
    cmd = { "redis-server", "--save", "", "--unixsocket", "/tmp/redis.sock", "--unixsocketperm",
      "777", "--port", "0" },
    ready = { "redis-cli", "-s", "/tmp/redis.sock", "ping" },
    reset = { "redis-cli", "-s", "/tmp/redis.sock", "flushall" }, env = { VERSION = %q } },
  %s
}
]]

local function pipeline(options, tasks, version)
  assert(fs.write(dir .. "/pipeline.lua", POOL:format(version or "1", options) .. tasks
    .. "\nreturn p\n"))
end

local function run(arguments, env)
  local argv = { GGEN, "run" }
  for _, word in ipairs(arguments or {}) do argv[#argv + 1] = word end
  return assert(sh.run(argv, { env = environment(env), cwd = dir, timeout = "60s" }))
end

-- A run that went well.
local function run_well(...)
  local result = run(...)
  assert.equal(0, result.code, result.stdout .. result.stderr)
  return result
end

local function podman(...)
  return (assert(sh.run({ "podman", ... }, { env = environment(), timeout = "60s" })).stdout)
end

local function containers()
  local list = {}
  for id in podman("ps", "-aq", "--no-trunc", "--filter", "label=ggen.dir=" .. dir)
    :gmatch("%x+") do
    list[#list + 1] = id
  end
  table.sort(list)
  return list
end

-- The spans of a trace with that name: { from, to, args }, in their order.
local function spans(name)
  local trace = assert(json.decode(assert(fs.read(dir .. "/trace.json"))))
  local list = {}
  for _, event in ipairs(trace.traceEvents or trace) do
    if event.ph == "X" and event.name == name then
      list[#list + 1] = { from = event.ts, to = event.ts + event.dur, args = event.args }
    end
  end
  table.sort(list, function(a, b) return a.from < b.from end)
  return list
end

local function one(list)
  assert.equal(1, #list)
  return list[1]
end

local function in_project(name, fn)
  it(name, function()
    dir = assert(fs.realpath(assert(fs.make_temp_dir("ggen-runs-"))))
    local ok, problem = pcall(fn)
    sh.run({ GGEN, "containers", "stop", "--force" }, { env = environment(), cwd = dir })
    for _, id in ipairs(containers()) do podman("rm", "-f", "-v", "-t", "0", id) end
    assert(fs.remove(dir, { recursive = true }))
    if not ok then error(problem, 0) end
  end)
end

describe("a run with containers", function()
  -- The first one: its reaper looks every few seconds whether it is still needed.
  in_project("leaves containers for the next run, and replaces those that are not as asked",
    function()
      local tasks = [[
        p:task "a" { services = { "db" }, inputs = {},
          run = "redis-cli -s $DB_SOCKET/redis.sock incr n" }]]
      pipeline('keep = "10m"', tasks)
      assert.matches("^1\n", run_well().stdout)
      local kept = containers()
      assert.equal(1, #kept)
      assert.equal("paused\n", podman("inspect", "-f", "{{.State.Status}}", kept[1]))
      assert.matches("^1\n", run_well({ "--force", "--trace=trace.json" }).stdout)
      assert.same(kept, containers())
      assert.same({}, spans("make db"))
      pipeline('keep = "10m"', tasks, "2")
      run_well({ "--force" })
      local others = containers()
      assert.equal(1, #others)
      assert.not_equal(kept[1], others[1])
    end)

  in_project("asks no engine when no task wants one", function()
    pipeline("", [[
      p:task "a" { services = { "db" }, run = "redis-cli -s $DB_SOCKET/redis.sock ping",
        inputs = {} }
      p:task "b" { run = "true", inputs = {} }]])
    run_well()
    assert.same({}, containers())
    local nobody = { DOCKER_HOST = "unix:///nobody/listens.sock" }
    assert.matches("2 up to date", run_well({}, nobody).stdout)
    local result = run({ "--force" }, nobody)
    assert.equal(1, result.code)
    assert.matches("✗ a .* its service db: .*/nobody/listens%.sock", result.stdout)
    run_well({ "--force", "b" }, nobody)
  end)

  in_project("begins a container before its task wants it", function()
    local tasks = [[
      p:task "slow" { run = "sleep 1.5", inputs = {} }
      p:task "test" { needs = { "slow" }, services = { "db" }, run = "true", inputs = {} }]]
    pipeline("", tasks)
    run_well() -- learns how long they take
    run_well({ "--force", "--trace=trace.json" })
    local made, wanted = one(spans("make db")), one(spans("containers.pool.acquire"))
    assert.is_true(made.from < wanted.from)
    assert.is_true(made.from > one(spans("slow")).from)
    local with = wanted.to - wanted.from
    pipeline("predict = false", tasks)
    run_well({ "--force", "--trace=trace.json" })
    made, wanted = one(spans("make db")), one(spans("containers.pool.acquire"))
    assert.is_true(made.from >= wanted.from)
    assert.is_true(with < wanted.to - wanted.from)
  end)

  in_project("ends with Ctrl-C, and leaves nothing", function()
    pipeline("", [[
      p:task "a" { services = { "db" }, run = "echo has it; exec tail -f /dev/null", inputs = {} }
      p:task "b" { services = { "db" }, run = "echo has it; exec tail -f /dev/null", inputs = {} }
      p:task "c" { services = { "db" }, run = "true", inputs = {} }]])
    local handle
    local seen = 0
    local result = async.await(function(resume)
      handle = assert(process.run({ argv = { GGEN, "run", "-j3", "--output", "stream" },
        env = environment(), cwd = dir, output = output.callback(function(_, bytes)
          for _ in bytes:gmatch("has it") do seen = seen + 1 end
          if seen == 2 then
            seen = 3
            handle:kill("INT")
          end
        end) }, resume))
      return handle
    end)
    assert.equal(130, result.code)
    assert.same({}, containers())
    assert.same({}, fs.list(dir .. "/.ggen/sockets"))
  end)

  in_project("does with a fallback what it does with an engine", function()
    pipeline([[other = { image = "none", ports = { 6379 }, ready = { port = 6379 }, size = 2,
      lease = { URL = "redis://${host}:${port}" },
      fallback = { run = "exec redis-server --port $PORT --save ''" } }, ]], [[
      for i = 1, 3 do
        p:task("t" .. i) { services = { "other" }, run = "redis-cli -u $URL incr n", inputs = {} }
      end]])
    local result = run_well({ "--output", "stream" }, { DOCKER_HOST = "unix:///nobody.sock" })
    assert.matches("services run as processes", result.stdout .. result.stderr, 1, true)
    local _, ones = result.stdout:gsub("%f[%d]1\n", "")
    assert.equal(3, ones, result.stdout)
  end)
end)
