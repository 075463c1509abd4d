-- What the recipes give. That the services do as they say is shown with real ones, in
-- tests/containers.
-- SPDX-License-Identifier: MIT
local containers = require("ggen.std.containers")

local RECIPES = { "postgres", "redis", "mysql", "rabbitmq", "minio" }

-- Only values that enter keys and snapshots as they are.
local function is_plain(value)
  if type(value) ~= "table" then return type(value) ~= "function" and type(value) ~= "userdata" end
  if getmetatable(value) then return false end
  for key, inner in pairs(value) do
    if not is_plain(key) or not is_plain(inner) then return false end
  end
  return true
end

describe("a recipe", function()
  for _, name in ipairs(RECIPES) do
    local recipe = containers[name]

    it(name .. " is a table of plain values, another one each time", function()
      local spec = recipe()
      assert.is_true(is_plain(spec))
      assert.not_equal(spec.env, recipe({}).env)
      assert.same(spec, recipe({}))
      assert.is_string(spec.image)
      assert.is_table(spec.ready)
      assert.is_not_nil(spec.reset)
      assert.is_not_nil(next(spec.lease))
      assert.is_number(spec.ports[1])
    end)

    it(name .. " takes an image, and the fields of the pool", function()
      assert.equal("here/it:1", recipe("here/it:1").image)
      local spec = recipe({ image = "here/it:1", size = 3, keep = "30m", memory = "1GiB",
        reset = "recreate", env = { MORE = "1" } })
      assert.equal("here/it:1", spec.image)
      assert.same({ 3, "30m", "1GiB", "recreate" }, { spec.size, spec.keep, spec.memory,
        spec.reset })
      assert.equal("1", spec.env.MORE)
      for key, value in pairs(recipe().env) do assert.equal(value, spec.env[key]) end
    end)

    it(name .. " refuses what it does not know", function()
      local ok, message = pcall(recipe, { imagee = "x" })
      assert.is_false(ok)
      assert.equal(('std.containers.%s: unknown field "imagee" (did you mean "image"?)')
        :format(name), message)
      assert.error_matches(function() recipe(7) end, "an image or a table expected, got number")
      assert.error_matches(function() recipe({ image = 7 }) end,
        ('std.containers.%s: field "image": expected a text, got number 7'):format(name))
      assert.error_matches(function() recipe({ env = "A=1" }) end, 'field "env": a table expected')
    end)
  end
end)

describe("the user of a recipe", function()
  it("is who logs in, not as whom the container runs", function()
    for _, name in ipairs({ "postgres", "mysql", "rabbitmq", "minio" }) do
      assert.is_nil(containers[name]({ user = "shop" }).user, name)
    end
    assert.equal("1000", containers.redis({ user = "1000" }).user)
  end)
end)

describe("what a recipe gives", function()
  it("fits the pool", function()
    local pool_spec = require("ggen.std.container_pool.spec")
    for _, name in ipairs(RECIPES) do
      assert.is_table(assert(pool_spec.check(containers[name]({ size = 2, keep = "5m" }))))
    end
    assert.equal("none", pool_spec.check(containers.postgres({ socket = true })).network)
  end)
end)

describe("a recipe with a unix socket", function()
  it("has no network", function()
    local spec = containers.postgres({ socket = true })
    assert.same({ "none", "/var/run/postgresql" }, { spec.network, spec.socket })
    assert.is_nil(spec.ports)
    assert.same({ PGHOST = "${socket}", PGPORT = "5432", PGUSER = "postgres",
      PGPASSWORD = "postgres", PGDATABASE = "test" }, spec.lease)
    assert.equal("/tmp", containers.postgres({ socket = "/tmp" }).socket)
    assert.is_nil(containers.postgres({ socket = false }).socket)
  end)

  it("tells the service where its socket is", function()
    local spec = containers.redis({ socket = "/tmp" })
    local line = table.concat(spec.cmd, " ")
    assert.matches("--unixsocket /tmp/redis.sock --unixsocketperm 777", line, 1, true)
    assert.equal("unix://${socket}/redis.sock", spec.lease.REDIS_URL)
    assert.equal("${socket}/mysqld.sock", containers.mysql({ socket = true }).lease.MYSQL_UNIX_PORT)
  end)

  it("is refused where the service has none", function()
    for _, name in ipairs({ "rabbitmq", "minio" }) do
      assert.error_matches(function() containers[name]({ socket = true }) end,
        'field "socket": this service listens on no unix socket')
    end
  end)
end)

describe("postgres", function()
  it("hands its names on to the image, the commands and the tasks", function()
    local spec = containers.postgres({ user = "shop", password = "p w/1", database = "orders",
      init = "create table t()" })
    assert.same({ "shop", "p w/1", "orders" },
      { spec.env.POSTGRES_USER, spec.env.POSTGRES_PASSWORD, spec.env.POSTGRES_DB })
    assert.same({ "shop", "orders", "p w/1", "create table t()" },
      { unpack(spec.ready.cmd, 5) })
    assert.same({ "shop", "orders", "p w/1" }, { unpack(spec.reset, 5) })
    assert.equal("postgresql://shop:p%20w%2F1@${host}:${port}/orders", spec.lease.DATABASE_URL)
  end)

  it("is another container with other SQL for a new one", function()
    local function mark(init) return containers.postgres({ init = init }).env.GGEN_RECIPE end
    assert.equal("postgres 1", mark(nil))
    assert.equal(mark("create table a()"), mark("create table a()"))
    assert.not_equal(mark("create table a()"), mark("create table b()"))
  end)

  it("has its settings on the command line, in one order", function()
    local spec = containers.postgres({ settings = { fsync = true, max_connections = 20 } })
    assert.same({ "-c", "fsync=on", "-c", "full_page_writes=off", "-c", "max_connections=20", "-c",
      "synchronous_commit=off", "-c", "wal_init_zero=off" }, spec.cmd)
  end)

  it("refuses names that would be something else in a command or an address", function()
    assert.error_matches(function() containers.postgres({ user = "a;b" }) end,
      'field "user": letters, digits')
    assert.error_matches(function() containers.postgres({ database = "" }) end, 'field "database"')
    assert.error_matches(function() containers.postgres({ password = "a\nb" }) end,
      'field "password": a password of printable characters')
    assert.error_matches(function() containers.postgres({ settings = { a = {} } }) end,
      'field "settings.a": expected a text, a number or true/false')
    assert.error_matches(function() containers.postgres({ init = ("x"):rep(100001) }) end,
      "longer than 100,000 bytes")
  end)
end)

describe("redis", function()
  it("has a password only when one is given", function()
    assert.is_nil(table.concat(containers.redis().cmd, " "):find("requirepass", 1, true))
    local spec = containers.redis({ password = "p:1", settings = { maxmemory = "1mb",
      appendonly = true } })
    assert.same({ "redis-server", "--appendonly", "yes", "--maxmemory", "1mb", "--protected-mode",
      "no", "--requirepass", "p:1", "--save", "" }, spec.cmd)
    assert.same({ "p:1" }, { unpack(spec.reset, 5) })
    assert.equal("redis://:p%3A1@${host}:${port}/0", spec.lease.REDIS_URL)
  end)
end)

describe("mysql", function()
  it("does not let the image make root twice", function()
    assert.is_nil(containers.mysql({ user = "root" }).env.MYSQL_USER)
    assert.equal("test", containers.mysql().env.MYSQL_USER)
  end)

  it("has its settings on the command line", function()
    assert.same({ "--innodb-flush-log-at-trx-commit=1", "--max-connections=20", "--sync-binlog=0" },
      containers.mysql({ settings = { innodb_flush_log_at_trx_commit = 1,
        max_connections = 20 } }).cmd)
  end)
end)
