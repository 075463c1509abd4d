-- A remembered project against the evaluated one: nobody may be able to tell them apart.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local load = require("ggen.load")
local plan = require("ggen.plan")
local resolve = require("ggen.resolve")
local select = require("ggen.select")
local snapshot = require("ggen.snapshot")
local steps = require("ggen.steps")

local ROOT = [[
local ggen = require "ggen"
local p = ggen.pipeline "shop" { desc = "sells" }
p:use "scheduler.fifo" {}
p:use "./mine.lua" { list = { 1, 2 }, on = true }
p:task "gen" { run = "true", desc = "makes", tags = { "fast", "fast" }, outputs = { "src/gen" } }
p:task "build" {
  run = { { "cc", "a.c" }, { sh = "echo | cat", shell = "bash" }, "make" },
  needs = { "gen", "^build" },
  env = { CC = "gcc", N = 3 }, weight = { cpu = 2, memory = "1GiB" }, pool = "link",
  timeout = "10m", retries = 2, when = { env = "HOME", os = "linux" },
}
p:task "test" { run = "t ${matrix.suite}", needs = { "build" }, desc = "tests ${matrix.suite}",
  matrix = { suite = { "unit", "it" }, n = { 1, 2, true } } }
p:task "fn" { run = { "echo", function(ctx) return ctx end }, when = function() return true end,
  fast = { run = function() end } }
p:task "db" { run = "sleep 1", service = true, ready = { port = 5432 } }
p:task "clean" { run = "true", finally = true }
p:task "boxed" { run = "true", container = "alpine", services = { "db" } }
p:phase "ci" { "build", "test" }
p:phase "release" { "ci", "fn" }
p:before "ci" { "gen", function() return "a hook" end }
p:after("test:n=1,suite=it", function() end)
p:before_each(function() end)
p:after_each { "gen" }
p:pool("link", 3)
p:default { "build", "test" }
p:workspaces { "ws/*" }
return p
]]

local WORKSPACE = [[
local w = require("ggen").workspace "%s" { depends_on = { %s } }
w:task "build" { run = "true", needs = { "^build" } }
w:task "only-%s" { run = "true", tags = { "slow" } }
w:phase "all" { "build" }
return w
]]

local PLUGIN = [[
return { name = "mine", kind = "observer", version = "1", api = 1, desc = "x",
  params = { list = { type = "list", of = { type = "number" } }, on = { type = "boolean" } },
  setup = function() return {} end }
]]

local function evaluate(dir) return resolve.project(load.load(dir)) end

-- Functions are told by their place; a real one and its stand-in are the same.
local function comparable(value)
  if type(value) == "function" then return steps.describe({ fn = value }) end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in pairs(value) do copy[key] = comparable(inner) end
  return copy
end

local function task_as_data(project, index)
  local task = project:task(index)
  local declaration = task.declaration
  return comparable({
    index = task.index, id = task.id, name = task.name, dir = task.dir, spec = task.spec,
    workspace = task.workspace or "", matrix = task.matrix or {}, phase = task.phase or {},
    file = declaration.file, line = declaration.line, owner = declaration.owner.name,
    members = declaration.members or {},
  })
end

local function pipeline_as_data(pipeline)
  local uses = {}
  for i, use in ipairs(pipeline.uses) do
    uses[i] = { use.name, use.params, use.dir, use.file, use.line }
  end
  return {
    name = pipeline.name, kind = pipeline.kind, dir = pipeline.dir, desc = pipeline.desc or "",
    depends_on = pipeline.depends_on, file = pipeline.file, line = pipeline.line,
    defaults = pipeline.defaults, uses = uses,
  }
end

local function phases_as_data(project)
  local list = {}
  for i, phase in ipairs(project.phases) do
    list[i] = { phase.id, phase.begin, phase.finish, phase.members, phase.phase.name,
      phase.phase.file, phase.phase.line, phase.phase.members, project.phases[phase.id] == phase }
  end
  return list
end

-- A stand-in is told by its place as well, but for the hooks: their functions have their own.
local function hooks_as_data(lists)
  local data = {}
  for moment, list in pairs(lists) do
    data[moment] = {}
    for i, hook in ipairs(list) do
      data[moment][i] = { hook.name, hook.index or "fn", type(hook.fn) }
    end
  end
  return data
end

describe("a remembered project", function()
  local dir, evaluated, remembered

  setup(function()
    dir = fs.make_temp_dir(fs.temp_dir(), "ggen-snapshot-")
    for _, name in ipairs({ "a", "b" }) do
      fs.mkdir(dir .. "/ws/" .. name)
      fs.write(dir .. "/ws/" .. name .. "/pipeline.lua",
        WORKSPACE:format(name, name == "b" and '"a"' or "", name))
    end
    fs.write(dir .. "/pipeline.lua", ROOT)
    fs.write(dir .. "/mine.lua", PLUGIN)
    evaluated = evaluate(dir)
    assert.same({ true }, { snapshot.save(evaluated) })
    remembered = assert(snapshot.open(dir, function() return load.load(dir) end))
  end)

  teardown(function() fs.remove(dir, { recursive = true }) end)

  it("has the same tasks", function()
    assert.equal(evaluated:count(), remembered:count())
    for i = 1, evaluated:count() do
      assert.same(task_as_data(evaluated, i), task_as_data(remembered, i))
      assert.equal(evaluated:id(i), remembered:id(i))
      assert.equal(i, remembered:find(evaluated:id(i)))
      assert.is_true(remembered:task(i) == remembered:task(i))
    end
    assert.is_nil(remembered:find("none"))
  end)

  it("has the same pipelines, phases, groups and hooks", function()
    assert.same(pipeline_as_data(evaluated.loaded.root), pipeline_as_data(remembered.loaded.root))
    for i, workspace in ipairs(evaluated.loaded.workspaces) do
      assert.same(pipeline_as_data(workspace), pipeline_as_data(remembered.loaded.workspaces[i]))
    end
    assert.same(phases_as_data(evaluated), phases_as_data(remembered))
    assert.same(evaluated.groups, remembered.groups)
    assert.same(evaluated.ranges, remembered.ranges)
    assert.same(evaluated:survey(), remembered:survey())
    assert.same(evaluated:tagged(), remembered:tagged())
    assert.same(evaluated:names(), remembered:names())
    assert.same(hooks_as_data(evaluated.each_hooks), hooks_as_data(remembered.each_hooks))
    for index, lists in pairs(evaluated.hooks) do
      assert.same(hooks_as_data(lists), hooks_as_data(remembered.hooks[index]))
    end
    for index in pairs(remembered.hooks) do assert.is_table(evaluated.hooks[index]) end
  end)

  it("has the same graph", function()
    for i = 1, evaluated:count() do
      for _, kind in ipairs({ "needs", "after" }) do
        assert.same(evaluated.graph:needs(i, kind), remembered.graph:needs(i, kind))
      end
    end
    local choices = { {}, { "release" }, { "test" }, { "clean" }, { "ci", "all" }, { "*" } }
    for _, names in ipairs(choices) do
      local chosen = select.tasks(evaluated, names)
      assert.same(chosen, select.tasks(remembered, names))
      assert.same(plan.plan(evaluated, chosen):wanted(), plan.plan(remembered, chosen):wanted())
    end
    assert.same(select.tasks(evaluated, {}, { "slow" }), select.tasks(remembered, {}, { "slow" }))
  end)

  it("calls the real functions", function()
    local task = remembered:task(remembered:find("fn"))
    assert.equal("ctx", task.spec.run[2]("ctx"))
    assert.is_true(task.spec.when())
    assert.equal("a hook",
      remembered.hooks[remembered.phases.ci.begin].before[2].fn())
  end)

  it("stands where it was asked from", function()
    local inside = assert(snapshot.open(dir .. "/ws/b", function() end))
    assert.equal("b", inside.loaded.workspace)
    assert.same({ "b#build", "b#only-b" }, { inside:id(select.tasks(inside, {})[1]),
      inside:id(select.tasks(inside, {})[2]) })
    assert.is_nil(remembered.loaded.workspace)
  end)

  it("keeps sections", function()
    assert.is_nil(remembered:section("keys"))
    remembered:set_section("keys", "a\0b")
    assert.equal("a\0b", remembered:section("keys"))
    assert.same({ true }, { snapshot.save(remembered) })
    local again = assert(snapshot.open(dir, function() return load.load(dir) end))
    assert.equal("a\0b", again:section("keys"))
    assert.same(task_as_data(evaluated, 2), task_as_data(again, 2))
    -- Nothing new, nothing written.
    assert.same({}, { snapshot.save(again) })
    -- An evaluated project writes its own.
    local fresh = evaluate(dir)
    fresh:set_section("other", "x")
    assert.is_true(snapshot.save(fresh))
    again = assert(snapshot.open(dir, function() return load.load(dir) end))
    assert.is_nil(again:section("keys"))
    assert.equal("x", again:section("other"))
  end)

  it("says why there is none", function()
    local inner = dir .. "/ws/a/inner"
    fs.mkdir(inner)
    fs.write(inner .. "/pipeline.lua", "return 1")
    local project, why = snapshot.open(inner, function() end)
    assert.is_nil(project)
    assert.equal("there is no snapshot yet", why)
  end)
end)

describe("the functions of a remembered project", function()
  -- A pipeline whose tasks share a variable, and what it was loaded for once it was remembered.
  local function remember(text)
    local dir = fs.make_temp_dir(fs.temp_dir(), "ggen-snapshot-")
    finally(function() fs.remove(dir, { recursive = true }) end)
    fs.write(dir .. "/pipeline.lua", [[
      local p, calls = require("ggen").pipeline "p", {}
      local function called(name) calls[#calls + 1] = name return table.concat(calls, " ") end
      p:task "one" { run = function() return called("one") end }
      p:task "words" { run = "true", env = { A = "1" } }
      p:task "each" { run = function() return called("each") end, matrix = { n = { 1, 2 } } }
      p:task("several") { run = { "true", function() return called("run") end },
        when = function() return called("when") end }
      p:phase "all" { "one", "each" }
      ]] .. text .. "\nreturn p\n")
    assert.is_true(snapshot.save(evaluate(dir)))
    local loads = {}
    local project = assert(snapshot.open(dir, function(functions)
      loads[#loads + 1] = functions and "functions" or "all"
      return load.load(dir, { functions = functions })
    end))
    return function(id) return project:task(project:find(id)).spec end, loads
  end

  local function call_all(spec)
    local several = spec("several")
    spec("one").run()
    spec("each:n=2").run()
    several.when()
    return several.run[2]()
  end

  it("are all that is kept of another evaluation", function()
    local spec, loads = remember("")
    assert.equal("one each when run", call_all(spec))
    assert.same({ "functions" }, loads)
    assert.same({ A = "1" }, spec("words").env)
  end)

  it("are those of the whole where hooks share their variables", function()
    local spec, loads = remember('p:before("one", function() return called("hook") end)')
    assert.equal("one each when run", call_all(spec))
    assert.same({ "all" }, loads)
  end)

  it("are those of the whole where the pipeline looks at a declaration", function()
    local spec, loads = remember([[
      local seen = p:task "seen" { run = function() return called("seen") end }
      p:task "last" { run = seen.spec.run }
    ]])
    assert.equal("one each when run", call_all(spec))
    assert.equal("one each when run seen", spec("last").run())
    assert.same({ "functions", "all" }, loads)
  end)
end)
