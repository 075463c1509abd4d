-- References between two processes, without the processes.
-- SPDX-License-Identifier: MIT
local peer = require("ggen.isolation.peer")

describe("references between processes", function()
  local here, there

  before_each(function()
    here = peer.new(function(value) return value, "thing", { first = true } end, error)
    there = peer.new(error, function(class, id, data) return { class = class, id = id,
      data = data } end)
  end)

  -- What the other side gets for a value.
  local function pass(value)
    local theirs, id, class, data = here:name(value, false)
    return there:find(not theirs, id, class, data)
  end

  local function collect()
    collectgarbage()
    collectgarbage()
  end

  it("come back as what they stand for", function()
    local value = {}
    local stand_in = pass(value)
    assert.same({ class = "thing", id = 1, data = { first = true } }, stand_in)
    assert.equal(stand_in, pass(value))
    local theirs, id = there:name(stand_in, false)
    assert.is_true(theirs)
    assert.equal(value, here:find(false, id))
  end)

  it("are let go when nobody holds them, and not before", function()
    local kept = {}
    local held = pass(kept)
    for _ = 1, 500 do pass({}) end
    collect()
    local list = there:releases()
    assert.equal(1000, #list)
    here:let_go(list)
    for id = 2, 501 do assert.is_false(pcall(here.find, here, false, id)) end
    assert.equal(kept, here:find(false, held.id))
    assert.is_nil(there:releases())
  end)

  it("stay when they are on their way once more", function()
    local values = {}
    for i = 1, 100 do
      values[i] = {}
      pass(values[i])
    end
    collect()
    local list = there:releases()
    -- Named again before the other side's message has come.
    local _, id, class, data = here:name(values[1], false)
    assert.is_nil(data)
    here:let_go(list)
    local stand_in = there:find(true, id, class, data)
    assert.equal(values[1], here:find(false, stand_in.id))
    assert.is_false(pcall(here.find, here, false, 2))
  end)

  it("are refused when they are none", function()
    for _, case in ipairs({ { "x", "thing" }, { 0, "thing" }, { 1.5, "thing" }, { 1 }, { 1, {} },
      { 0 / 0, "thing" }, { -1, "thing" } }) do
      assert.is_false(pcall(there.find, there, true, case[1], case[2]))
    end
    assert.is_false(pcall(here.find, here, false, 1))
    assert.is_false(pcall(here.find, here, false, nil))
    assert.is_false(pcall(here.let_go, here, "all"))
    here:let_go({ 1, 2, "x", {}, {} })
  end)

  it("are bounded, counting those that somebody holds", function()
    for _ = 1, 60000 do pass({}) end
    local held = {}
    local ok, message = pcall(function()
      for i = 1, 60000 do held[i] = pass({}) end
    end)
    assert.is_false(ok)
    assert.equal("too many references", message)
    assert.is_true(#held >= 49900)
  end)
end)
