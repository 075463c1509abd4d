-- The container pool on a clock that is turned and an engine that is none.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local virtual_pool = require("virtual_pool")

local TAKES = { create = 0.1, start = 0.5, remove = 0.1, pause = 0.01, unpause = 0.01 }

local function world_of(options)
  options = options or {}
  options.takes = options.takes or TAKES
  return virtual_pool.new(options)
end

local function want(task, start, duration, options)
  return { task = task, services = options and options.services or { "db" }, start = start,
    duration = duration or 1, shared = options and options.shared, known = true }
end

-- Runs warm beside, as the host does.
local function warm(pool, wants) async.run(function() pool:warm(wants) end) end

local function drained(world, pool, interrupted)
  local done = false
  async.run(function()
    pool:drain(interrupted)
    done = true
  end)
  world:turn(100)
  assert.is_true(done)
  assert.same(0, pool.working)
end

local function alive(world)
  local count = 0
  for _ in pairs(world.containers) do count = count + 1 end
  return count
end

describe("the container pool", function()
  it("makes one for who wants it, and another for the next", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", ports = { 5432 } } })
    local first = world:acquire(pool, "db", "a")
    assert.is_nil(first.done)
    world:turn(1)
    assert.is_true(first.done)
    assert.same({ "c1", "127.0.0.1", 40001 },
      { first.lease.id, first.lease.host, first.lease.port })
    assert.near(0.6, first.at, 1e-6)
    local second = world:acquire(pool, "db", "b")
    world:turn(1)
    assert.is_nil(second.done)
    pool:release(first.lease, { ok = true })
    world:turn(1)
    assert.equal("c2", second.lease.id)
    pool:release(second.lease, { ok = true })
    drained(world, pool)
    assert.equal(0, alive(world))
    assert.same({}, world.owned)
    assert.is_true(world.closed)
    assert.same({}, world.notes)
  end)

  it("asks nobody when nobody wants anything", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", min = 1 } })
    drained(world, pool)
    assert.same({}, world.calls)
    pool = world:pool({ db = { image = "x", min = 1 }, other = { image = "y", min = 1 } })
    warm(pool, { want("a", 50) })
    world:turn(5)
    assert.equal(1, #world:made("create"))
    drained(world, pool)
    assert.equal(0, alive(world))
  end)

  it("begins before it is wanted, and as late as it may", function()
    local world = world_of({ known = { db = { make = 0.6, clean = 0.1 } } })
    local pool = world:pool({ db = { image = "x", size = 2 } })
    warm(pool, { want("a", 10, 2), want("b", 10.5, 2) })
    world:turn(9)
    assert.equal(0, #world:made("create"))
    world:turn(1)
    local created = world:made("create")
    assert.equal(2, #created)
    assert.near(9.2, created[1].at, 1e-6)
    assert.near(9.7, created[2].at, 1e-6)
    local first = world:acquire(pool, "db", "a")
    assert.is_true(first.done) -- nothing of a check takes time here
    assert.equal(first.since, first.at)
    world:turn(0.5)
    local second = world:acquire(pool, "db", "b")
    assert.is_true(second.done)
    pool:release(first.lease, { ok = true })
    pool:release(second.lease, { ok = true })
    drained(world, pool)
    assert.equal(2, #world:made("create"))
  end)

  it("begins sooner when others come sooner than thought", function()
    local world = world_of({ known = { db = { make = 0.6, clean = 0.1 } } })
    local pool = world:pool({ db = { image = "x", size = 2 } })
    warm(pool, { want("a", 10, 20), want("b", 15, 2) })
    world:turn(2)
    local first = world:acquire(pool, "db", "a")
    world:turn(4.3) -- b is expected at 7 now
    assert.equal(2, #world:made("create"))
    assert.near(6.2, world:made("create")[2].at, 1e-6)
    pool:release(first.lease)
    drained(world, pool)
  end)

  it("without a schedule begins when a task comes", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x" } }, { predict = false })
    warm(pool, { want("a", 3, 1) })
    world:turn(4)
    assert.same({}, world.calls)
    local asked = world:acquire(pool, "db", "a")
    world:turn(1)
    assert.near(0.6, asked.at - asked.since, 1e-6)
    pool:release(asked.lease)
    drained(world, pool)
  end)

  it("has no more than size, and serves in the order of coming", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", size = 2 } })
    local asked, order = {}, {}
    for i = 1, 6 do asked[i] = world:acquire(pool, "db", "t" .. i) end
    for _ = 1, 6 do
      world:turn(2)
      for i = 1, 6 do
        if asked[i].done and not asked[i].told then
          asked[i].told = true
          order[#order + 1] = i
        end
      end
      for i = 1, 6 do
        if asked[i].lease and not asked[i].released then
          asked[i].released = true
          pool:release(asked[i].lease, { ok = true })
          break
        end
      end
    end
    assert.same({ 1, 2, 3, 4, 5, 6 }, order)
    drained(world, pool)
    assert.is_true(world.most <= 2 + 1) -- one that is being removed may still run
    assert.equal(0, alive(world))
  end)

  it("says who holds the leases when it takes too long", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", size = 2 } }, { timeout = 5 })
    local first, second = world:acquire(pool, "db", "api:test"), world:acquire(pool, "db", "ui")
    world:turn(1)
    local third, fourth = world:acquire(pool, "db", "c"), world:acquire(pool, "db", "d")
    world:turn(5)
    assert.is_nil(third.lease)
    assert.equal('no container "db" became free within 5.00 s: 2 of 2 leased by api:test (for 5.40'
      .. " s), ui (for 5.40 s) (a larger size, or a longer timeout of the pool)", third.message)
    assert.equal("timeout", third.kind)
    assert.matches("1 waited before it", fourth.message, 1, true)
    pool:release(first.lease)
    pool:release(second.lease)
    drained(world, pool)
  end)

  it("gives nothing to who has gone", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x" } })
    local first, second = world:acquire(pool, "db", "a"), world:acquire(pool, "db", "b")
    world:turn(0.2)
    first.thread:cancel()
    world:turn(1)
    assert.equal(async.CANCELLED, first.raised)
    assert.is_true(second.done)
    pool:release(second.lease)
    drained(world, pool)
    assert.equal(0, alive(world))
  end)

  it("does not start again what cannot work", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "missing", size = 3 } })
    local asked = {}
    for i = 1, 3 do asked[i] = world:acquire(pool, "db", "t" .. i) end
    world:turn(1)
    for i = 1, 3 do
      assert.equal("no_such_image", asked[i].kind)
      assert.equal('no container "db": the image missing is not on this machine, and it cannot be'
        .. " fetched: no route to the registry", asked[i].message)
    end
    local late = world:acquire(pool, "db", "late")
    assert.is_true(late.done)
    assert.equal("no_such_image", late.kind)
    assert.equal(1, #world:made("pull"))
    drained(world, pool)
  end)

  it("waits until it is ready, and says what it said when it never is", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", ready = { cmd = "ok", timeout = 3 } } })
    local asked = world:acquire(pool, "db", "a")
    world:turn(0.65)
    assert.is_true(asked.done)
    pool:release(asked.lease)
    drained(world, pool)
    pool = world:pool({ db = { image = "x", ready = { cmd = "ok", timeout = 3 } } })
    asked = world:acquire(pool, "db", "a")
    world:turn(0.55)
    for _, one in pairs(world.containers) do one.wedged = true end
    world:turn(3.2)
    assert.equal("not_ready", asked.kind)
    assert.equal('no container "db": it was not ready within 3.00 s (ok; it said: wedged)',
      asked.message)
    drained(world, pool)
    assert.equal(0, alive(world))
  end)

  it("replaces one that has died or does not answer, and says it once", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", reset = { "reset" }, ready = { "ok" } } })
    warm(pool, { want("a", 0), want("b", 5), want("c", 10) })
    local first = world:acquire(pool, "db", "a")
    world:turn(1)
    pool:release(first.lease, { ok = true })
    world:turn(1)
    world.containers.c1.running = false
    world.containers.c1.exit_code = 137
    local second = world:acquire(pool, "db", "b")
    world:turn(2)
    assert.equal("c2", second.lease.id)
    assert.equal(1, #world.notes)
    assert.equal('container "db" (c1) was not well and is replaced: it has ended (exit code 137)',
      world.notes[1].text)
    pool:release(second.lease, { ok = true })
    world:turn(1)
    world.containers.c2.running, world.containers.c2.exit_code = false, 1
    local third = world:acquire(pool, "db", "c")
    world:turn(2)
    assert.equal("c3", third.lease.id)
    assert.equal(1, #world.notes)
    pool:release(third.lease, { ok = true })
    drained(world, pool)
    assert.equal(0, alive(world))
  end)

  it("says that a container died under its task", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x" } })
    local asked = world:acquire(pool, "db", "a")
    world:turn(1)
    world.containers.c1.running, world.containers.c1.exit_code = false, 137
    pool:release(asked.lease, { ok = false })
    world:turn(1)
    assert.equal('container "db" (c1) ended while a had it (exit code 137)', world.notes[1].text)
    assert.equal("a", world.notes[1].task)
    drained(world, pool)
  end)

  it("resets by a command, by a restart, by a function", function()
    for _, how in ipairs({ "restart", { "clean" }, function(lease, container)
      assert(lease.id == container.id and container.exec({ "x" }).code == 0)
    end }) do
      local world = world_of()
      local pool = world:pool({ db = { image = "x", reset = how, ready = { "ok" } } })
      warm(pool, { want("a", 0), want("b", 1) })
      local first, second = world:acquire(pool, "db", "a"), world:acquire(pool, "db", "b")
      world:turn(2)
      pool:release(first.lease, { ok = true })
      world:turn(2)
      assert.equal("c1", second.lease.id)
      pool:release(second.lease, { ok = true })
      drained(world, pool)
      assert.equal(1, #world:made("create"))
      assert.same({}, world.notes)
    end
  end)

  it("replaces what cannot be reset", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", reset = function() error("no way", 0) end } })
    warm(pool, { want("a", 0), want("b", 1), want("c", 1) })
    local asked = {}
    for i, task in ipairs({ "a", "b", "c" }) do
      asked[i] = world:acquire(pool, "db", task)
      world:turn(3)
      assert.equal("c" .. i, asked[i].lease.id)
      pool:release(asked[i].lease, { ok = true })
      world:turn(3)
    end
    assert.equal(1, #world.notes)
    assert.matches("could not be reset and is replaced: no way", world.notes[1].text, 1, true)
    drained(world, pool)
  end)

  it("says that one has ended, not that it could not be reset", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x",
      reset = function() error("nobody there", 0) end } })
    warm(pool, { want("a", 0), want("b", 1) })
    local a = world:acquire(pool, "db", "a")
    world:turn(3)
    local one = world.containers[a.lease.id]
    one.running, one.exit_code = false, 3
    pool:release(a.lease, { ok = true })
    world:turn(3)
    assert.same({ 'container "db" (c1) has ended and is replaced (exit code 3)' },
      { world.notes[1].text, world.notes[2] })
    local b = world:acquire(pool, "db", "b")
    world:turn(3)
    assert.equal("c2", b.lease.id)
    pool:release(b.lease, { ok = true })
    drained(world, pool)
  end)

  it("gives one to all who share it, and then as new to who wants one of his own", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x" } })
    warm(pool, { want("a", 0, 1, { shared = { db = true } }),
      want("b", 0, 1, { shared = { db = true } }), want("c", 5, 1, { shared = { db = true } }),
      want("d", 6, 1) })
    local a, b = world:acquire(pool, "db", "a", true), world:acquire(pool, "db", "b", true)
    world:turn(1)
    assert.same({ "c1", "c1" }, { a.lease.id, b.lease.id })
    pool:release(a.lease, { ok = true })
    pool:release(b.lease, { ok = true })
    world:turn(1)
    local c = world:acquire(pool, "db", "c", true) -- as it was left
    assert.equal("c1", c.lease.id)
    local d = world:acquire(pool, "db", "d")
    local late = world:acquire(pool, "db", "late", true) -- after d, or d would wait for ever
    world:turn(1)
    assert.is_nil(d.done)
    assert.is_nil(late.done)
    pool:release(c.lease, { ok = true })
    world:turn(2)
    assert.equal("c2", d.lease.id)
    assert.is_nil(late.done)
    pool:release(d.lease, { ok = true })
    world:turn(2)
    assert.equal("c3", late.lease.id)
    pool:release(late.lease, { ok = true })
    drained(world, pool)
    assert.equal(0, alive(world))
  end)

  it("puts to sleep what nobody wants soon, and wakes it before", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", reset = { "clean" } } })
    warm(pool, { want("a", 0, 1), want("b", 20, 1) })
    local a = world:acquire(pool, "db", "a")
    world:turn(1)
    pool:release(a.lease, { ok = true })
    world:turn(1)
    assert.is_true(world.containers.c1.paused)
    world:turn(17.5)
    assert.is_false(world.containers.c1.paused)
    local b = world:acquire(pool, "db", "b")
    assert.is_true(b.done)
    pool:release(b.lease)
    drained(world, pool)
  end)

  it("keeps them for the next run, asleep, and takes those up again", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", size = 2, reset = { "clean" } } }, { keep = 60 })
    local a = world:acquire(pool, "db", "a")
    world:turn(1)
    pool:release(a.lease, { ok = true })
    drained(world, pool)
    assert.same({ c1 = 60 }, world.kept)
    assert.is_true(world.containers.c1.paused)
    assert.is_true(world.owned.c1)

    world = world_of({ kept = { db = { "k1", "k2", "k3" } } })
    pool = world:pool({ db = { image = "x", size = 2 } }, { keep = 60 })
    a = world:acquire(pool, "db", "a")
    world:turn(1)
    assert.matches("^k", a.lease.id)
    assert.near(0.01, a.at - a.since, 1e-6)
    assert.is_nil(world.containers.k3) -- more than may be
    pool:release(a.lease, { ok = true })
    drained(world, pool)
    assert.equal(1, alive(world)) -- as many as were leased at once
  end)

  it("keeps one that was made anew after the last lease, but not after Ctrl-C", function()
    for _, interrupted in ipairs({ false, true }) do
      local world = world_of()
      local pool = world:pool({ db = { image = "x" } }, { keep = 60 })
      local a = world:acquire(pool, "db", "a")
      world:turn(1)
      pool:release(a.lease, { ok = true })
      drained(world, pool, interrupted)
      assert.same(interrupted and {} or { c2 = 60 }, world.kept)
      assert.equal(interrupted and 0 or 1, alive(world))
    end
  end)

  it("ends while one is being made, whatever it is doing", function()
    for _, at in ipairs({ 0.05, 0.3, 0.7, 1.5 }) do
      local world = world_of({ takes = { create = 0.1, start = 0.5, remove = 0.1, exec = 0.4 } })
      local pool = world:pool({ db = { image = "x", ready = { "ok" } } })
      local a = world:acquire(pool, "db", "a")
      world:turn(at)
      a.thread:cancel()
      if a.lease then pool:release(a.lease, { ok = false }) end
      drained(world, pool, true)
      assert.equal(0, alive(world))
      assert.same({}, world.owned)
    end
  end)

  it("stays within the memory that all share", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", size = 5, memory = 100, reset = { "clean" } },
      cache = { image = "y", size = 5, memory = 100, reset = { "clean" } } }, { memory = 250 })
    warm(pool, { want("a", 0, 1), want("b", 0, 1), want("c", 0, 1), want("d", 9, 1),
      want("e", 9, 1), want("f", 5, 1, { services = { "cache" } }) })
    world:turn(2)
    assert.equal(2, #world:made("create"))
    local e = world:acquire(pool, "cache", "f") -- nobody has the two: one makes room
    world:turn(2)
    assert.is_true(e.done)
    assert.equal(2, world.most)
    pool:release(e.lease)
    drained(world, pool)
    assert.equal(0, alive(world))
  end)

  it("does not let a task wait for the memory that it holds itself", function()
    local world = world_of()
    local pool = world:pool({ db = { image = "x", memory = 100 },
      cache = { image = "y", memory = 100 } }, { memory = 150 })
    local first = world:acquire(pool, "cache", "a")
    world:turn(1)
    local other = world:acquire(pool, "db", "b")
    world:turn(1)
    assert.is_nil(other.done)
    local second = world:acquire(pool, "db", "a")
    world:turn(1)
    assert.is_true(other.done) -- b came first
    assert.is_nil(second.done)
    pool:release(other.lease)
    world:turn(2)
    assert.is_true(second.done)
    pool:release(first.lease)
    pool:release(second.lease)
    drained(world, pool)
  end)

  it("gives the environment of the recipe, and says when that fails", function()
    local world = world_of()
    local pool = world:pool({
      db = { image = "x", ports = { 5432 }, lease = function(lease)
        return { PGPORT = tostring(lease.port) }
      end },
      bad = { image = "x", lease = function() error("oops", 0) end } })
    local a, b = world:acquire(pool, "db", "a"), world:acquire(pool, "bad", "b")
    world:turn(1)
    assert.same({ PGPORT = tostring(a.lease.port) }, a.lease.env)
    assert.equal('container "bad": its function lease raised: oops', b.message)
    pool:release(a.lease)
    drained(world, pool)
  end)
end)
