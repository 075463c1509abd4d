-- The cache policies, and what replays accesses against them.
-- SPDX-License-Identifier: MIT
local evict = require("ggen.evict")
local registry = require("ggen.registry")
local simulate = require("ggen.simulate")

local function use(name, params) return registry.new({}):use("cache." .. name, params) end

-- Rows of { bytes, created, last_access, duration }.
local function entries_of(now, rows)
  local entries = { count = #rows, now = now, key = {}, task = {}, bytes = {}, created = {},
    last_access = {}, hits = {}, duration = {} }
  for i, row in ipairs(rows) do
    entries.key[i], entries.task[i], entries.hits[i] = "k" .. i, "t", 0
    entries.bytes[i], entries.created[i], entries.last_access[i], entries.duration[i] = unpack(row)
  end
  return entries
end

describe("evict", function()
  it("begins at 85 % and goes down to 70 %", function()
    assert.equal(0, evict.budget(84, 100))
    assert.equal(15, evict.budget(85, 100))
    assert.equal(0, evict.budget(1e15, nil))
  end)

  it("takes the lowest scores, as a sort would", function()
    math.randomseed(os.time())
    for _ = 1, 50 do
      local score, rows = {}, {}
      for i = 1, math.random(0, 60) do
        score[i], rows[i] = math.random(1, 20), { math.random(0, 9), 0, 0, 0 }
      end
      local entries, order = entries_of(0, rows), {}
      local budget = math.random(0, 200)
      for i = 1, entries.count do order[i] = i end
      table.sort(order, function(a, b)
        if score[a] ~= score[b] then return score[a] < score[b] end
        return a < b
      end)
      local expected, freed = {}, 0
      for _, i in ipairs(order) do
        if freed >= budget then break end
        expected[#expected + 1], freed = i, freed + entries.bytes[i]
      end
      assert.same(expected, (evict.lowest(entries, budget, score)))
    end
  end)

  local function chosen(victims)
    local impl = { victims = victims }
    return evict.choose({ name = "mine", plugin = { name = "mine" }, impl = impl },
      entries_of(0, { { 1, 0, 0, 0 }, { 1, 0, 0, 0 } }), 1)
  end

  it("checks what a policy says", function()
    local victims, reasons = chosen(function() return { 2, 1 }, { "age", "cost" } end)
    assert.same({ 2, 1 }, victims)
    assert.same({ "age", "cost" }, reasons)
    victims, reasons = chosen(function() return { 2 }, "cost" end)
    assert.same({ { 2 }, { "cost" } }, { victims, reasons })
    assert.same({}, (chosen(nil)))
    for text, answer in pairs({
      ["must return a list"] = function() return 7 end,
      ["no index of an entry"] = function() return { 3 } end,
      ["the index 1 twice"] = function() return { 1, 1 } end,
      ["the reason mood"] = function() return { 1 }, "mood" end,
      ["oops"] = function() error("oops") end,
    }) do
      local none, message = chosen(answer)
      assert.is_nil(none)
      assert.matches('plugin "mine", method victims: ', message, 1, true)
      assert.matches(text, message, 1, true)
    end
  end)
end)

describe("a sweep", function()
  local fs = require("ggen.core.fs")
  local results = require("results")
  local dir, files, cache, stored

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-spec-"))
    files, cache, stored = results.fill(dir, { 1, 2, 3, 4, 5, 6, 7, 8, 9 })
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  it("goes down to the policy's limit, and says what went", function()
    local wait = results.wait
    local total = wait(cache, "survey"):stats().bytes
    local lru = use("lru", { limit = total })
    local planned = assert(evict.sweep(cache, lru, { dry_run = true }))
    local done = assert(evict.sweep(cache, lru))
    assert.same({ 3, total, total }, { done.actions, done.bytes, done.limit })
    local young = 3 * #stored[1].content -- blobs stay for ten minutes
    assert.same({ planned.actions, planned.freed }, { done.actions, done.freed + young })
    assert.is_false(wait(files, "get", stored[1].key))
    assert.equal("t4", wait(files, "get", stored[4].key):info().task)
    assert.equal("lru", wait(files, "eviction", stored[1].key).policy)
    assert.is_false(wait(files, "eviction", stored[4].key))
    assert.equal(0, evict.sweep(cache, lru).actions)
  end)
end)

describe("the policies", function()
  local NOW = 100 * 86400
  local rows = entries_of(NOW, {
    { 10, NOW - 50, NOW - 1, 5 }, -- old, just used
    { 10, NOW - 10, NOW - 9, 100 }, -- expensive
    { 10, NOW - 20, NOW - 20, 1 },
    { 80, NOW - 5, NOW - 5, 5 }, -- large
  })

  it("lru: what was used last stays", function()
    local lru = use("lru").impl
    assert.same({ 3 }, (lru:victims(rows, 10)))
    assert.same({ 3, 2 }, (lru:victims(rows, 11)))
    assert.same({}, (lru:victims(rows, 0)))
    assert.equal(5 * 1024 ^ 3, lru:limit())
  end)

  it("size: the oldest go", function()
    local size = use("size").impl
    assert.same({ 1, 3 }, (size:victims(rows, 20)))
    assert.equal(1024 ^ 3, size:limit())
    assert.equal(100, use("size", { limit = 100 }).impl:limit())
  end)

  it("cost: what took long per byte stays, and fades", function()
    local cost = use("cost").impl
    assert.same({ 4 }, (cost:victims(rows, 80)))
    assert.same({ 4, 3 }, (cost:victims(rows, 81)))
    local two = entries_of(NOW, { { 10, 0, NOW - 30 * 86400, 10 }, { 10, 0, NOW, 5 } })
    assert.same({ 1 }, (cost:victims(two, 1)))
    assert.same({ 2 }, (use("cost", { half_life = "90d" }).impl:victims(two, 1)))
  end)

  it("ttl: only what is young is served, the rest goes", function()
    local ttl = use("ttl", { ttl = "15s" }).impl
    assert.is_true(ttl:lookup(nil, { age = 15 }))
    local served, reason = ttl:lookup(nil, { age = 16 })
    assert.is_false(served)
    assert.equal("older than 15.0 s", reason)
    local victims, reasons = ttl:victims(rows, 0)
    assert.same({ 1, 3 }, victims)
    assert.same({ "age", "age" }, reasons)
    victims, reasons = ttl:victims(rows, 25)
    assert.same({ 1, 3, 2 }, victims)
    assert.same({ "age", "age", "size" }, reasons)
    assert.is_true(use("ttl").impl:lookup(nil, { age = 86400 }))
  end)

  it("none: nothing at all", function()
    local none = use("none")
    assert.same({}, none.impl)
    assert.is_nil((evict.limit(none)))
    assert.same({}, (evict.choose(none, rows, 10)))
  end)
end)

describe("simulate", function()
  -- Rows of { key, time, bytes, duration }.
  local function accesses_of(list)
    local accesses = { count = #list, keys = 0, key = {}, time = {}, bytes = {}, duration = {},
      task = {} }
    for i, row in ipairs(list) do
      accesses.key[i], accesses.time[i], accesses.bytes[i], accesses.duration[i] = unpack(row)
      accesses.task[i] = 1
      accesses.keys = math.max(accesses.keys, row[1])
    end
    return accesses
  end

  it("counts hits and misses", function()
    local result = assert(simulate.run(accesses_of({
      { 1, 1, 10, 2 }, { 2, 2, 10, 3 }, { 1, 3, 10, 2 }, { 2, 4, 10, 3 }, { 1, 5, 10, 2 },
    }), use("none")))
    assert.equal(3, result.hits)
    assert.equal(2, result.misses)
    assert.equal(0.6, result.hit_rate)
    assert.equal(30, result.bytes_served)
    assert.equal(7, result.saved)
    assert.equal(5, result.spent)
    assert.equal(20, result.peak_bytes)
  end)

  it("makes room as the policy says", function()
    -- Room for two: 1 is used all the time, so lru keeps it; by age it would go.
    local list = {}
    for i = 1, 20 do
      list[#list + 1] = { 1, 2 * i, 10, 1 }
      list[#list + 1] = { 1 + i, 2 * i + 1, 10, 1 }
    end
    local accesses = accesses_of(list)
    local lru = assert(simulate.run(accesses, use("lru"), 30))
    local size = assert(simulate.run(accesses, use("size"), 30))
    assert.equal(19, lru.hits)
    assert.is_true(size.hits < 19)
    assert.is_true(lru.peak_bytes <= 30 and size.peak_bytes <= 30)
    assert.is_true(lru.evictions > 10)
  end)

  it("does not serve what a policy calls stale", function()
    local list = { { 1, 0, 10, 1 }, { 1, 5, 10, 1 }, { 1, 20, 10, 1 }, { 1, 25, 10, 1 } }
    local result = assert(simulate.run(accesses_of(list), use("ttl", { ttl = 10 })))
    assert.equal(2, result.hits)
    assert.equal(1, result.stale)
  end)

  it("agrees with a plain replay of lru", function()
    math.randomseed(os.time())
    local list = {}
    for i = 1, 2000 do list[i] = { math.random(1, 60), i, 1, 1 } end
    local result = assert(simulate.run(accesses_of(list), use("lru"), 40))
    local used, count, hits = {}, 0, 0
    for _, row in ipairs(list) do
      if used[row[1]] then
        hits = hits + 1
      else
        count = count + 1
      end
      used[row[1]] = row[2]
      if count >= 34 then
        while count > 28 do
          local oldest
          for key, time in pairs(used) do
            if not oldest or time < used[oldest] then oldest = key end
          end
          used[oldest], count = nil, count - 1
        end
      end
    end
    assert.equal(hits, result.hits)
  end)

  it("names the policy that fails", function()
    local mine = { name = "./mine.lua", plugin = { name = "mine" },
      impl = { lookup = function() error("oops") end } }
    local none, message = simulate.run(accesses_of({ { 1, 0, 1, 1 }, { 1, 1, 1, 1 } }), mine)
    assert.is_nil(none)
    assert.matches('plugin "./mine.lua", method lookup: .*oops', message)
  end)

  it("replays 100,000 accesses in less than a second", function()
    math.randomseed(7)
    local list = {}
    for i = 1, 100000 do
      list[i] = { math.floor(5000 * math.random() ^ 2) + 1, i, math.random(1000, 9000), 1 }
    end
    local accesses = accesses_of(list)
    for _, name in ipairs({ "lru", "cost", "size" }) do
      local started = os.clock()
      local result = assert(simulate.run(accesses, use(name), 5e6))
      local took = os.clock() - started
      assert.is_true(result.evictions > 1000)
      assert.is_true(took < 1, ("%s took %.2f s"):format(name, took))
      if os.getenv("GGEN_SPEC_TIMES") then print(name, took, result.hit_rate, result.evictions) end
    end
  end)
end)
