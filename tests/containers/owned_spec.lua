-- std.docker.owned against a real engine: what is kept and adopted, what is removed, and when
-- nobody is asked. The runs are processes of their own (support/owner.lua).
-- images: bb
-- SPDX-License-Identifier: MIT
local docker = require("ggen.std").docker
local fs = require("ggen.core.fs")
local ggen = require("ggen")

package.path = "tests/containers/support/?.lua;" .. package.path
local owners = require("owners")

describe("std.docker.owned", function()
  local project, engine

  before_each(function()
    project = assert(fs.make_temp_dir())
    engine = assert(docker.connect())
  end)

  after_each(function()
    owners.end_all(project)
    fs.remove(project, { recursive = true })
  end)

  local function start(...) return owners.start(project, ...) end
  local function left() return owners.containers(engine, project) end
  local function books() return owners.books(project) end
  local function gone() owners.wait_until(function() return #left() == 0 end, "containers") end
  local function no_reaper()
    owners.wait_until(function() return #owners.reapers(project) == 0 end, "reapers")
  end

  it("removes what a run leaves, and its reaper ends", function()
    local run = start("make", "db", "volume", "end")
    run:read()
    local volume = run:read()
    assert.matches("^closed", run:read())
    run:wait()
    gone()
    no_reaper()
    assert.same({ "locks" }, books())
    for _, one in ipairs(assert(engine:volumes())) do assert.not_equal(volume, one.name) end
  end)

  it("asks no engine when nothing was made", function()
    local run = start("adopt", "db", "1", "sweep", "end")
    assert.matches("^adopted%s*$", run:read())
    assert.matches("^swept%s+0%s+0%s*$", run:read())
    assert.matches("^closed%s+0$", run:read())
    run:wait()
    assert.same({}, owners.reapers(project))
  end)

  it("keeps a container for the next run, which adopts it", function()
    local first = start("make", "db", "keep", "60", "end")
    local id = first:read()
    first:wait()
    local second = start("adopt", "other", "1", "adopt", "db", "1", "wait", "end")
    assert.matches("^adopted%s*$", second:read())
    assert.matches("^adopted%s+" .. id, second:read())
    -- It is in use: neither a third run nor a sweep takes it.
    local third = start("adopt", "db", "1", "sweep", "end")
    assert.matches("^adopted%s*$", third:read())
    assert.matches("^swept%s+0", third:read())
    third:wait()
    assert.equal("paused", assert(engine:inspect(id)).status)
    second:write("\n")
    second:wait()
    gone() -- it was not let go again
    no_reaper()
    assert.same({ "locks" }, books())
  end)

  it("one of two runs that adopt at once gets it", function()
    start("make", "db", "keep", "60", "end"):wait()
    local runs, got = {}, 0
    for i = 1, 4 do runs[i] = start("wait", "adopt", "db", "1", "wait", "end") end
    for _, run in ipairs(runs) do run:write("\n") end
    for _, run in ipairs(runs) do
      if run:read():find("%x%x%x%x%x%x%x%x") then got = got + 1 end
    end
    assert.equal(1, got)
    for _, run in ipairs(runs) do run:write("\n") end
    for _, run in ipairs(runs) do run:wait() end
    gone()
  end)

  it("replaces one of another configuration", function()
    start("make", "db", "keep", "60", "end"):wait()
    local run = start("adopt", "db", "2", "end")
    assert.matches("^adopted%s*$", run:read())
    run:wait()
    gone()
    no_reaper() -- the one that waited for its end, too
  end)

  it("removes what is kept when it has expired", function()
    start("make", "db", "keep", "1", "end"):wait()
    assert.equal(1, #owners.reapers(project))
    gone()
    no_reaper()
    assert.same({ "locks" }, books())
  end)

  it("does so when the project was moved", function()
    start("make", "db", "keep", "1", "end"):wait()
    assert(fs.rename(project, project .. "-moved"))
    gone()
    no_reaper()
    assert(fs.rename(project .. "-moved", project))
    assert.same({ "locks" }, books())
  end)

  it("or deleted", function()
    start("make", "db", "keep", "1", "end"):wait()
    assert(fs.remove(project .. "/.ggen", { recursive = true }))
    gone()
    no_reaper()
  end)

  it("a clock that goes back keeps nothing for ever", function()
    start("make", "db", "keep", "60", "end"):wait()
    local id = left()[1].id
    local path = project .. "/.ggen/containers/keep-" .. id .. ".json"
    local entry = ggen.json.decode(assert(fs.read(path)))
    entry.written = entry.written + 3600
    assert(fs.write(path, ggen.json.encode(entry)))
    local run = start("sweep", "end")
    assert.matches("^swept%s+1", run:read())
    run:wait()
    assert.same({}, left())
  end)

  it("a project that was copied is another one", function()
    start("make", "db", "keep", "60", "end"):wait()
    local copy = assert(fs.make_temp_dir())
    assert(fs.mkdir(copy .. "/.ggen/containers"))
    for _, name in ipairs(books()) do
      assert(fs.write(copy .. "/.ggen/containers/" .. name,
        fs.read(project .. "/.ggen/containers/" .. name)))
    end
    local run = owners.start(copy, "adopt", "db", "1", "sweep", "end")
    assert.matches("^adopted%s*$", run:read())
    run:wait()
    assert.equal(1, #left())
    fs.remove(copy, { recursive = true })
  end)

  it("the next run removes what is left when the reaper was killed as well", function()
    local run = start("make", "db", "wait")
    run:read()
    owners.kill(owners.reapers(project)[1])
    run:kill()
    assert.equal(1, #left())
    local next_run = start("sweep", "end")
    assert.matches("^swept%s+1", next_run:read())
    next_run:wait()
    assert.same({}, left())
  end)

  it("a reaper that was killed is replaced with the next container", function()
    local run = start("make", "db", "wait", "make", "db", "wait")
    run:read()
    local reaper = owners.reapers(project)[1]
    owners.kill(reaper)
    run:write("\n")
    run:read()
    assert.equal(1, #owners.reapers(project))
    assert.not_equal(reaper, owners.reapers(project)[1])
    run:kill()
    gone()
    no_reaper()
  end)

  it("waits for a container that is still being made when the run is killed", function()
    local run = start("unheard", "db", "wait")
    run:read()
    local id = left()[1].id
    run:kill()
    gone()
    assert.is_nil(engine:inspect(id))
    no_reaper()
  end)

  it("two runs in one tree know what is whose", function()
    local one, two = start("make", "db", "wait"), start("make", "db", "wait", "end")
    local first, second = one:read(), two:read()
    one:kill()
    owners.wait_until(function() return #left() == 1 end, "containers")
    assert.equal(second, left()[1].id)
    assert.is_nil(engine:inspect(first))
    two:write("\n")
    two:wait()
    gone()
    no_reaper()
  end)
end)
