-- SPDX-License-Identifier: MIT
local graph = require("ggen.core.graph")

-- A graph from { { name, needs... , pool=, always=, after={...} }, ... }, and its ids by name.
local function build(tasks)
  local g, ids = graph.new(), {}
  for _, task in ipairs(tasks) do
    ids[task[1]] = g:add(task[1], { pool = task.pool, always = task.always })
  end
  for _, task in ipairs(tasks) do
    for i = 2, #task do g:edge(ids[task[i]], ids[task[1]]) end
    for _, earlier in ipairs(task.after or {}) do g:edge(ids[earlier], ids[task[1]], "after") end
  end
  return g, ids
end

local function plan_of(tasks, wanted)
  local g, ids = build(tasks)
  assert.is_true(g:freeze())
  local list = wanted and {}
  for i, name in ipairs(wanted or {}) do list[i] = ids[name] end
  return g:plan(list), ids, g
end

describe("graph", function()
  it("gives ids from 1 and keeps the names", function()
    local g = graph.new()
    assert.equal(1, g:add("gen"))
    assert.equal(2, g:add("build", "link"))
    assert.equal(3, g:add("a\0b", { pool = "link", always = true }))
    assert.equal(3, g:size())
    assert.equal("build", g:name(2))
    assert.equal("a\0b", g:name(3))
  end)

  it("lists needs and dependents, and apart from them what is only ordered", function()
    local g, ids = build({
      { "a" }, { "b", "a" }, { "c", "b", "a", "b", after = { "d" } }, { "d" },
    })
    assert.is_true(g:freeze())
    assert.same({ ids.a, ids.b }, g:needs(ids.c))
    assert.same({ ids.b, ids.c }, g:dependents(ids.a))
    assert.same({}, g:dependents(ids.d))
    assert.same({ ids.d }, g:needs(ids.c, "after"))
    assert.same({ ids.c }, g:dependents(ids.d, "after"))
    assert.same({}, g:dependents(ids.a, "after"))
    assert.error_matches(function() g:needs(ids.c, "soon") end, "invalid option 'soon'")
  end)

  it("reports a cycle with its path", function()
    local g = build({ { "x" }, { "a", "c", "x" }, { "b", "a" }, { "c", "b" } })
    local ok, message, kind, names = g:freeze()
    assert.is_nil(ok)
    assert.equal("cycle: a -> c -> b -> a", message)
    assert.equal("cycle", kind)
    assert.same({ "a", "c", "b", "a" }, names)
  end)

  it("raises on wrong arguments", function()
    local g = graph.new()
    g:add("a")
    g:add("b")
    assert.error_matches(function() g:add() end, "bad argument #1 to 'add'")
    assert.error_matches(function() g:add("b", { pool = {} }) end, "bad argument #2 to 'add'")
    for _, id in ipairs({ 0, 3, 1.5, -1, 0 / 0, "1", false }) do
      assert.error_matches(function() g:edge(1, id) end,
        "bad argument #2 to 'edge' %(expected the id of a task")
    end
    assert.error_matches(function() g:edge(1, 1, "soon") end, "invalid option 'soon'")
    assert.error_matches(function() g:pool("p", 0) end, "room for at least one")
    assert.error_matches(function() g:plan({}) end, "not frozen yet")
    assert.error_matches(function() g:needs(1) end, "not frozen yet")
    assert.is_true(g:freeze())
    assert.error_matches(function() g:add("b") end, "the graph is frozen")
    assert.error_matches(function() g:edge(1, 1) end, "the graph is frozen")
    assert.error_matches(function() g:freeze() end, "the graph is frozen")
    assert.error_matches(function() g:plan({ 1, 7 }) end, "expected the id of a task")
    assert.error_matches(function() g.add({}, "a") end, "ggen.Graph expected")
  end)
end)

describe("plan", function()
  it("selects the closure of what is wanted, or everything", function()
    local tasks = { { "a" }, { "b", "a" }, { "c", "b" }, { "other" } }
    local plan, ids, g = plan_of(tasks, { "b" })
    assert.same({ ids.a, ids.b }, plan:wanted())
    assert.is_nil(plan:state(ids.other))
    assert.equal("ready", plan:state(ids.a))
    assert.equal("want", plan:state(ids.b))
    assert.same({ ids.a, ids.b, ids.c, ids.other }, g:plan():wanted())
    assert.is_true(g:plan({}):finished())
  end)

  it("hands out each task once, after what it needs", function()
    local plan, ids = plan_of({ { "a" }, { "b" }, { "c", "a", "b" } })
    assert.equal(ids.a, plan:peek())
    assert.equal(ids.a, plan:next())
    assert.equal(ids.b, plan:next())
    assert.is_nil(plan:next())
    assert.equal(2, plan:running_count())
    assert.is_nil(plan:done(ids.a))
    assert.same({ ids.c }, plan:done(ids.b))
    assert.equal(1, plan:ready_count())
    assert.equal(ids.c, plan:next())
    assert.is_false(plan:finished())
    assert.is_nil(plan:done(ids.c))
    assert.is_true(plan:finished())
    assert.same({ want = 0, ready = 0, queued = 0, running = 0, done = 3, failed = 0, skipped = 0 },
      plan:counts())
  end)

  it("follows priorities and pools", function()
    local g, ids = build({ { "a", pool = "p" }, { "b", pool = "p" }, { "c", pool = "p" }, { "d" } })
    g:pool("p", 2)
    assert.is_true(g:freeze())
    local plan = g:plan()
    plan:set_priority(ids.d, -1)
    plan:set_priority(ids.c, 2.5)
    assert.equal(ids.c, plan:next())
    assert.equal(ids.a, plan:next())
    assert.equal("queued", plan:state(ids.b))
    assert.equal(1, plan:counts().queued)
    assert.equal(ids.d, plan:next())
    assert.is_nil(plan:next())
    plan:done(ids.c)
    assert.equal(ids.b, plan:next())
  end)

  it("takes a pool without a size as room for one", function()
    local plan, ids = plan_of({ { "a", pool = "db" }, { "b", pool = "db" } })
    assert.equal(ids.a, plan:next())
    assert.is_nil(plan:next())
  end)

  it("skips what needs a failed task, up to those that run always", function()
    local plan, ids = plan_of({
      { "a" }, { "b", "a" }, { "clean", "b", always = true }, { "later", after = { "a" } },
      { "all", "b", "later" },
    })
    plan:next()
    local skipped, ready = plan:fail(ids.a)
    table.sort(skipped)
    assert.same({ ids.b, ids.all }, skipped)
    table.sort(ready)
    assert.same({ ids.clean, ids.later }, ready)
    assert.equal("failed", plan:state(ids.a))
    local none, nothing = plan:fail(plan:next())
    assert.is_nil(none)
    assert.is_nil(nothing)
  end)

  it("treats a skipped task as done for those that need it", function()
    local plan, ids = plan_of({ { "a" }, { "b", "a" } })
    assert.same({ ids.b }, plan:skip(plan:next()))
    assert.is_nil(plan:skip(ids.b))
    assert.is_true(plan:finished())
  end)

  it("stops, and resumes with some tasks only", function()
    local plan, ids = plan_of({ { "a" }, { "b" }, { "c", "b" }, { "clean", "c", always = true } })
    assert.equal(ids.a, plan:next())
    plan:stop()
    assert.is_true(plan:stopped())
    assert.is_nil(plan:next())
    local skipped, ready = plan:resume({ ids.clean })
    assert.same({ ids.b, ids.c }, skipped)
    assert.same({ ids.clean }, ready)
    assert.is_false(plan:stopped())
    assert.equal(ids.clean, plan:next())
    plan:stop()
    assert.is_nil(plan:resume())
    assert.is_false(plan:stopped())
  end)

  it("raises when a task cannot change that way", function()
    local plan, ids = plan_of({ { "a" }, { "b", "a" }, { "other" } }, { "b" })
    assert.error_matches(function() plan:done(ids.a) end, "task 'a' is ready")
    assert.error_matches(function() plan:skip(ids.other) end, "task 'other' is unselected")
    plan:done(plan:next())
    assert.error_matches(function() plan:fail(ids.a) end, "task 'a' is done")
    assert.error_matches(function() plan:set_priority(ids.a, 0 / 0) end, "not a number")
    assert.error_matches(function() plan:state(99) end, "expected the id of a task")
    assert.error_matches(function() plan:resume({ "b" }) end, "expected the id of a task")
  end)

  it("outlives its graph", function()
    local plan = plan_of({ { "a" }, { "b", "a" } })
    collectgarbage()
    collectgarbage()
    assert.same({ 2 }, plan:done(plan:next()))
  end)
end)
