-- The time of plugins' calls, with what they wait for and pass on left out.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local budget = require("ggen.budget")
local clock = require("ggen.core.plugin_clock")
local timer = require("ggen.core.timer")

local TIME, MUCH = 0.02, 1000

local function compute()
  local began = os.clock()
  while os.clock() - began < TIME do end
end

-- What was over its budget meanwhile: "plugin.what" and how often.
local function over(fn)
  clock.over()
  fn()
  local found = {}
  for _, entry in ipairs(clock.over() or {}) do
    found[entry.plugin .. "." .. entry.what] = entry.count
    assert.is_true(entry.worst > entry.budget)
  end
  return found
end

-- Calls of methods with a budget of half of what compute() takes, as the registry makes them.
local function method(name, limit, counts)
  local slot = clock.slot("p", name, limit or TIME / 2, TIME / 2, counts)
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

  it("holds a call that may take its time against the longest stretch without a wait", function()
    local sum, each = method("sum", TIME * 1.5), method("each", TIME * 1.5, "longest")
    local function twice(call, pause)
      local done = false
      async.run(function()
        call(function()
          compute()
          if pause then async.sleep(0) end
          compute()
        end)
        done = true
      end)
      while not done do async.sleep(0) end
    end
    assert.same({ ["p.sum"] = 1 }, over(function()
      twice(sum, true)
      twice(each, true)
    end))
    assert.same({ ["p.each"] = 1 }, over(function() twice(each, false) end))
  end)

  local HANDED = "p.a function that hands handed over"

  it("goes with a function that a call hands to the loop", function()
    local hands = method("hands")
    local calls = 0
    assert.same({ [HANDED] = 2 }, over(function()
      hands(function()
        timer.start(0, function()
          calls = calls + 1
          compute()
          -- What it hands over in turn.
          timer.start(0, function()
            calls = calls + 1
            compute()
          end)
        end)
      end)
      timer.start(0, compute) -- nobody's
      while calls < 2 do async.sleep(0) end
    end))
    assert.same({}, over(compute))
  end)

  it("leaves alone what the host and the pipeline hand over within a call", function()
    local hands = method("hands")
    local called = false
    assert.same({}, over(function()
      hands(function()
        budget.outside(timer.start, 0, function()
          compute()
          called = true
        end)
      end)
      while not called do async.sleep(0) end
    end))
  end)

  it("goes with what follows the end of what a call starts", function()
    local start = method("start")
    local go = async.future()
    assert.same({ ["p.start"] = 1 }, over(function()
      start(function()
        async.run(function() go:wait() end, compute)
      end)
      go:resolve()
    end))
  end)

  it("leaves alone what the host goes on with when a plugin has come to an end", function()
    local hands, busy = method("hands"), method("busy")
    local go, ended = async.future(), false
    assert.same({}, over(function()
      async.run(function() go:wait() end, function()
        async.spawn(compute)
        compute()
        ended = true
      end)
      hands(function() timer.start(0, function() go:resolve() end) end)
      while not ended do async.sleep(0) end
      go, ended = async.future(), false
      async.run(function() go:wait() end, function() ended = true compute() end)
      busy(function() go:resolve() end)
    end))
  end)

  it("is right again when what follows an end raises", function()
    local start = method("start")
    assert.same({}, over(function()
      start(function()
        assert.is_false(pcall(async.run, function() end, function() error("no") end))
      end)
      compute()
    end))
  end)

  it("knows in which calls nothing may wait", function()
    local must_not = clock.slot("p", "must not", MUCH, MUCH, nil, true)
    local found = {}
    local function look(name) found[name] = async.can_wait() end
    look("before")
    local call = clock.enter(must_not)
    look("call")
    budget.outside(look, "host within it")
    async.run(function() look("coroutine of its own") end)
    method("other")(function() look("call within it") end)
    clock.leave(call)
    look("after")
    assert.same({ before = true, call = false, ["host within it"] = false,
      ["coroutine of its own"] = true, ["call within it"] = false, after = true }, found)
  end)

  it("is right again after a call that was left in the midst of another", function()
    local slot = clock.slot("p", "lost", TIME / 2, TIME / 2)
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
