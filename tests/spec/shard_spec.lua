-- How tasks are divided among machines.
-- SPDX-License-Identifier: MIT
local shard = require("ggen.shard")

local function all_parts(selection, count, duration)
  local parts, seen = {}, {}
  for i = 1, count do
    parts[i] = shard.pick(selection, { index = i, count = count }, duration)
    for _, index in ipairs(parts[i].tasks) do
      assert.is_nil(seen[index], "task " .. index .. " is in two shards")
      seen[index] = i
    end
  end
  for _, index in ipairs(selection) do
    assert.is_not_nil(seen[index], "task " .. index .. " is in no shard")
  end
  return parts, seen
end

describe("shard", function()
  it("puts each task into exactly one, whatever the durations", function()
    math.randomseed(7)
    for _ = 1, 200 do
      local selection, durations = {}, {}
      for i = 1, math.random(0, 40) do
        selection[i] = i * 3
        if math.random() < 0.7 then durations[i * 3] = math.random(0, 5) end
      end
      all_parts(selection, math.random(1, 9), function(index) return durations[index] end)
    end
  end)

  it("balances: no shard has more than the least one and a task", function()
    local durations = {}
    math.randomseed(11)
    local selection = {}
    for i = 1, 60 do selection[i], durations[i] = i, math.random(1, 100) end
    local parts = all_parts(selection, 4, function(index) return durations[index] end)
    local least, most = math.huge, 0
    for _, part in ipairs(parts) do
      least, most = math.min(least, part.expected), math.max(most, part.expected)
    end
    assert.is_true(most - least <= 100)
  end)

  it("divides by number when nothing is known, and tasks that take no time too", function()
    local selection = { 5, 6, 7, 8, 9, 10, 11 }
    for _, duration in ipairs({ function() return nil end, function() return 0 end }) do
      for _, part in ipairs(all_parts(selection, 3, duration)) do
        assert.is_true(#part.tasks >= 2 and #part.tasks <= 3)
      end
    end
  end)

  it("does not depend on the order of the selection", function()
    local _, before = all_parts({ 1, 2, 3, 4, 5 }, 2, function() return 1 end)
    local _, after = all_parts({ 5, 3, 1, 2, 4 }, 2, function() return 1 end)
    assert.are.same(before, after)
  end)

  it("takes an unknown task for a usual one", function()
    local known = { [1] = 10, [2] = 10, [3] = 10 }
    local parts = all_parts({ 1, 2, 3, 4 }, 2, function(index) return known[index] end)
    assert.are.equal(20, parts[1].expected)
    assert.are.equal(20, parts[2].expected)
    assert.are.equal(3, parts[1].known)
  end)

  it("reads I/N", function()
    assert.are.same({ index = 2, count = 5 }, shard.parse("2/5"))
    for _, bad in ipairs({ "0/3", "4/3", "1/0", "a/b", "1", "1/2/3", "-1/2", "" }) do
      local found, message = shard.parse(bad)
      assert.is_nil(found)
      assert.is_truthy(message:find("--shard", 1, true))
    end
  end)
end)
