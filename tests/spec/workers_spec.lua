-- How many tasks run at once, and when one at a time is all that the memory allows.
-- SPDX-License-Identifier: MIT
local estimate = require("ggen.estimate")
local graph = require("ggen.core.graph")
local headroom = require("ggen.headroom")
local registry = require("ggen.registry")
local report = require("ggen.report")
local virtual_run = require("ggen.virtual_run")
local workers = require("ggen.workers")

local function project_with(jobs) return { loaded = { root = { jobs = jobs or false } } } end

describe("the number of workers", function()
  it("is what -j says, else the pipeline, else the processors and some that wait", function()
    assert.same({ jobs = 3 }, workers.of({ jobs = 3 }, project_with(7), 4))
    assert.same({ jobs = 1 }, workers.of({ jobs = 3, no_parallel = true }, project_with(7), 4))
    assert.same({ jobs = 7 }, workers.of({}, project_with(7), 4))
    assert.same({ jobs = 1, io = 2 }, workers.of({}, project_with(), 1))
    assert.same({ jobs = 4, io = 8 }, workers.of({}, project_with(), 4))
    assert.same({ jobs = 32, io = 16 }, workers.of({}, project_with(), 32))
  end)

  it("counts as waiting what says so, and does not say that it computes", function()
    local function is_io(weight) return workers.is_io({ spec = { weight = weight } }) end
    assert.is_true(is_io({ io = true }))
    assert.is_true(is_io({ io = 0.2, memory = 100 }))
    assert.is_false(is_io({ io = true, cpu = 1 }))
    assert.is_false(is_io({ io = false }))
    assert.is_false(is_io({ io = 0 }))
    assert.is_false(is_io({ memory = 100 }))
    assert.is_false(is_io(nil))
  end)
end)

describe("headroom", function()
  local function watched(machine)
    local seen = { now = 0, pumped = 0, told = 0, looks = 0 }
    local room = headroom.new({
      now = function() return seen.now end,
      machine = function()
        return {
          memory = 1000,
          memory_pressure = function()
            seen.looks = seen.looks + 1
            return machine.pressure
          end,
          free_memory = function() return machine.free end,
        }
      end,
      start_timer = function(_, fn)
        seen.fire = fn
        return { close = function() seen.closed = true end }
      end,
      pump = function() seen.pumped = seen.pumped + 1 end,
      on_short = function() seen.told = seen.told + 1 end,
    })
    return room, seen
  end

  it("is not looked at in short runs, nor at each task", function()
    local room, seen = watched({ free = 0 })
    assert.is_false(room:is_short())
    assert.equal(0, seen.looks)
    seen.now = 1
    for _ = 1, 100 do assert.is_true(room:is_short()) end
    assert.equal(1, seen.looks)
  end)

  it("is short with little free memory, or when all wait for some", function()
    for _, case in ipairs({ { { free = 19 }, true }, { { free = 21 }, false },
      { { free = 500, pressure = 60 }, true }, { { free = 500, pressure = 40 }, false } }) do
      local room, seen = watched(case[1])
      room:is_short()
      seen.now = 1
      assert.equal(case[2], room:is_short())
    end
  end)

  it("says it once, and looks again without a task having ended", function()
    local machine = { free = 0 }
    local room, seen = watched(machine)
    room:is_short()
    for now = 1, 5 do
      seen.now = now
      assert.is_true(room:is_short())
    end
    assert.equal(1, seen.told)
    machine.free, seen.now = 500, 6
    seen.fire()
    assert.equal(1, seen.pumped)
    assert.is_false(room:is_short())
    machine.free, seen.now = 0, 7
    assert.is_true(room:is_short())
    room:close()
    assert.is_true(seen.closed)
  end)
end)

describe("an estimate", function()
  local function project_of(needs)
    local g = graph.new()
    for i = 1, #needs do g:add("t" .. i) end
    for i, list in ipairs(needs) do
      for _, need in ipairs(list) do g:edge(need, i) end
    end
    assert(g:freeze())
    return {
      graph = g, phases = {},
      task = function(_, id) return { index = id, id = "t" .. id, spec = {} } end,
      id = function(_, id) return "t" .. id end,
      count = function() return #needs end,
      survey = function() return { services = {}, io = {}, alone = {} } end,
    }
  end

  local function timings_of(seconds, known)
    return {
      history = function()
        return {
          durations = function() return seconds, known, #seconds - known end,
          expected = function(_, id) return seconds[tonumber(id:sub(2))] end,
        }
      end,
      expected = function(_, task) return seconds[task.index] end,
    }
  end

  local function estimate_of(project, seconds, options)
    return estimate.of({ project = project, plan = project.graph:plan(), jobs = options.jobs or 1,
      timings = timings_of(seconds, options.known or #seconds), takes_part = options.takes_part })
  end

  it("is what critical-path makes of the same durations on a virtual clock", function()
    math.randomseed(4)
    for _ = 1, 50 do
      local needs, seconds = {}, {}
      for i = 1, 30 do
        needs[i], seconds[i] = {}, math.random(0, 9)
        for j = 1, i - 1 do
          if math.random(8) == 1 then table.insert(needs[i], j) end
        end
      end
      local project, jobs = project_of(needs), math.random(2, 5)
      local plugins = registry.new({ project_dir = "/nowhere", options = {} })
      plugins:use("scheduler.critical-path")
      local played = virtual_run.run({ project = project, plan = project.graph:plan(), jobs = jobs,
        plugins = plugins, seconds = seconds, timings = timings_of(seconds, #seconds) })
      assert.equal(played.makespan, estimate_of(project, seconds, { jobs = jobs }).seconds)
    end
  end)

  it("is none when less than half of the tasks have run before", function()
    local project = project_of({ {}, {}, {}, {} })
    assert.is_nil(estimate_of(project, { 1, 1, 1, 1 }, { known = 1 }))
    assert.equal(4, estimate_of(project, { 1, 1, 1, 1 }, { known = 2 }).seconds)
  end)

  it("goes by how long things take this time", function()
    local project = project_of({ {}, {}, {}, {} })
    local plan, core = project.graph:plan(), require("ggen.core.forecast")
    local left = core.new({ 2, 2, 2, 2 }, 4)
    local function at(now) return left:left(plan, 1, now) end
    assert.equal(1, plan:next())
    assert.equal(8, at(0))
    assert.equal(7.5, at(0.5))
    plan:done(1)
    -- A quarter took 30 seconds instead of 2.
    assert.equal(90, at(30))
    for _ = 2, 4 do plan:done(plan:next()) end
    assert.equal(0, at(40))
  end)

  it("is of those that take part", function()
    local project = project_of({ {}, { 1 }, { 2 } })
    local found = estimate_of(project, { 1, 2, 4 }, { takes_part = { [1] = true, [3] = true } })
    assert.same({ seconds = 5, jobs = 1, known = 2, unknown = 0 }, found)
  end)
end)

describe("what a run was waiting for", function()
  local function lines(wall, verbose, path, code)
    return report.critical_path({ totals = { wall = wall, code = code or 0 },
      critical_path = function() return path end }, verbose)
  end

  local function path_of(durations, more)
    local path = { tasks = {}, duration = 0, share = 0.75, ran = #durations + 3, more = more }
    for i, duration in ipairs(durations) do
      path.tasks[i] = { id = "t" .. i, duration = duration }
      path.duration = path.duration + duration
    end
    return path
  end

  it("is one line of the longest tasks in their order, and one of more workers", function()
    local more = { { jobs = 4, wall = 7.6 }, { jobs = 8, wall = 6.2 } }
    assert.same({
      "critical path: 6.00 s, 75 % of the run: t1 4.00 s > t2 2.00 s",
      "with more workers: -j4 about 8 s, -j8 about 6 s",
    }, lines(8, false, path_of({ 4, 2 }, more)))
    assert.same({
      "critical path: 19.1 s, 75 % of the run: ... > t2 3.00 s > t3 4.00 s > ... > t6 5.00 s"
        .. " > t7 3.00 s > t8 4.00 s",
      "more workers would not have made it shorter",
    }, lines(25, false, path_of({ 0.1, 3, 4, 0.01, 0.01, 5, 3, 4 }, {})))
  end)

  it("names no tasks where these were not what it waited for", function()
    local path = path_of({ 1 }, { { jobs = 8, wall = 50.2 } })
    path.share = 0.01
    assert.same({ "critical path: 1.00 s, 1 % of the run", "with more workers: -j8 about 50 s" },
      lines(100, false, path))
    path.share, path.more = 0.99, {}
    assert.same({ "critical path: 1.00 s, 99 % of the run: t1 1.00 s" }, lines(100, false, path))
  end)

  it("is each task with --verbose", function()
    assert.same({ "critical path: 1.50 s, 75 % of the run", "     1.00 s  t1", "     0.50 s  t2" },
      lines(2, true, path_of({ 1, 0.5 })))
  end)

  it("is nothing after short runs, single tasks and failures", function()
    assert.same({}, lines(4.9, false, path_of({ 4, 0.5 })))
    assert.same({}, lines(0.9, true, path_of({ 0.5 })))
    assert.same({}, lines(9, false, path_of({ 9 }), 1))
    assert.same({}, lines(9, false, nil))
    local alone = path_of({ 9 })
    alone.ran = 1
    assert.same({}, lines(9, false, alone))
  end)
end)
