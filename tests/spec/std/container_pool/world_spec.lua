-- What the pool stands on, with an engine that goes away and a clock that is set by hand.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local world_of = require("ggen.std.container_pool.world")

describe("an engine of the container pool", function()
  local world, is_there, seconds, notes

  before_each(function()
    is_there, seconds, notes = true, 0, {}
    world = world_of.new({ project_dir = "/nowhere",
      note = function(_, text) notes[#notes + 1] = text end })
    function world.connect()
      if not is_there then return nil, "nobody answers", "no_engine" end
      return { inspect = function()
        if is_there then return { id = "x" } end
        return nil, "it hung up", "closed"
      end }
    end
    function world.now() return seconds end
    function world.sleep(pause)
      seconds = seconds + pause
      async.sleep(0)
    end
  end)

  it("that stays away is waited for once, by all together", function()
    assert.same({ id = "x" }, world.call("inspect", "x"))
    is_there = false
    assert.same({ nil, "nobody answers", "no_engine" }, { world.call("inspect", "x") })
    assert.is_true(seconds >= 10 and seconds < 12)
    local after = seconds
    for _ = 1, 3 do
      assert.same({ nil, "nobody answers", "no_engine" }, { world.call("inspect", "x") })
    end
    assert.equal(after, seconds)
    assert.equal(1, #notes)
  end)

  it("that came back is waited for again", function()
    world.call("inspect", "x")
    is_there = false
    world.call("inspect", "x")
    is_there = true
    assert.same({ id = "x" }, world.call("inspect", "x"))
    local before = seconds
    is_there = false
    world.call("inspect", "x")
    assert.is_true(seconds - before >= 10)
  end)

  it("that was never there is not waited for", function()
    is_there = false
    assert.same({ nil, "nobody answers", "no_engine" }, { world.call("inspect", "x") })
    assert.equal(0, seconds)
  end)
end)
