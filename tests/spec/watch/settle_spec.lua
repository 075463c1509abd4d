-- The pause between a run and the next one, when files still change.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local watcher = require("ggen.watch.watcher")

describe("between two runs", function()
  -- A watch in which `more` batches come, each when it is asked for; how often it was asked.
  local function settle(batches, more, fields)
    local asked, watch = 0, { _came = batches, _quiet = 0.001, _longest = 1000 }
    for name, value in pairs(fields or {}) do watch[name] = value end
    watch._watched = { files = { flush = function()
      asked = asked + 1
      if asked <= more then
        watch._came[#watch._came + 1] = { { path = "a", kind = "changed", time = math.huge } }
      end
    end } }
    watcher.settle(watch)
    return asked
  end

  local function batch(time) return { { path = "a", kind = "changed", time = time } } end

  it("nobody waits when nothing has changed", function() assert.equal(0, settle({}, 0)) end)

  it("nobody waits for what changed long ago", function()
    assert.equal(0, settle({ batch(clock.unix() - 10) }, 0))
  end)

  it("it waits until nothing comes any more", function()
    assert.equal(4, settle({ batch(math.huge) }, 3))
  end)

  it("a signal ends the wait", function()
    assert.equal(0, settle({ batch(math.huge) }, 3, { _signal = "INT" }))
  end)

  it("it does not wait for ever", function()
    assert.equal(0, settle({ batch(math.huge) }, 3, { _longest = 0 }))
  end)
end)
