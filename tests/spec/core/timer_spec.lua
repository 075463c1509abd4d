-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local loop = require("ggen.core.loop")
local timer = require("ggen.core.timer")

describe("timer", function()
  it("calls back once, not early", function()
    local before, calls = clock.monotonic(), 0
    async.await(function(resume)
      return timer.start(0.01, function()
        calls = calls + 1
        resume()
      end)
    end)
    assert.is_true(clock.monotonic() - before >= 0.01)
    async.sleep(0)
    assert.equal(1, calls)
  end)

  it("repeats until closed, in its own callback too", function()
    local calls = 0
    async.await(function(resume)
      local repeated
      repeated = timer.start(0.001, function()
        calls = calls + 1
        if calls == 3 then
          repeated:close()
          resume()
        end
      end, { every = true })
      return repeated
    end)
    async.sleep(0.005)
    assert.equal(3, calls)
  end)

  it("does not call once closed", function()
    local closed = timer.start(0, function() error("was called") end)
    closed:close()
    closed:close()
    async.sleep(0.002)
  end)

  it("is not collected while it runs", function()
    async.await(function(resume)
      timer.start(0.001, function() resume() end)
      collectgarbage()
      collectgarbage()
    end)
  end)

  it("counts as open until it has fired", function()
    local before = loop.alive()
    async.await(function(resume)
      local running = timer.start(0, function() resume() end)
      assert.equal(before + 1, loop.alive())
      return running
    end)
    assert.equal(before, loop.alive())
  end)

  it("raises for wrong arguments", function()
    assert.error_matches(function() timer.start(-1, function() end) end, "a time of zero or more")
    assert.error_matches(function() timer.start(1) end, "function expected")
    assert.error_matches(function() timer.start("x", function() end) end, "number expected")
  end)
end)
