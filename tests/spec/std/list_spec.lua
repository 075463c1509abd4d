-- What the examples in the comments do not show.
-- SPDX-License-Identifier: MIT
local list = require("ggen.std.list")

describe("list", function()
  it("leaves its arguments as they are", function()
    local elements = { 3, 1, { 2 } }
    local other = { 9, 8 }
    list.map(elements, function() return 1 end)
    list.filter(elements, function() return false end)
    list.partition(elements, function() return true end)
    list.concat(elements, other)
    list.flatten(elements)
    list.unique(elements)
    list.sorted(other)
    list.reversed(elements)
    list.slice(elements, 2)
    list.chunks(elements, 2)
    list.group_by(elements, function() return 1 end)
    assert.same({ 3, 1, { 2 } }, elements)
    assert.same({ 9, 8 }, other)
  end)

  it("works with no elements", function()
    local function never() error("called") end
    for _, name in ipairs({ "map", "filter", "group_by" }) do
      assert.same({}, list[name]({}, never))
    end
    assert.same({}, list.unique({}))
    assert.same({}, list.sorted({}))
    assert.same({}, list.chunks({}, 3))
    assert.same({}, list.concat())
    assert.is_nil(list.find({}, never))
    assert.equal(1, list.reduce({}, never, 1))
    assert.same({}, list.zip({}, { 1 }))
  end)

  it("sorts stably, by key", function()
    local elements = {}
    for i = 1, 200 do elements[i] = { key = i % 7, index = i } end
    local sorted = list.sorted(elements, function(e) return e.key end)
    for i = 2, #sorted do
      local a, b = sorted[i - 1], sorted[i]
      assert.is_true(a.key < b.key or (a.key == b.key and a.index < b.index))
    end
    assert.error_matches(function() list.sorted({ 1, "a" }) end, "attempt to compare")
  end)

  it("slices like string.sub", function()
    local elements, text = { "a", "b", "c", "d" }, "abcd"
    for first = -6, 6 do
      for last = -6, 6 do
        -- string.sub takes 0 as the first place; so do we.
        assert.equal(text:sub(first, last), table.concat(list.slice(elements, first, last)),
          first .. ", " .. last)
      end
      assert.equal(text:sub(first), table.concat(list.slice(elements, first)))
    end
  end)

  it("finds false among the elements", function()
    assert.same({ false, 2 }, { list.find({ true, false }, function(v) return v == false end) })
    assert.is_true(list.any({ false }, function(v) return v == false end))
    assert.is_true(list.contains({ false }, false))
    assert.same({ false, true }, list.unique({ false, true, false }))
    assert.same({ false }, list.map({ 1 }, function() return false end))
  end)

  it("flattens as deep as it is told", function()
    assert.same({ 1, { 2, { 3 } } }, list.flatten({ 1, { 2, { 3 } } }, 0))
    assert.same({ 1, 2, 3 }, list.flatten({ 1, { 2, { 3 } } }, 2))
    assert.same({ { a = 1 } }, list.flatten({ { a = 1 } }))
  end)

  it("raises for what has no meaning", function()
    assert.error_matches(function() list.chunks({ 1 }, 0) end,
      "list.chunks: the size must be 1 or more")
    assert.error_matches(function() list.range(1, 2, 0) end, "list.range: the step must not be 0")
    assert.error_matches(function() list.map(nil, print) end, "attempt to")
  end)

  it("asks for every element", function()
    local function all_seen(name)
      local seen = {}
      list[name]({ "a", "b" }, function(element, i)
        seen[i] = element
        return name == "all"
      end)
      assert.same({ "a", "b" }, seen, name)
    end
    for _, name in ipairs({ "map", "filter", "partition", "find", "any", "all" }) do
      all_seen(name)
    end
    assert.same({ 1 }, list.filter({ 1, 2 }, function(n) return n == 1 end))
    assert.is_true(list.all({ 2, 3 }, function(n) return n > 1 end))
    assert.same({ { 1 }, { 2 } }, list.chunks({ 1, 2 }, 1))
  end)

  it("walks keys in one order", function()
    assert.same({ 1, 2, "a", "b" }, list.keys({ b = 1, a = 1, [2] = 1, [1] = 1 }))
    assert.same({ false, true, 1 }, list.keys({ [true] = 1, [false] = 1, [1] = 1 }))
  end)
end)
