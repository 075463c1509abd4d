-- The binding; what the cache does is tested in tests/unit/cache/.
-- SPDX-License-Identifier: MIT
local action = require("ggen.core.action")
local async = require("ggen.async")
local core = require("ggen.core.cache")
local fs = require("ggen.core.fs")

local function digest(letter) return letter:rep(64) end
local EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" -- sha256 of ""
local ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" -- sha256 of "abc"

local function sample(key)
  return {
    key = key, task = "build", outputs_digest = digest("2"), log = EMPTY, log_size = 0,
    outputs = {
      { path = "out/a", kind = "file", executable = true, size = 3, digest = ABC },
      { path = "out/l", kind = "link", digest = digest("3"), target = "a" },
      { path = "out/m", kind = "missing" },
    },
    output_patterns = { "out" }, created = 1000.5, duration = 2.25, user = 1, system = 0.5,
    peak_memory = 4096, writer = "me",
    parts = { { kind = "input", name = "src/a.c", value = "f" .. ABC } },
  }
end

describe("action", function()
  it("comes back from its bytes", function()
    local value = sample(digest("1"))
    assert.same(value, action.decode(action.encode(value)))
    local _, message, kind = action.decode("rubbish that is long enough")
    assert.equal("invalid", kind)
    assert.matches("damaged", message)
  end)

  it("refuses what is none", function()
    local function refused(text, change)
      local value = sample(digest("1"))
      change(value)
      assert.error_matches(function() action.encode(value) end, text)
    end
    refused("field 'key': a digest expected", function(v) v.key = "1" end)
    refused("field 'task': string expected", function(v) v.task = {} end)
    refused("field 'kind': missing, file", function(v) v.outputs[1].kind = "pipe" end)
    refused("field 'duration': a number", function(v) v.duration = -1 end)
    refused("field 'parts': table expected", function(v) v.parts = 7 end)
    refused("field 'output_patterns': string", function(v) v.output_patterns = { {} } end)
    local value = sample(digest("1"))
    value.outputs[1].path = "../a"
    assert.is_nil((action.encode(value)))
  end)
end)

describe("cache", function()
  local dir, cache

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-spec-"))
    cache = assert(core.open(dir .. "/cache"))
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  local function wait(method, ...)
    local args = { ... }
    return async.await(function(resume)
      args[#args + 1] = resume
      return cache[method](cache, unpack(args))
    end)
  end

  local function fill()
    assert(fs.write(dir .. "/abc", "abc"))
    assert.is_true(wait("import", dir .. "/abc", ABC))
    assert(fs.write(dir .. "/empty", ""))
    assert.is_true(wait("import", dir .. "/empty", EMPTY))
    assert.is_true(cache:put(digest("1"), action.encode(sample(digest("1")))))
  end

  it("opens what is there", function()
    assert.equal(dir .. "/cache", cache:path())
    assert(core.open(dir .. "/cache", { create = false }))
    local _, _, kind = core.open(dir .. "/other", { create = false })
    assert.equal("not_found", kind)
    assert.is_string(core.default_path())
  end)

  it("moves results and blobs", function()
    fill()
    assert.same(sample(digest("1")), action.decode(cache:get(digest("1"))))
    assert.is_nil(cache:get(digest("2")))
    assert.is_true(cache:has_blob(ABC))
    assert.is_false(cache:has_blob(digest("0")))
    assert.equal("abc", fs.read(cache:blob_path(ABC)))
    assert.is_nil(fs.stat(dir .. "/abc"))
    assert(fs.write(dir .. "/wrong", "xyz"))
    local _, _, kind = wait("import", dir .. "/wrong", digest("4"))
    assert.equal("invalid", kind)
    local _, message = cache:put(digest("2"), action.encode(sample(digest("1"))))
    assert.matches("is of the key 1111", message)
    assert.error_matches(function() cache:get("x") end, "64 hexadecimal digits")
  end)

  it("surveys, sweeps and remembers why", function()
    fill()
    assert(cache:append({ { op = "store", key = digest("1"), task = "build", time = 1000,
      bytes = 3, duration = 2 }, { op = "hit", key = digest("1"), task = "build", time = 2000,
      bytes = 3, duration = 2 } }))
    local survey = assert(wait("survey"))
    local entries = survey:entries(3000)
    assert.equal(1, entries.count)
    assert.equal(3000, entries.now)
    assert.same({ digest("1") }, entries.key)
    assert.same({ "build" }, entries.task)
    assert.same({ 1000.5 }, entries.created)
    assert.same({ 2000 }, entries.last_access)
    assert.same({ 1 }, entries.hits)
    assert.same({ 2.25 }, entries.duration)
    local stats = survey:stats()
    assert.equal(1, stats.entries)
    assert.equal(2, stats.blobs)
    assert.equal(2, stats.saved)
    assert.same({ 1, 1 }, { stats.tasks.build.hits, stats.tasks.build.entries })

    assert.error_matches(function() survey:sweep({ 2 }, nil, "lru", print) end, "no entry")
    assert.error_matches(function() survey:sweep({ 1 }, { "mood" }, "lru", print) end, "no reason")
    local swept = async.await(function(resume)
      return survey:sweep({ 1 }, { "age" }, "mine", resume)
    end)
    assert.equal(1, swept.actions)
    local gone = cache:evictions({ digest("1"), digest("2") })
    assert.is_nil(gone[digest("2")])
    assert.equal("mine", gone[digest("1")].policy)
    assert.equal("age", gone[digest("1")].reason)
  end)

  it("writes out groups of hits", function()
    local function hit(letter) return { op = "hit", key = digest(letter), task = letter, time = 1,
      bytes = 10, duration = 3 } end
    local group = assert(cache:append_group({ hit("a"), hit("b") }, 1))
    assert.equal(2, group.count)
    assert.equal(6, group.duration)
    assert(cache:append_repeat(group, 5))
    local accesses = assert(wait("accesses"))
    assert.equal(4, accesses.count)
    assert.equal(2, accesses.keys)
    assert.same({ 1, 2, 1, 2 }, accesses.key)
    assert.same({ 1, 1, 5, 5 }, accesses.time)
    assert.error_matches(function() cache:append_repeat({}, 1) end, "append_group returned")
    assert.error_matches(function() cache:append({ { op = "x" } }) end, "op is one of")
    assert.error_matches(function() cache:append({ { op = "hit", key = "1" } }) end, "a digest")
  end)

  it("verifies and clears", function()
    fill()
    local found = assert(wait("verify"))
    assert.same({}, found.problems)
    assert.equal(1, found.actions)
    assert(fs.remove(cache:blob_path(ABC)))
    assert(fs.write(cache:blob_path(ABC), "abd"))
    found = assert(wait("verify"))
    assert.equal(2, #found.problems)
    assert.same({}, cache:warnings())
    assert.equal(1, wait("clear").blobs)
  end)

  it("drops the answer of a handle that is closed", function()
    local called = false
    cache:survey(function() called = true end):close()
    -- Its job was queued first: when so many later ones have answered, it is over too.
    for _ = 1, 20 do assert(wait("survey")) end
    assert.is_false(called)
  end)
end)
