-- When which container is begun: pure.
-- SPDX-License-Identifier: MIT
local forecast = require("ggen.std.container_pool.forecast")

local function pool(given)
  return { size = given.size or 9, make = given.make or 1, clean = given.clean or 0,
    memory = given.memory, stock = given.stock or {}, wants = given.wants }
end

local function want(at, duration, shared)
  return { at = at, duration = duration, shared = shared }
end

-- { name, at } to two digits.
local function starts(now, pools, room)
  local list = {}
  for i, start in ipairs(forecast.starts(now, pools, room)) do
    list[i] = ("%s %.2f"):format(start.name, start.at)
  end
  return list
end

describe("the forecast", function()
  it("begins as long before a want as it takes, and a little", function()
    assert.same({ "db 8.70" }, starts(0, { db = pool({ wants = { want(10, 1) } }) }))
    assert.same({ "db 0.00" }, starts(0, { db = pool({ wants = { want(0.5, 1) } }) }))
    assert.same({}, starts(0, { db = pool({ wants = {} }) }))
  end)

  it("counts how many are wanted at once", function()
    local wants = { want(10, 5), want(10, 5), want(12, 5), want(20, 1) }
    assert.same({ "db 8.70", "db 8.70", "db 10.70" }, starts(0, { db = pool({ wants = wants }) }))
    assert.same({ "db 8.70", "db 8.70" }, starts(0, { db = pool({ wants = wants, size = 2 }) }))
    assert.same({ "db 10.70" }, starts(0, { db = pool({ wants = wants, stock = { 0, 9 } }) }))
  end)

  it("begins none that comes later than one that becomes free", function()
    local wants = { want(0, 1) }
    assert.same({}, starts(0, { db = pool({ wants = wants, stock = { 0.5 }, make = 2 }) }))
    assert.same({ "db 0.00" }, starts(0, { db = pool({ wants = wants, stock = { 5 }, make = 2 }) }))
  end)

  it("thinks of the reset between two", function()
    local wants = { want(10, 1), want(11.5, 1) }
    assert.same({ "db 8.70" }, starts(0, { db = pool({ wants = wants, clean = 0.5 }) }))
    assert.same({ "db 8.70", "db 10.20" },
      starts(0, { db = pool({ wants = wants, clean = 2.5 }) }))
  end)

  it("needs one for all who share", function()
    local wants = { want(10, 5, true), want(11, 9, true), want(12, 1, true), want(13, 1) }
    assert.same({ "db 8.70", "db 11.70" }, starts(0, { db = pool({ wants = wants }) }))
  end)

  it("gives memory to what is wanted first", function()
    local pools = {
      slow = pool({ wants = { want(20, 5) }, make = 15, memory = 60 }),
      fast = pool({ wants = { want(10, 5), want(10, 5) }, make = 1, memory = 40 }),
    }
    assert.same({ "slow 1.20", "fast 8.70", "fast 8.70" }, starts(0, pools))
    assert.same({ "fast 8.70", "fast 8.70" }, starts(0, pools, 100))
    assert.same({ "slow 1.20", "fast 8.70", "fast 8.70" }, starts(0, pools, 140))
    assert.same({ "fast 8.70" }, starts(0, pools, 50))
    assert.same({}, starts(0, pools, 10))
  end)

  it("never has more than may be, whatever is wanted", function()
    math.randomseed(os.time())
    for _ = 1, 200 do
      local wants, at = {}, 0
      for i = 1, math.random(0, 30) do
        at = at + math.random() * 3
        wants[i] = want(at, math.random() * 5, math.random() < 0.2)
      end
      local stock = {}
      for i = 1, math.random(0, 3) do stock[i] = math.random() * 4 end
      local given = pool({ wants = wants, stock = stock, size = math.random(3, 6),
        make = math.random() * 3, clean = math.random() })
      local found = forecast.starts(0, { db = given })
      assert.is_true(#found + #stock <= given.size)
      for i, start in ipairs(found) do
        assert.is_true(start.at >= 0 and start.at <= math.max(start.by, 0))
        if i > 1 then assert.is_true(found[i - 1].at <= start.at) end
      end
      if #wants > 0 then assert.is_true(#found + #stock > 0) end
    end
  end)
end)
