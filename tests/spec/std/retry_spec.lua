-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local retry = require("ggen.std.retry")

-- A sleep that only writes down how long it was asked to.
local function recorder()
  local pauses = {}
  return pauses, function(seconds) pauses[#pauses + 1] = seconds end
end

describe("retry.run", function()
  it("stops at the first success and passes everything on", function()
    local pauses, sleep = recorder()
    local calls = 0
    local function fn(attempt)
      calls = calls + 1
      assert.equal(calls, attempt)
      if attempt < 3 then return nil, "busy" end
      return "ok", nil, 7
    end
    local results = { n = select("#", retry.run(fn, { tries = 5, jitter = 0, sleep = sleep })) }
    assert.equal(3, results.n)
    assert.same({ 1, 2 }, pauses)
    calls = 0
    assert.same({ "ok", nil, 7 }, { retry.run(fn, { tries = 5, sleep = sleep }) })
    assert.equal(0, select("#", retry.run(function() end)))
  end)

  it("gives the last failure back, or raises it", function()
    local _, sleep = recorder()
    assert.same({ nil, "busy 3" }, { retry.run(function(n) return nil, "busy " .. n end,
      { sleep = sleep }) })
    local problem = { code = 7 }
    local ok, raised = pcall(retry.run, function() error(problem) end, { sleep = sleep })
    assert.is_false(ok)
    assert.equal(problem, raised)
  end)

  it("tries again after what was raised, too", function()
    local _, sleep = recorder()
    local function fn(attempt)
      if attempt < 3 then error("not yet") end
      return attempt
    end
    assert.equal(3, retry.run(fn, { sleep = sleep }))
    local ok, problem = pcall(retry.run, fn, { tries = 1, sleep = sleep })
    assert.is_false(ok)
    assert.matches("not yet$", problem)
  end)

  it("pauses longer each time, up to a limit", function()
    local pauses, sleep = recorder()
    retry.run(function() return nil end,
      { tries = 6, delay = "100ms", factor = 3, max_delay = "1s", jitter = 0, sleep = sleep })
    for i, expected in ipairs({ 0.1, 0.3, 0.9, 1, 1 }) do
      assert.is_true(math.abs(pauses[i] - expected) < 1e-9, tostring(pauses[i]))
    end
    assert.equal(5, #pauses)
  end)

  it("leaves part of the pause to chance", function()
    local pauses, sleep = recorder()
    local draws = { 0, 0.5, 0.999 }
    retry.run(function() return nil end, { tries = 4, factor = 1, jitter = 1, sleep = sleep,
      random = function() return table.remove(draws, 1) end })
    assert.is_true(pauses[1] == 1 and pauses[2] == 0.5 and math.abs(pauses[3] - 0.001) < 1e-9)
    for _ = 1, 100 do
      local seconds = retry.delay(1, { jitter = 0.25 })
      assert.is_true(seconds > 0.75 - 1e-9 and seconds <= 1)
    end
  end)

  it("asks whether to go on, and tells before each pause", function()
    local pauses, sleep = recorder()
    local told = {}
    local result, message = retry.run(function(n) return nil, n == 2 and "fatal" or "busy" end, {
      tries = 9, jitter = 0, sleep = sleep, when = function(problem) return problem == "busy" end,
      on_retry = function(...) told[#told + 1] = { ... } end,
    })
    assert.same({ nil, "fatal" }, { result, message })
    assert.same({ 1 }, pauses)
    assert.same({ { 1, 1, "busy" } }, told)
  end)

  it("waits on the loop, and ends when it is cancelled", function()
    local calls = 0
    assert.is_true(retry.run(function(n)
      calls = calls + 1
      async.sleep(0)
      return n == 2
    end, { delay = 0.001 }))
    assert.equal(2, calls)

    calls = 0
    local ended
    local thread = async.run(function()
      retry.run(function()
        calls = calls + 1
        async.sleep(3600)
      end, { delay = 0 })
    end, function(ok, problem) ended = { ok, problem } end)
    thread:cancel()
    assert.same({ false, async.CANCELLED }, ended)
    assert.equal(1, calls)
  end)

  it("never overflows", function()
    assert.equal(60, retry.delay(10000, { jitter = 0 }))
    assert.equal(0, retry.delay(10000, { delay = 0, jitter = 0 }))
  end)

  it("raises for options without meaning", function()
    for message, options in pairs({
      ["retry: tries: 1 or more expected"] = { tries = 0 },
      ["retry: factor: 1 or more expected"] = { factor = 0.5 },
      ["retry: jitter: 0 to 1 expected"] = { jitter = 2 },
      ["retry: tries: a number expected, got x"] = { tries = "x" },
      ['retry: delay: "x" is not a duration'] = { delay = "x" },
    }) do
      local ok, problem = pcall(retry.run, function() return true end, options)
      assert.is_false(ok)
      assert.is_truthy(problem:find(message, 1, true), problem)
    end
  end)
end)
