-- What a run records of its phases. The run is a table with the fields that the recorder uses.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local core = require("ggen.core.state")
local fs = require("ggen.core.fs")
local record = require("ggen.lifecycle.record")

describe("the recorder", function()
  local dir, notes, recorder

  before_each(function()
    dir = fs.make_temp_dir(fs.temp_dir(), "ggen-record-")
    notes = {}
    local events = { note = function(_, level, text) notes[#notes + 1] = level .. ": " .. text end }
    recorder = record.new({ events = events,
      project = { dir = dir,
        loaded = { root = { lifecycle = { max_records = 3 } }, workspaces = {} } } })
  end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function task(name, spec, kind, workspace)
    spec.lifecycle = { kind = kind or "phase" }
    return { name = name, workspace = workspace, spec = spec }
  end

  local function ended(which, result)
    result.status, result.ran = result.status or "ok", result.ran or 0.25
    recorder:on_task_end(which, result)
  end

  it("records what ran and succeeded, once, at the end", function()
    local began = clock.monotonic()
    ended(task("build", { run = { { sh = "echo BUILD" } } }), { began = began, ran = 1.2345 })
    ended(task("test", { run = { { sh = "a" }, { "b", "c" } }, env = { GGEN_ENV = "ci" } }, "phase",
      "web"), { began = began })
    assert.is_nil(fs.stat(dir .. "/.ggen"))
    recorder:save()
    assert.same({}, notes)
    local state = core.open(dir)
    local records = state:records()
    assert.equal(2, #records)
    assert.equal(1234, records[1].duration_ms)
    assert.is_true(math.abs(records[1].started_ms - clock.unix() * 1000) < 3600 * 1000)
    assert.equal("web", records[2].workspace)
    assert.same({
      { phase = "build",
        key = "c69e8f4de30969afc5f448157f1db2b80960074d732791e2e6b50c517bd537f6" },
      { phase = "test", workspace = "web",
        key = core.cache_key("test", { "a", "b c" }, { { "GGEN_ENV", "ci" } }) },
    }, state:keys())
  end)

  it("keeps to the bound that the file sets", function()
    for _ = 1, 5 do ended(task("p", { run = "x" }), { began = clock.monotonic() }) end
    recorder:save()
    assert.equal(3, #core.open(dir):records())
  end)

  it("records nothing of the rest", function()
    local now = clock.monotonic()
    ended(task("failed", { run = "x" }), { began = now, status = "failed" })
    ended(task("fresh or restored", { run = "x" }), {})
    ended(task("empty", {}), { began = now })
    ended(task("before_build", { run = "x" }, "hook"), { began = now })
    ended(task("ci", { run = "x" }, "group"), { began = now })
    ended({ name = "of pipeline.lua", spec = { run = "x" } }, { began = now })
    recorder:save()
    assert.is_nil(fs.stat(dir .. "/.ggen"))
    assert.same({}, notes)
  end)

  it("warns once of a damaged file, and goes on", function()
    fs.mkdir(dir .. "/.ggen")
    fs.write(dir .. "/.ggen/state.json", "")
    assert.is_false(record.state(dir):succeeded("build"))
    ended(task("build", { run = "x" }), { began = clock.monotonic() })
    recorder:save()
    assert.equal(1, #notes)
    assert.is_truthy(notes[1]:find(
      "^warning: .*/%.ggen/state%.json is damaged %(it is empty%); it is kept as state%.json%.dam"))
    assert.is_true(core.open(dir):succeeded("build"))
  end)

  it("warns once of a file that was only read", function()
    fs.mkdir(dir .. "/.ggen")
    fs.write(dir .. "/.ggen/state.json", "{")
    assert.is_false(record.state(dir):succeeded("build"))
    recorder:save()
    assert.equal(1, #notes)
    assert.equal("{", fs.read(dir .. "/.ggen/state.json"))
  end)

  it("warns when nothing can be written", function()
    fs.write(dir .. "/.ggen", "")
    ended(task("build", { run = "x" }), { began = clock.monotonic() })
    recorder:save()
    assert.equal(1, #notes)
    assert.is_truthy(notes[1]:find("^warning: what the phases did cannot be recorded: "))
  end)
end)
