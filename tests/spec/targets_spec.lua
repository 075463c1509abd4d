-- Limits, and how a recorded run stands against them.
-- SPDX-License-Identifier: MIT
local a_run = require("a_run")
local stages = require("ggen.stages")
local targets = require("ggen.targets")

local function names(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.name end
  return list
end

describe("stages", function()
  local found
  before_each(function() found = stages.of(a_run.record()) end)

  it("are phases, tasks, and what a glob matches", function()
    assert.equal(2.4, found:find("release").duration)
    assert.equal(1, found:find("codegen").duration)
    assert.equal(1.4, found:find("*#test").duration)
    -- From the first start to the last end, not the sum.
    assert.near(1.0, found:find("{codegen,lint}").duration, 1e-9)
    assert.near(2.41, found:find("*").duration, 1e-9)
    assert.is_nil(found:find("test"))
    assert.is_nil(found:find("release2"))
  end)

  it("are only tasks or only phases with that in front", function()
    found = stages.of({ phases = { { name = "read", start = 0, duration = 5 } }, fresh = { "out" },
      tasks = { { id = "read", start = 1, duration = 2 }, { id = "task.x", start = 0,
        duration = 3 } } })
    assert.equal(5, found:find("read").duration)
    assert.equal(5, found:find("phase.read").duration)
    assert.equal(2, found:find("task.read").duration)
    assert.equal("task.read", found:find("task.read").name)
    assert.equal(2, found:find("task.r*").duration)
    assert.equal(5, found:find("phase.r*").duration)
    assert.equal(0, found:find("task.out").duration)
    assert.equal(3, found:find("task.x").duration)
    assert.equal(3, found:find("task.task.x").duration)
    assert.is_nil(found:find("phase.out"))
    assert.is_nil(found:find("phase.x*"))
  end)

  it("take no time when all of them was up to date", function()
    local stage = found:find("build")
    assert.equal(0, stage.duration)
    assert.equal(1, stage.fresh)
  end)

  it("have the instances of a matrix under its name, and no skipped tasks", function()
    local its = stages.of({ tasks = {
      { id = "test:suite=a", start = 0, duration = 1 }, { id = "test:suite=b", start = 2,
        duration = 2 }, { id = "testing", start = 0, duration = 9 },
      { id = "test:suite=c", status = "skipped", start = 9, duration = 9 } } })
    assert.equal(4, its:find("test").duration)
    assert.equal(2, #its:find("test").tasks)
  end)

  it("of a record with nonsense in it have no negative times", function()
    local its = stages.of({ tasks = { { id = "a", start = -5, duration = -1 },
      { id = "b", start = 0 / 0, duration = math.huge }, { id = "c" } } })
    for _, name in ipairs({ "a", "b", "c", "*" }) do assert.equal(0, its:find(name).duration) end
    assert.is_nil(stages.of({}):find("a"))
    assert.is_nil(stages.of({ tasks = {} }):find("[a"))
  end)
end)

describe("targets", function()
  local function judged(params, record)
    return assert(targets.new(params)):judge(record or a_run.record())
  end

  it("judge the run and its stages, the slowest first", function()
    local its = judged({ total = 3, stretch = 2, stages = { codegen = 2,
      ["*#test"] = { required = 1, stretch = 0.5 }, lint = { stretch = 0.1 }, absent = 1 } })
    assert.same({ name = "total", duration = 2.5, required = 3, stretch = 2,
      status = "acceptable", percent = (3 - 2.5) / 3 * 100 }, its.total)
    assert.same({ "*#test", "codegen", "lint" }, names(its.stages))
    assert.equal("slow", its.stages[1].status)
    assert.near(-40, its.stages[1].percent, 1e-9)
    assert.equal("good", its.stages[2].status)
    assert.equal(50, its.stages[2].percent)
    assert.equal("acceptable", its.stages[3].status)
  end)

  it("are met by just their time", function()
    assert.equal("good", judged({ total = 2.5 }).total.status)
    assert.equal("slow", judged({ total = 2.4999 }).total.status)
    assert.is_nil(judged({}).total.status)
  end)

  it("have presets, of which the stages count that took part", function()
    local record = a_run.record({ tasks = { { id = "testing", start = 0, duration = 16 },
      { id = "validation", start = 0, duration = 7 } }, totals = { wall = 50 } })
    local its = judged({ preset = "required" }, record)
    assert.same({ required = 60, stretch = 45 }, { required = its.total.required,
      stretch = its.total.stretch })
    assert.equal("acceptable", its.total.status)
    assert.same({ "testing", "validation" }, names(its.stages))
    assert.same({ 15, 7 }, { its.stages[1].required, its.stages[2].required })
    assert.equal("slow", judged({ preset = "stretch" }, record).total.status)
    its = judged({ preset = "required", total = 30, stages = { testing = 20 } }, record)
    assert.same({ 30 }, { its.total.required, its.total.stretch })
    assert.equal(20, its.stages[1].required)
    assert.equal(2, #its.stages)
  end)

  it("refuse a stretch above what is required", function()
    local _, message = targets.new({ total = 45, stretch = 60 })
    assert.equal("the stretch limit (1 m 00 s) is above the required one (45.0 s)", message)
  end)

  it("say what was missed in one line each", function()
    local required, stretch = targets.missed(judged({ total = 2, stages = { codegen = 0.5,
      lint = { required = 1, stretch = 0.05 }, ["web#test"] = 1.395 } }))
    assert.same({ "the run took 2.50 s, 25 % over the required 2.00 s",
      "web#test took 1.40 s, 0.4 % over the required 1.40 s",
      "codegen took 1.00 s, 100 % over the required 0.50 s" }, required)
    assert.same({ "lint took 0.50 s, 900 % over the stretch 50 ms" }, stretch)
  end)

  it("make a profile of all stages, or of tasks without any phase", function()
    local profile = targets.profile(targets.new({ stages = { lint = 1 } }), a_run.record())
    assert.same({ "release", "lint" }, names(profile.stages))
    assert.is_nil(profile.stages[1].status)
    profile = targets.profile(nil, a_run.record({ phases = {} }))
    assert.same({ "web#test", "codegen", "lint", "pack" }, names(profile.stages))
    profile = targets.profile(targets.new({ stages = { ["{codegen,lint}"] = 1 } }),
      a_run.record({ phases = {} }))
    assert.same({ "web#test", "{codegen,lint}", "pack" }, names(profile.stages))
    for _, name in ipairs({ "phase.release", "rel*" }) do
      profile = targets.profile(targets.new({ stages = { [name] = 1 } }), a_run.record())
      assert.same({ name }, names(profile.stages))
    end
    profile = targets.profile(nil, { tasks = { { id = "total", start = 0, duration = 1 } } })
    assert.same({ "task.total" }, names(profile.stages))
  end)

  it("of a project are those of its plugin", function()
    local project = a_run.project(nil, { { name = "observer.targets", params = { total = "1m" } } })
    assert.equal(60, targets.of_project(project).total)
    assert.is_nil(targets.of_project(a_run.project()))
    project.loaded.root.uses[1].params = { total = "often" }
    assert.is_nil(targets.of_project(project))
  end)
end)
