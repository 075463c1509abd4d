-- How many tasks run at once, and when one at a time is all that the memory allows.
-- SPDX-License-Identifier: MIT
local estimate = require("ggen.estimate")
local graph = require("ggen.core.graph")
local headroom = require("ggen.headroom")
local registry = require("ggen.registry")
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

  it("is of those that take part", function()
    local project = project_of({ {}, { 1 }, { 2 } })
    local found = estimate_of(project, { 1, 2, 4 }, { takes_part = { [1] = true, [3] = true } })
    assert.same({ seconds = 5, jobs = 1, known = 2, unknown = 0 }, found)
  end)
end)
