-- The hooks plugins, with hooks that are tables and a call that ends when the spec says so.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local registry = require("ggen.registry")

local function use(name, params)
  return registry.new({ options = { jobs = 4 } }):use("hooks." .. name, params).impl
end

local function hook(name, fields)
  fields = fields or {}
  return { name = name, after = fields.after or {}, outputs = fields.outputs or {},
    exclusive = fields.exclusive or false }
end

-- Runs hooks until nothing of them goes on by itself. finish(name, problem) ends one; `order` is
-- how they began.
local function start(impl, hooks)
  local self = { order = {}, futures = {} }
  self.thread = async.run(function()
    impl:run(hooks, function(which)
      self.order[#self.order + 1] = which.name
      self.futures[which.name] = async.future()
      local problem = self.futures[which.name]:wait()
      if problem then error(problem, 0) end
    end)
  end, function(ok, problem) self.ok, self.problem = ok, problem end)
  function self.finish(name, problem) self.futures[name]:resolve(problem) end
  function self.begun() return table.concat(self.order, " ") end
  return self
end

describe("hooks.parallel", function()
  it("begins as many as it may, in their order", function()
    local run = start(use("parallel", { jobs = 2 }), { hook "a", hook "b", hook "c" })
    assert.equal("a b", run.begun())
    run.finish("b")
    assert.equal("a b c", run.begun())
    run.finish("c")
    assert.is_nil(run.ok)
    run.finish("a")
    assert.is_true(run.ok)
  end)

  it("has the width of -j without a limit of its own", function()
    local hooks = { hook "a", hook "b", hook "c", hook "d", hook "e" }
    local run = start(use("parallel"), hooks)
    assert.equal("a b c d", run.begun())
    for _, name in ipairs { "a", "b", "c", "d", "e" } do run.finish(name) end
    assert.is_true(run.ok)
  end)

  it("lets one wait for those that it comes after, wherever they stand", function()
    local run = start(use("parallel"), { hook("a", { after = { "c" } }), hook "b", hook "c" })
    assert.equal("b c", run.begun())
    run.finish("b")
    assert.equal("b c", run.begun())
    run.finish("c")
    assert.equal("b c a", run.begun())
    run.finish("a")
    assert.is_true(run.ok)
  end)

  it("keeps what is exclusive apart", function()
    local run = start(use("parallel"), { hook("a", { exclusive = "db" }),
      hook("b", { exclusive = "db" }), hook("c", { exclusive = "port" }),
      hook("d", { exclusive = true }) })
    assert.equal("a c", run.begun())
    run.finish("a")
    assert.equal("a c b", run.begun())
    run.finish("b")
    run.finish("c")
    assert.equal("a c b d", run.begun())
    run.finish("d")
    assert.is_true(run.ok)
  end)

  local cases = {
    { "gen/a.c", "gen/a.c", true }, { "gen/a.c", "gen/b.c", false }, { "gen", "gen/a.c", true },
    { "gen", "generated/a.c", false }, { "gen/*.c", "gen/a.c", true },
    { "gen/*.c", "gen/a.h", false }, { "gen/**", "gen/a/b.h", true }, { "*/out", "a/out/x", true },
    { "gen/a*", "gen/*b", true }, { "gen/*.c", "lib/*.c", false }, { "**/x", "gen/*.c", true },
    { "gen", "gen/*.c", true },
  }
  for _, case in ipairs(cases) do
    local first, second, apart = unpack(case)
    it(("%s and %s %s"):format(first, second, apart and "overlap" or "do not"), function()
      for _, pair in ipairs({ { first, second }, { second, first } }) do
        local run = start(use("parallel"), { hook("a", { outputs = { "x", pair[1] } }),
          hook("b", { outputs = { pair[2] } }) })
        assert.equal(apart and "a" or "a b", run.begun())
        run.finish("a")
        run.finish("b")
        assert.is_true(run.ok)
      end
    end)
  end

  it("runs all of them, and names every failure in their order", function()
    local run = start(use("parallel", { jobs = 2 }), { hook "a", hook "b", hook "c" })
    run.finish("b", "its hook b failed")
    assert.equal("a b c", run.begun())
    run.finish("c")
    run.finish("a", "its hook a failed")
    assert.is_false(run.ok)
    assert.equal("its hook a failed; its hook b failed", run.problem)
  end)

  it("begins nothing more when the run is interrupted", function()
    local run = start(use("parallel", { jobs = 2 }), { hook "a", hook "b", hook "c" })
    run.finish("a", async.CANCELLED)
    assert.equal("a b", run.begun())
    run.finish("b")
    assert.equal(async.CANCELLED, run.problem)
  end)

  it("keeps every rule for random hooks and random ends", function()
    local seed = os.time()
    math.randomseed(seed)
    for round = 1, 200 do
      local hooks, by_name, jobs = {}, {}, math.random(1, 4)
      for i = 1, math.random(0, 9) do
        local after = {}
        for before = 1, i - 1 do
          if math.random(4) == 1 then after[#after + 1] = "h" .. before end
        end
        hooks[i] = hook("h" .. i, { after = after, exclusive = ({ "x", "y", false, false })[
          math.random(4)], outputs = { "out/" .. math.random(6) } })
        by_name["h" .. i] = hooks[i]
      end
      for i = #hooks, 2, -1 do -- their order says nothing
        local j = math.random(i)
        hooks[i], hooks[j] = hooks[j], hooks[i]
      end
      local running, ended, checked = {}, {}, 0
      local run = start(use("parallel", { jobs = jobs }), hooks)
      local where = ("seed %d, round %d"):format(seed, round)
      while run.ok == nil do
        for i = checked + 1, #run.order do
          local new = by_name[run.order[i]]
          for _, name in ipairs(new.after) do assert.is_true(ended[name], where) end
          for _, other in ipairs(running) do
            assert.is_false(new.exclusive ~= false and new.exclusive == other.exclusive, where)
            assert.is_false(new.outputs[1] == other.outputs[1], where)
          end
          running[#running + 1] = new
        end
        checked = #run.order
        assert.is_true(#running > 0 and #running <= jobs, where)
        local one = table.remove(running, math.random(#running))
        ended[one.name] = true
        run.finish(one.name)
      end
      assert.equal(#hooks, #run.order, where)
    end
  end)
end)

describe("hooks.sequential", function()
  it("ends with the first failure", function()
    local run = start(use("sequential"), { hook "a", hook "b" })
    run.finish("a", "its hook a failed")
    assert.equal("a", run.begun())
    assert.equal("its hook a failed", run.problem)
  end)
end)
