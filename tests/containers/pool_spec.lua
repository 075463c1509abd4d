-- The container pool with real services: leases, isolation, each kind of reset, exhaustion, and
-- what goes wrong with engines, images and containers.
-- images: redis postgres-seeded
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local containers = require("ggen.std.containers")
local docker = require("ggen.std").docker
local fs = require("ggen.core.fs")
local plugin = require("ggen.plugins.containers.pool")
local process = require("ggen.core.process")
local schema = require("ggen.schema")
local sh = require("ggen.std").sh

local REDIS, POSTGRES = "localhost/ggen/redis:7", "localhost/ggen/postgres:15-seeded"
local ENV = { CONTAINERS_CONF = os.getenv("CONTAINERS_CONF"), PATH = os.getenv("PATH"),
  CONTAINERS_STORAGE_CONF = os.getenv("CONTAINERS_STORAGE_CONF") }

local dir, pool, notes

local function podman(...)
  return assert(sh.run({ "podman", ... }, { env = ENV, timeout = "60s" }))
end

-- The plugin as a run has it.
local function use(given)
  local params, message, where = schema.check({ type = "record", fields = plugin.params }, given)
  assert(params, schema.message(tostring(message), where or ""))
  notes = {}
  pool = assert(plugin.setup(params, { project_dir = dir, note = function(level, text, task)
    notes[#notes + 1] = { level = level, text = text, task = task }
  end }))
  return pool
end

local function redis_at(changes)
  local spec = { image = REDIS, socket = "/tmp", ready = { "redis-cli", "-s", "/tmp/redis.sock",
    "ping" }, cmd = { "redis-server", "--save", "", "--unixsocket", "/tmp/redis.sock",
    "--unixsocketperm", "777", "--port", "0" } }
  for key, value in pairs(changes or {}) do spec[key] = value end
  return spec
end

local function redis(lease, ...)
  local result = assert(sh.run({ "redis-cli", "-s", lease.socket .. "/redis.sock", ... },
    { timeout = "10s" }))
  return (result.stdout:gsub("\n$", "")), result.code
end

local function psql(lease, sql)
  local result = assert(sh.run({ "psql", "-h", lease.socket, "-U", "postgres", "-d", "test",
    "-XAtqc", sql }, { timeout = "20s" }))
  return (result.stdout:gsub("\n$", "")), result.code, result.stderr
end

local function acquire(task, name, shared)
  return assert(pool:acquire({ name = name or "db", task = { id = task }, shared = shared }))
end

local function wants(...)
  local list = {}
  for i, task in ipairs({ ... }) do
    list[i] = { task = { id = task }, services = { "db" }, start = 0, duration = 0.1, known = true }
  end
  return list
end

-- A note with the text, and how often there is one.
local function count_notes(text)
  local count = 0
  for _, note in ipairs(notes) do if note.text:find(text, 1, true) then count = count + 1 end end
  return count
end

-- A test that leaves nothing behind, however it ends.
local function pooled(name, fn)
  it(name, function()
    dir = assert(fs.make_temp_dir("ggen-pool-"))
    local ok, problem = pcall(fn)
    if pool then pool:drain() end
    pool = nil
    local left = podman("ps", "-aq", "--filter", "label=ggen.dir=" .. dir).stdout
    assert(fs.remove(dir, { recursive = true }))
    if not ok then error(problem, 0) end
    assert.equal("", left)
  end)
end

describe("a pool of postgres", function()
  pooled("makes nothing on this machine for a mount of what is not there", function()
    use({ containers = { db = redis_at({ mounts = {
      { source = "not/there", target = "/x" } } }) } })
    local lease, message = pool:acquire({ name = "db", task = { id = "one" } })
    assert.is_nil(lease)
    assert.is_true(message:find("there is no " .. dir .. "/not/there on this machine", 1, true)
      ~= nil, message)
    assert.is_nil(fs.stat(dir .. "/not"))
  end)

  pooled("gives each lease a database of its own, as new", function()
    use({ containers = { db = containers.postgres({ image = POSTGRES, socket = "/tmp", size = 2,
      init = "create table seed(n int); insert into seed values (7)" }) } })
    pool:warm(wants("a", "b", "c", "d"))
    local a, b = acquire("a"), acquire("b")
    assert.not_equal(a.id, b.id)
    assert.equal(a.socket, a.env.PGHOST)
    local _, code = psql(a, "create table mine(n int); insert into mine values (1)")
    assert.equal(0, code)
    assert.equal("1", (psql(a, "select count(*) from mine")))
    assert.equal("7", (psql(b, "select n from seed")))
    local _, failed, message = psql(b, "select * from mine") -- side by side
    assert.equal(1, failed)
    assert.matches('relation "mine" does not exist', message)
    pool:release(a, { ok = true })
    pool:release(b, { ok = true })
    for _, task in ipairs({ "c", "d" }) do -- one after the other, in the same containers
      local next_one = acquire(task)
      assert.is_true(next_one.id == a.id or next_one.id == b.id)
      assert.equal("7", (psql(next_one, "select n from seed")))
      assert.equal("", (psql(next_one, "select to_regclass('mine')")))
      pool:release(next_one, { ok = true })
    end
    assert.same({}, notes)
  end)
end)

describe("a pool of redis", function()
  pooled("makes what was leased as new, each way", function()
    for _, how in ipairs({ "recreate", "restart", { "redis-cli", "-s", "/tmp/redis.sock",
      "flushall" }, function(lease, container)
      assert(lease.id == container.id)
      return container.exec({ "redis-cli", "-s", "/tmp/redis.sock", "flushall" }).code == 0
    end }) do
      use({ containers = { db = redis_at({ reset = how }) } })
      pool:warm(wants("a", "b"))
      local a = acquire("a")
      assert.equal("OK", (redis(a, "set", "k", "v")))
      pool:release(a, { ok = true })
      local b = acquire("b")
      assert.equal(how == "recreate", a.id ~= b.id)
      assert.equal("", (redis(b, "get", "k")))
      pool:release(b, { ok = true })
      pool:drain()
      assert.same({}, notes)
    end
  end)

  pooled("is reached by a port, each at its own", function()
    use({ containers = { db = { image = REDIS, size = 2, ports = { 6379 }, ready = { port = 6379 },
      lease = { URL = "redis://${host}:${port}" } } } })
    local a, b = acquire("a"), acquire("b")
    assert.not_equal(a.port, b.port)
    assert.equal(("redis://127.0.0.1:%d"):format(a.port), a.env.URL)
    local result = sh.run({ "redis-cli", "-p", tostring(b.port), "ping" })
    assert.equal("PONG\n", result.stdout)
  end)

  pooled("waits for a text in the log", function()
    use({ containers = { db = redis_at({ ready = { log = "ready to accept connections",
      timeout = "20s" } }) } })
    assert.equal("PONG", (redis(acquire("a"), "ping")))
  end)

  pooled("serves many tasks with few containers", function()
    use({ containers = { db = redis_at({ size = 3, reset = { "redis-cli", "-s", "/tmp/redis.sock",
      "flushall" } }) } })
    local seen, tasks, most, now = {}, {}, 0, 0
    for i = 1, 12 do
      tasks[i] = function()
        local lease = acquire("t" .. i)
        now = now + 1
        most = math.max(most, now)
        seen[lease.id] = true
        assert.equal("1", (redis(lease, "incr", "n"))) -- nobody was here
        now = now - 1
        pool:release(lease, { ok = true })
      end
    end
    async.all(tasks)
    local ids = 0
    for _ in pairs(seen) do ids = ids + 1 end
    assert.is_true(ids <= 3 and most <= 3)
    assert.same({}, notes)
  end)

  pooled("is shared by those who want that", function()
    use({ containers = { db = redis_at() } })
    local a, b = acquire("a", "db", true), acquire("b", "db", true)
    assert.equal(a.id, b.id)
    redis(a, "set", "k", "v")
    assert.equal("v", (redis(b, "get", "k")))
    pool:release(a, { ok = true })
    pool:release(b, { ok = true })
  end)

  pooled("names who holds the leases when a task waits too long", function()
    use({ timeout = "200ms", containers = { db = redis_at() } })
    pool:warm({ { task = { id = "api:test" }, services = { "db" }, start = 0, duration = 9 } })
    local held
    repeat held = pool:acquire({ name = "db", task = { id = "api:test" } }) until held
    local lease, message, kind = pool:acquire({ name = "db", task = { id = "b" } })
    assert.is_nil(lease)
    assert.equal("timeout", kind)
    assert.matches("1 of 1 leased by api:test (for ", message, 1, true)
  end)

  pooled("replaces what died or was stopped, and says it once", function()
    use({ containers = { db = redis_at({ size = 1, reset = { "redis-cli", "-s", "/tmp/redis.sock",
      "flushall" } }) } })
    pool:warm(wants("a", "b", "c"))
    local a = acquire("a")
    podman("kill", a.id)
    local _, code = redis(a, "ping")
    assert.not_equal(0, code)
    pool:release(a, { ok = false })
    local b = acquire("b")
    assert.not_equal(a.id, b.id)
    assert.equal("PONG", (redis(b, "ping")))
    assert.equal(1, count_notes("ended while a had it (exit code 137)"))
    pool:release(b, { ok = true })
  end)

  pooled("replaces what is there and does not answer", function()
    use({ containers = { db = redis_at({ reset = function() return true end }) } })
    pool:warm(wants("a", "b"))
    local a = acquire("a")
    assert.equal(0, sh.run({ "kill", "-STOP", tostring(a.pid) }).code)
    pool:release(a, { ok = true })
    local b = acquire("b")
    assert.not_equal(a.id, b.id)
    assert.equal("PONG", (redis(b, "ping")))
    assert.equal(1, count_notes("is replaced: it did not answer within 3.00 s"))
    pool:release(b, { ok = true })
  end)
end)

describe("an engine", function()
  -- Another service of the same engine, as long as fn runs.
  local function serving(socket, fn)
    local handle
    local ended = async.future()
    async.run(function()
      async.await(function(resume)
        handle = assert(process.run({ argv = { "podman", "system", "service", "--time=0",
          "unix://" .. socket }, env = ENV, capture = 4096 }, resume))
        return handle
      end)
      ended:resolve()
    end)
    require("ggen.std").retry.run(function()
      local engine = docker.connect({ host = "unix://" .. socket })
      return engine ~= nil
    end, { tries = 200, delay = 0.05, factor = 1 })
    local ok, problem = pcall(fn)
    handle:kill("KILL")
    ended:wait()
    if not ok then error(problem, 0) end
  end

  pooled("may be started again under a run", function()
    local socket = dir .. "/engine.sock"
    use({ engine = "unix://" .. socket, containers = { db = redis_at({ size = 2,
      reset = { "redis-cli", "-s", "/tmp/redis.sock", "flushall" } }) } })
    local a, b
    serving(socket, function()
      pool:warm(wants("a")) -- nothing is made ahead for the others
      a = acquire("a")
    end)
    assert.equal("PONG", (redis(a, "ping"))) -- the container does not care
    async.all({
      function() b = acquire("b") end, -- nobody is there to be asked
      function()
        serving(socket, function()
          pool:release(a, { ok = true })
          local c = acquire("c")
          assert.equal("", (redis(c, "get", "k")))
          pool:release(c, { ok = true })
          pool:release(b, { ok = true })
          pool:drain()
        end)
      end,
    })
    assert.equal(1, count_notes("the container engine does not answer, it is asked again"))
  end)
end)

describe("a pool that cannot", function()
  pooled("says that the image is missing", function()
    use({ containers = { db = { image = "localhost/ggen/none:1" } } })
    local lease, message, kind = pool:acquire({ name = "db", task = { id = "a" } })
    assert.is_nil(lease)
    assert.equal("no_such_image", kind)
    assert.matches('no container "db": the image localhost/ggen/none:1 is not on this machine, and'
      .. " it cannot be fetched: ", message, 1, true)
    use({ containers = { db = { image = "localhost/ggen/none:1", pull = "never" } } })
    lease, message = pool:acquire({ name = "db", task = { id = "a" } })
    assert.is_nil(lease)
    assert.matches('(pull = "missing" fetches it)', message, 1, true)
  end)

  pooled("says what a check said that never passed", function()
    use({ containers = { db = redis_at({ ready = { cmd = "echo not today; exit 3",
      timeout = "3s" } }) } })
    local lease, message, kind = pool:acquire({ name = "db", task = { id = "a" } })
    assert.is_nil(lease)
    assert.equal("not_ready", kind)
    assert.matches("it was not ready within 3.00 s (echo not today; exit 3; it said: not today)",
      message, 1, true)
  end)

  pooled("says how a container ended that should have become ready", function()
    use({ containers = { db = { image = REDIS, network = "none", cmd = { "sh", "-c",
      "echo no licence; exit 7" }, ready = { "true" } } } })
    local lease, message, kind = pool:acquire({ name = "db", task = { id = "a" } })
    assert.is_nil(lease)
    assert.equal("ended", kind)
    assert.matches("it ended before it was ready (exit code 7); its last lines: no licence",
      message, 1, true)
  end)

  pooled("says that a port is taken", function()
    use({ containers = { db = { image = REDIS, ports = { 6379 } } } })
    local other, port = pool, acquire("a").port
    use({ containers = { db = { image = REDIS, ports = { { container = 6379, host = port } } } } })
    local lease, message, kind = pool:acquire({ name = "db", task = { id = "a" } })
    other:drain()
    assert.is_nil(lease)
    assert.equal("port_taken", kind)
    assert.matches(tostring(port), message, 1, true)
  end)

  pooled("says that there is no engine, and asks again for the next", function()
    use({ engine = "unix://" .. dir .. "/none.sock", containers = { db = redis_at() } })
    local lease, message, kind = pool:acquire({ name = "db", task = { id = "a" } })
    assert.is_nil(lease)
    assert.equal("no_engine", kind)
    assert.matches("none.sock", message, 1, true)
  end)
end)
