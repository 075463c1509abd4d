-- The time of plugins' calls, with what they wait for and pass on left out.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local budget = require("ggen.budget")
local clock = require("ggen.core.plugin_clock")

local TIME, MUCH = 0.02, 1000

local function compute()
  local began = os.clock()
  while os.clock() - began < TIME do end
end

-- What was over its budget meanwhile: "plugin.method" and how often.
local function over(fn)
  clock.over()
  fn()
  local found = {}
  for _, entry in ipairs(clock.over() or {}) do
    found[entry.plugin .. "." .. entry.method] = entry.count
    assert.is_true(entry.worst > entry.budget)
  end
  return found
end

-- Calls of methods with a budget of half of what compute() takes, as the registry makes them.
local function method(name, limit)
  local slot = clock.slot("p", name, limit or TIME / 2)
  return function(fn)
    local call = clock.enter(slot)
    local ok, problem = pcall(fn)
    clock.leave(call)
    if not ok then error(problem, 0) end
  end
end

describe("the clock of plugins", function()
  it("counts the calls that were busy for too long", function()
    local slow, quick = method("slow"), method("quick", MUCH)
    assert.same({ ["p.slow"] = 2 }, over(function()
      slow(compute)
      slow(compute)
      slow(function() end)
      quick(compute)
    end))
    assert.same({}, over(function() end))
  end)

  it("gives the time of a call within a call to the inner one", function()
    local outer, inner = method("outer"), method("inner")
    assert.same({ ["p.inner"] = 1 }, over(function()
      outer(function() inner(compute) end)
    end))
    assert.same({ ["p.outer"] = 1 }, over(function()
      outer(function()
        inner(function() end)
        compute()
      end)
    end))
  end)

  it("leaves out what is none of a plugin", function()
    local call = method("call")
    assert.same({}, over(function()
      call(function() budget.outside(compute) end)
    end))
    assert.same({ ["p.call"] = 1 }, over(function()
      call(function()
        assert.is_false(pcall(budget.outside, error, "its own"))
        compute()
      end)
    end))
  end)

  it("stands still while a call waits, and others go on", function()
    local waiting, busy = method("waiting"), method("busy")
    local go = async.future()
    assert.same({ ["p.busy"] = 1 }, over(function()
      async.run(function() waiting(function() go:wait() end) end)
      busy(compute)
      compute()
      go:resolve()
    end))
    go = async.future()
    assert.same({ ["p.waiting"] = 1 }, over(function()
      async.run(function()
        waiting(function()
          go:wait()
          compute()
        end)
      end)
      go:resolve()
    end))
  end)

  it("goes with what a call starts", function()
    local start = method("start")
    local go = async.future()
    assert.same({ ["p.start"] = 1 }, over(function()
      start(function()
        async.run(function()
          go:wait()
          compute()
        end)
      end)
      go:resolve()
    end))
  end)

  it("is right again after a call that was left in the midst of another", function()
    local slot = clock.slot("p", "lost", TIME / 2)
    local outer = method("outer")
    assert.same({}, over(function()
      outer(function()
        local co = coroutine.create(function()
          clock.enter(slot)
          coroutine.yield()
        end)
        coroutine.resume(co)
      end)
      compute()
    end))
  end)
end)
