-- The binding, with results that are stored as a run does; what the cache does is tested in
-- tests/unit/cache/. SPDX-License-Identifier: MIT
local core = require("ggen.core.cache")
local fs = require("ggen.core.fs")
local hash = require("ggen.core.hash")
local incremental = require("ggen.core.incremental")
local results = require("results")

local wait = results.wait

describe("a stored result", function()
  local dir, files, stored

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-spec-"))
    local _
    files, _, stored = results.fill(dir, { 1000.5 })
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  it("comes back from its bytes", function()
    local info = stored[1].action:info()
    assert.same({ stored[1].key, "t1", 1000.5, 2.25, 9, 1, false },
      { info.key, info.task, info.created, info.duration, info.bytes, info.output_count, info.log })
    local again = assert(incremental.decode(stored[1].action:encode()))
    assert.same(info, again:info())
    assert.same({ hash.bytes("made by 1") }, again:blobs())
    assert.same({}, incremental.changes(stored[1].action, again))
    assert.same(info, wait(files, "get", stored[1].key):info())
    assert.is_false(wait(files, "get", ("2"):rep(64)))
    assert.error_matches(function() files:get("x", print) end, "64 hexadecimal digits")
  end)

  it("is refused when one byte of it is another, or missing", function()
    local bytes = stored[1].action:encode()
    for i = 1, #bytes do
      local flipped = string.char(bit.bxor(bytes:byte(i), 4))
      for _, damaged in ipairs({ bytes:sub(1, i - 1), bytes:sub(1, i - 1) .. flipped
        .. bytes:sub(i + 1) }) do
        local none, message, kind = incremental.decode(damaged)
        assert.is_nil(none)
        assert.equal("invalid", kind)
        assert.matches("the stored result is damaged: ", message, 1, true)
      end
    end
    assert.is_nil((incremental.decode(bytes .. "\0")))
  end)

  it("moves to another cache, with its blobs", function()
    local path = files:blob_path(hash.bytes("made by 1"))
    assert.equal("made by 1", fs.read(path))
    assert(fs.mkdir(dir .. "/other"))
    local other = results.fill(dir .. "/other", {})
    local action = assert(incremental.decode(stored[1].action:encode()))
    assert.same(action:blobs(), other:missing_blobs(action))
    local fetched = other:new_blob_path()
    assert.not_equal(fetched, other:new_blob_path())
    assert(fs.write(fetched, "made by 2"))
    local _, _, kind = wait(other, "import", fetched, action:blobs()[1])
    assert.equal("invalid", kind)
    assert.is_nil(fs.stat(fetched))
    assert(fs.write(fetched, "made by 1"))
    assert.is_true(wait(other, "import", fetched, action:blobs()[1]))
    assert.is_nil(fs.stat(fetched))
    assert.same({}, other:missing_blobs(action))
    assert.is_true(other:put(action))
    assert.same(action:info(), wait(other, "get", stored[1].key):info())
  end)
end)

describe("cache", function()
  local dir, files, cache, stored

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-spec-"))
    files, cache, stored = results.fill(dir, { 1000.5 })
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  it("opens what is there", function()
    assert.equal(dir .. "/cache", cache:path())
    assert.equal(dir .. "/cache", assert(core.open(dir .. "/cache")):path())
    local _, _, kind = core.open(dir .. "/other")
    assert.equal("not_found", kind)
    assert.is_nil(fs.stat(dir .. "/other"))
    assert.is_string(core.default_path())
  end)

  it("surveys, sweeps and remembers why", function()
    local key = stored[1].key
    assert(files:append({ "store", key, "t1", 9, 2 }, 1000))
    assert(files:append({ "hit", key, "t1", 9, 2 }, 2000))
    local survey = assert(wait(cache, "survey"))
    local entries = survey:entries(3000)
    assert.equal(1, entries.count)
    assert.equal(3000, entries.now)
    assert.same({ key }, entries.key)
    assert.same({ "t1" }, entries.task)
    assert.same({ 1000.5 }, entries.created)
    assert.same({ 2000 }, entries.last_access)
    assert.same({ 1 }, entries.hits)
    assert.same({ 2.25 }, entries.duration)
    local stats = survey:stats()
    assert.equal(1, stats.entries)
    assert.equal(1, stats.blobs)
    assert.equal(2, stats.saved)
    assert.same({ 1, 1 }, { stats.tasks.t1.hits, stats.tasks.t1.entries })

    assert.error_matches(function() survey:sweep({ 2 }, nil, "lru", print) end, "no entry")
    assert.error_matches(function() survey:sweep({ 1 }, { "mood" }, "lru", print) end, "no reason")
    assert.is_false(wait(files, "eviction", key))
    local swept = wait(survey, "sweep", { 1 }, { "age" }, "mine")
    assert.equal(1, swept.actions)
    local gone = wait(files, "eviction", key)
    assert.same({ "mine", "age", 2.25 }, { gone.policy, gone.reason, gone.duration })
    assert.is_false(wait(files, "get", key))
  end)

  it("has what was recorded", function()
    local a, b = ("a"):rep(64), ("b"):rep(64)
    assert(files:append({ "store", a, "x", 10, 3, "hit", b, "y", 20, 4 }, 1))
    assert(files:append({ "hit", a, "x", 10, 3, "miss", a, "x", 10, 3 }, 5)) -- nothing was kept
    local accesses = assert(wait(cache, "accesses"))
    assert.same({ 1, 2, 1 }, accesses.key)
    assert.same({ 1, 1, 5 }, accesses.time)
    assert.same({ 10, 20, 10 }, accesses.bytes)
    assert.same({ 3, 4, 3 }, accesses.duration)
    assert.error_matches(function() files:append({ "x", a, "x", 1, 1 }, 1) end, "invalid option")
    assert.error_matches(function() files:append({ "hit", "1", "x", 1, 1 }, 1) end,
      "64 hexadecimal digits")
  end)

  it("verifies and clears", function()
    local found = assert(wait(cache, "verify"))
    assert.same({}, found.problems)
    assert.equal(1, found.actions)
    local path = files:blob_path(hash.bytes("made by 1"))
    assert(fs.remove(path))
    assert(fs.write(path, "made by 2"))
    found = assert(wait(cache, "verify"))
    assert.equal(2, #found.problems)
    assert.same({}, cache:warnings())
    results.fill(dir, { 1 })
    assert.equal(1, wait(cache, "clear").blobs)
  end)

  it("says each damaged file once, whoever meets it", function()
    local key = stored[1].key
    local path = ("%s/cache/actions/%s/%s"):format(dir, key:sub(1, 2), key:sub(3))
    assert(fs.remove(path))
    assert(fs.write(path, "rubbish"))
    assert.is_false(wait(files, "get", key))
    assert.is_false(wait(files, "get", key))
    local said = cache:warnings()
    assert.equal(1, #said)
    assert.matches(path, said[1], 1, true)
    assert.same({}, cache:warnings())
  end)

  it("drops the answer of a handle that is closed", function()
    local called = false
    cache:survey(function() called = true end):close()
    -- Its job was queued first: when so many later ones have answered, it is over too.
    for _ = 1, 20 do assert(wait(cache, "survey")) end
    assert.is_false(called)
  end)

  it("lives as long as one of those that use it", function()
    files = nil
    collectgarbage()
    assert.equal(1, wait(cache, "survey"):stats().entries)
    local survey = wait(cache, "survey")
    cache = nil
    collectgarbage()
    assert.equal(1, wait(survey, "sweep", { 1 }, nil, "lru").actions)
  end)
end)
