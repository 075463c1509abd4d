-- The order in which results go, and the recorded trace.
-- SPDX-License-Identifier: MIT
local plugin = require("ggen.plugins.cache.gdsf")
local ggen = require("ggen")
local sh = require("ggen").std.sh

-- Rows of results, each { uses, duration, bytes, last use }.
local function entries_of(rows)
  local entries = { count = #rows, now = 1000, key = {}, task = {}, bytes = {}, created = {},
    last_access = {}, hits = {}, duration = {} }
  for i, row in ipairs(rows) do
    entries.key[i], entries.task[i] = tostring(i), "t"
    entries.hits[i], entries.duration[i], entries.bytes[i] = row[1] - 1, row[2], row[3]
    entries.created[i], entries.last_access[i] = 0, row[4]
  end
  return entries
end

-- In which order results go when nothing may stay.
local function order(rows, params)
  local policy = plugin.setup(params or { limit = 1000, save = "time" }, {})
  return (policy:victims(entries_of(rows), math.huge))
end

describe("cache.gdsf", function()
  it("lets large ones go before small ones", function()
    assert.same({ 2, 1, 3 }, order({ { 1, 1, 100, 5 }, { 1, 1, 1000, 5 }, { 1, 1, 10, 5 } }))
  end)

  it("lets quick ones go before slow ones", function()
    assert.same({ 3, 1, 2 }, order({ { 1, 2, 100, 5 }, { 1, 9, 100, 5 }, { 1, 1, 100, 5 } }))
  end)

  it("lets those go first that are used seldom", function()
    assert.same({ 2, 3, 1 }, order({ { 9, 1, 100, 5 }, { 1, 1, 100, 5 }, { 3, 1, 100, 5 } }))
  end)

  it("lets what is not used any more go, however much it was worth", function()
    local rows = { { 20, 1, 100, 1 } }
    local function place()
      for at, row in ipairs(order(rows)) do if row == 1 then return at end end
    end
    for i = 1, 15 do rows[#rows + 1] = { 1, 1, 100, 10 + i } end
    assert.equal(16, place()) -- 20 / 16 is more than 1
    for i = 16, 40 do rows[#rows + 1] = { 1, 1, 100, 10 + i } end
    assert.equal(39, place()) -- 20 / 41 is less than 1 and 1 / 2
    rows[1][1] = 1
    assert.equal(1, place())
  end)

  it("counts uses and not seconds: a weekend makes nothing older", function()
    local friday = { { 3, 1, 100, 10 }, { 1, 1, 100, 20 }, { 2, 1, 100, 30 } }
    local monday = { { 3, 1, 100, 10 }, { 1, 1, 100, 20 }, { 2, 1, 100, 300000 } }
    assert.same(order(friday), order(monday))
  end)

  it("counts each use alike when it is to have hits", function()
    local rows = { { 2, 0.1, 100, 5 }, { 1, 60, 100, 5 } }
    assert.same({ 1, 2 }, order(rows))
    assert.same({ 2, 1 }, order(rows, { limit = 1000, save = "runs" }))
  end)

  it("lets nothing go without need, and no more than that", function()
    local policy = plugin.setup({ limit = 1000, save = "time" }, {})
    local entries = entries_of({ { 1, 1, 100, 5 }, { 1, 1, 200, 5 } })
    assert.same({}, (policy:victims(entries, 0)))
    assert.same({ 2 }, (policy:victims(entries, 150)))
    assert.equal(1000, policy:limit())
  end)

  it("copes with what took no time and no room", function()
    local rows = { { 1, 0, 0, 0 }, { 1, 0, 0, 0 }, { 1, 1e6, 1e15, 2e9 } }
    assert.equal(3, #order(rows))
  end)
end)

describe("the trace", function()
  local directory = assert(sh.capture({ "pwd" })):gsub("%s+$", "")

  -- { hit rate, seconds saved } of a policy, in a cache of so many bytes.
  local function replay(policy, limit)
    local text = assert(sh.capture({ "ggen-lua", "simulate", "--json", "--limit", limit, "--cache",
      policy }, { env = { GGEN_CACHE_DIR = directory .. "/trace/cache" } }))
    local result = ggen.json.decode(text).policies[1]
    return result.hit_rate, result.saved
  end

  for _, limit in ipairs({ "300kB", "600kB", "1MB", "2MB", "4MB" }) do
    it("is served better than by lru with " .. limit, function()
      local rate, saved = replay("./lua/ggen/plugins/cache/gdsf.lua", limit)
      local lru_rate, lru_saved = replay("lru", limit)
      assert.is_true(rate > lru_rate, ("hit rate %.3f, lru %.3f"):format(rate, lru_rate))
      assert.is_true(saved > lru_saved, ("saved %.1f s, lru %.1f s"):format(saved, lru_saved))
    end)
  end
end)
