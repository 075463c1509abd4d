-- SPDX-License-Identifier: MIT
local corpus = require("corpus")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local state = require("ggen.core.state")

describe("state", function()
  local dir

  before_each(function() dir = fs.make_temp_dir(fs.temp_dir(), "ggen-state-") end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function record(phase, workspace)
    return { phase = phase, workspace = workspace, started_ms = 1760234326406, duration_ms = 675 }
  end

  it("keeps what phases have done", function()
    local first = state.open(dir)
    assert.equal(dir .. "/.ggen/state.json", first:path())
    assert.is_false(first:succeeded("build"))
    assert.is_nil(first:last("build"))
    first:record(record("build"))
    first:key("build", "abc")
    first:record({ phase = "test", workspace = "web", started_ms = 1, duration_ms = 2,
      success = false })
    first:key("test", "def", "web")
    assert.is_true(first:save())

    local second = state.open(dir)
    assert.is_true(second:succeeded("build"))
    assert.is_false(second:succeeded("build", "web"))
    assert.is_false(second:succeeded("test", "web"))
    assert.same({ phase = "test", workspace = "web", started_ms = 1, duration_ms = 2,
      success = false }, second:last("test", "web"))
    assert.equal("test", second:last_phase())
    assert.equal(2, #second:records())
    assert.equal(1760234326406, second:records()[1].started_ms)
    assert.same({ { phase = "build", key = "abc" },
      { phase = "test", key = "def", workspace = "web" } }, second:keys())
    assert.is_nil(second:problem())
    assert.is_true(second:reset())
    assert.is_false(second:reset())
    assert.same({}, second:records())
  end)

  it("has a bound", function()
    local bounded = state.open(dir, { max_records = 2 })
    for i = 1, 5 do bounded:record(record("p" .. i)) end
    assert.is_true(bounded:save())
    assert.equal(5, #bounded:records()) -- that a phase has succeeded is not forgotten
    for _ = 1, 5 do bounded:record(record("p1")) end
    assert.is_true(bounded:save())
    assert.equal(5, #bounded:records())
    assert.equal("p1", bounded:last_phase())
  end)

  it("says what is wrong with the file, and where it is kept", function()
    fs.mkdir(dir .. "/.ggen")
    fs.write(dir .. "/.ggen/state.json", "{ x")
    local damaged = state.open(dir)
    assert.is_nil(damaged:problem())
    assert.is_false(damaged:succeeded("build"))
    assert.equal("is damaged (line 1, column 3: a name expected)", damaged:problem())
    damaged:record(record("build"))
    assert.is_true(damaged:save())
    local kept = damaged:problem():match("; it is kept as (state%.json%.damaged%-[%d-]+)$")
    assert.equal("{ x", fs.read(dir .. "/.ggen/" .. kept))
  end)

  it("refuses politely", function()
    fs.write(dir .. "/.ggen", "a file")
    local refused = state.open(dir)
    refused:record(record("build"))
    local saved, message = refused:save()
    assert.is_nil(saved)
    assert.is_truthy(message:find(".ggen", 1, true))
  end)

  it("raises on wrong arguments", function()
    local object = state.open(dir)
    for _, wrong in ipairs({ {}, { phase = "a" }, { phase = "a", started_ms = -1, duration_ms = 1 },
      { phase = "a", started_ms = 1, duration_ms = "1" },
      { phase = "a", started_ms = 0 / 0, duration_ms = 1 },
      { phase = "a\0b", started_ms = 1, duration_ms = 1 },
      { phase = "\255", started_ms = 1, duration_ms = 1 },
      { phase = "a", workspace = 1, started_ms = 1, duration_ms = 1 } }) do
      assert.has_error(function() object:record(wrong) end)
    end
    assert.has_error(function() object:succeeded() end)
    assert.has_error(function() object:key("a") end)
    assert.has_error(function() state.open() end)
    assert.has_error(function() state.open("a\0b") end)
    assert.has_error(function() state.open(dir, { max_records = -1 }) end)
    assert.has_error(function() state.cache_key("a", {}, { "GGEN_ENV" }) end)
    assert.has_error(function() state.cache_key("a") end)
    assert.is_true(object:save())
    assert.is_nil(fs.stat(dir .. "/.ggen"))
  end)

  it("computes the cache keys of the original", function()
    assert.equal("c69e8f4de30969afc5f448157f1db2b80960074d732791e2e6b50c517bd537f6",
      state.cache_key("build", { "echo BUILD" }))
    assert.not_equal(state.cache_key("build", { "echo BUILD" }),
      state.cache_key("build", { "echo BUILD" }, { { "GGEN_ENV", "ci" } }))
    -- It is not injective, which is why nothing here depends on it.
    assert.equal(state.cache_key("build", { "a", "b" }), state.cache_key("build", { "a\nb" }))
    local vectors = fs.read(corpus.path .. "/cache-key-vectors.json")
    for _, vector in ipairs(vectors and json.decode(vectors) or {}) do
      assert.equal(vector.key, state.cache_key(vector.phase, vector.commands, vector.env))
    end
  end)

  it("loads the files of real projects, and writes them as they were", function()
    local names = fs.list(corpus.path .. "/state-json") or {}
    for _, entry in ipairs(names) do
      local text = fs.read(corpus.path .. "/state-json/" .. entry.name)
      fs.mkdir(dir .. "/.ggen")
      fs.write(dir .. "/.ggen/state.json", text)
      local real = state.open(dir)
      local before = real:records()
      assert.same(json.decode(text).phase_history, before)
      real:record(record("new"))
      assert.is_true(real:save())
      assert.is_nil(real:problem())
      local longer = fs.read(dir .. "/.ggen/state.json")
      local head, tail = longer:match(
        '^(.*),\n    {\n      "phase": "new",\n.-\n    }(\n  %].*)$')
      assert.equal(text, (head .. tail):gsub('"last_phase": "new"',
        '"last_phase": "' .. json.decode(text).last_phase .. '"'), nil)
    end
  end)
end)
