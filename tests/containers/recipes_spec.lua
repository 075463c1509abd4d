-- The recipes of std.containers against real services: a container as the spec says, its readiness,
-- and what a reset leaves of what a lease did.
-- images: redis postgres-seeded
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local containers = require("ggen.std.containers")
local docker = require("ggen.std.docker")

local engine
local started = {}

-- A container of the recipe, ready. What is run in it gets the environment of the image.
local function start(spec)
  engine = engine or assert(docker.connect())
  local env = assert(engine:image(spec.image)).env
  for key, value in pairs(spec.env) do env[key] = value end
  local id = assert(engine:create({ image = spec.image, cmd = spec.cmd, env = spec.env,
    network = "none" }))
  local container = { id = id, spec = spec, shell = nil }
  started[#started + 1] = container
  assert(engine:start(id))
  container.shell = assert(docker.shell.open(engine, id))
  function container.run(argv, stdin, shell)
    return assert((shell or container.shell):run({ argv = argv, env = env, stdin = stdin,
      capture = 1000000, timeout = "60s" }))
  end
  local looks = 0
  while container.run(spec.ready.cmd).code ~= 0 do
    looks = looks + 1
    assert.is_true(looks < 300, "it is never ready")
    async.sleep(0.05)
  end
  return container
end

local function reset(container) return container.run(container.spec.reset) end

local function reset_well(container)
  local result = reset(container)
  assert.equal(0, result.code, result.stdout .. result.stderr)
end

teardown(function()
  for _, container in ipairs(started) do
    if container.shell then container.shell:close() end
    engine:remove(container.id, { force = true, volumes = true })
  end
  engine:close()
end)

describe("the recipe of postgres", function()
  local container

  local function psql(sql, database)
    local result = container.run({ "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U",
      "postgres", "-d", database or "shop" }, sql)
    return result.stdout:gsub("\n$", ""), result.code, result.stderr
  end

  setup(function()
    container = start(containers.postgres({ image = "localhost/ggen/postgres:15-seeded",
      socket = "/tmp", database = "shop", password = "it's",
      init = "create table seed(n int);\ninsert into seed values (7)" }))
  end)

  it("has run the SQL of a new container once", function()
    assert.equal("7", (psql("select n from seed")))
    assert.equal(0, container.run(container.spec.ready.cmd).code)
    assert.equal("7", (psql("select n from seed")))
    assert.equal("off", (psql("show fsync")))
  end)

  it("lets in the user with the password of the recipe", function()
    local result = container.run({ "env", "PGPASSWORD=it's", "psql", "-h", "127.0.0.1", "-U",
      "postgres", "-d", "shop", "-Atc", "select 1" })
    assert.equal("1\n", result.stdout)
  end)

  it("brings back what a lease did", function()
    local _, code, problem = psql([[
      update seed set n = 8;
      create table made(n int);
      create role eve login;
      create role bob;
      grant eve to bob;
      create database other owner eve;
      create database copied template other is_template true;
      alter system set work_mem = '9MB';
      alter database shop set statement_timeout = '1s';
      alter role eve set search_path = x;
      grant all on seed to eve]])
    assert.equal(0, code, problem)
    reset_well(container)
    assert.equal("7", (psql("select n from seed")))
    assert.equal("", (psql("select 1 from pg_tables where tablename = 'made'")))
    assert.equal("", (psql("select 1 from pg_roles where rolname in ('eve', 'bob')")))
    assert.equal("4MB", (psql("show work_mem")))
    assert.equal("0", (psql("show statement_timeout")))
    assert.equal("ggen_template,postgres,shop,template0,template1",
      (psql("select string_agg(datname, ',' order by datname) from pg_database")))
  end)

  it("ends who is still connected", function()
    local other, ended = assert(docker.shell.open(engine, container.id)), async.future()
    async.run(function()
      ended:resolve(container.run({ "psql", "-X", "-U", "postgres", "-d", "shop", "-c",
        "begin; lock table seed; select pg_sleep(600)" }, nil, other))
    end)
    local waited = psql([[
      do $$ begin
        while not exists (select from pg_stat_activity where query like '%pg_sleep(600)'
          and pid <> pg_backend_pid()) loop
          perform pg_sleep(0.01);
          perform pg_stat_clear_snapshot();
        end loop;
      end $$; select 'there']])
    assert.equal("there", waited)
    reset_well(container)
    assert.matches("terminating connection", ended:wait().stderr)
    other:close()
    assert.equal("0", (psql([[select count(*) from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()]])))
  end)

  it("says what it does not bring back", function()
    for _, case in ipairs({
      { "create table left_behind(n int)", "postgres pg_class", "drop table left_behind" },
      { "alter role postgres set work_mem = '1MB'", "settings",
        "alter role postgres reset work_mem" },
    }) do
      local _, code, problem = psql(case[1], "postgres")
      assert.equal(0, code, problem)
      local result = reset(container)
      assert.equal(1, result.code)
      assert.matches("a lease changed what no reset brings back:", result.stderr)
      assert.matches(case[2], result.stderr, 1, true)
      psql(case[3], "postgres")
      reset_well(container)
    end
    psql("alter role postgres password 'other'", "postgres")
    assert.matches("roles|", reset(container).stderr, 1, true)
  end)
end)

describe("the recipe of redis", function()
  local container

  local function cli(commands)
    local result = container.run({ "redis-cli", "-a", "secret", "--no-auth-warning" }, commands)
    return (result.stdout:gsub("\n$", ""))
  end

  setup(function()
    container = start(containers.redis({ image = "localhost/ggen/redis:7", socket = "/tmp",
      password = "secret", settings = { maxmemory = "50mb" } }))
  end)

  it("listens where the tasks look", function()
    local result = container.run({ "redis-cli", "-s", "/tmp/redis.sock", "-a", "secret", "ping" })
    assert.equal("PONG\n", result.stdout)
    assert.equal(0, container.run({ "sh", "-c", "[ -w /tmp/redis.sock ]" }).code)
  end)

  it("brings back what a lease did", function()
    assert.equal("0", cli("exists a"))
    cli('set a 1\nselect 3\nset b 2\nconfig set maxmemory 9mb\nconfig set appendfsync no\n'
      .. 'config set proc-title-template "{title} a b"\nscript load "return 1"\n'
      .. 'function load "#!lua name=l\\nredis.register_function(\'f\', function() return 1 end)"')
    assert.matches("library_name", cli("function list"))
    reset_well(container)
    assert.equal("0", cli("dbsize"))
    assert.equal("# Keyspace\r\n", cli("info keyspace") .. "\n")
    assert.equal("maxmemory\n52428800", cli("config get maxmemory"))
    assert.equal("appendfsync\neverysec", cli("config get appendfsync"))
    assert.equal("", cli("function list"))
    assert.equal("0", cli("script exists e0e1f9fabfc9d4800c877a703b823ac0578ff8db"))
  end)

  it("says what it does not bring back", function()
    cli("acl setuser eve on >x")
    local result = reset(container)
    assert.equal(1, result.code)
    assert.matches("a lease changed what no reset brings back", result.stderr)
    cli("acl deluser eve")
    reset_well(container)
    cli("config set requirepass other")
    assert.equal(1, reset(container).code)
  end)
end)
