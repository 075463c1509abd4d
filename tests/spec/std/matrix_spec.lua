-- What the examples in the comments do not show.
-- SPDX-License-Identifier: MIT
local matrix = require("ggen.std.matrix")

describe("matrix", function()
  it("gives all combinations once, in one order", function()
    local combinations = matrix.product({ b = { 1, 2 }, a = { "x", "y", "z" },
      c = { true, false } })
    assert.equal(12, #combinations)
    local ids, seen = {}, {}
    for i, combination in ipairs(combinations) do
      ids[i] = matrix.id(combination)
      assert.is_nil(seen[ids[i]])
      seen[ids[i]] = true
    end
    assert.same({ "a=x,b=1,c=true", "a=x,b=1,c=false", "a=x,b=2,c=true" }, { unpack(ids, 1, 3) })
  end)

  it("is nothing without axes, but for what is included", function()
    assert.same({}, matrix.product({}))
    assert.same({ { a = 1 } }, matrix.product({}, { include = { { a = 1 }, { a = 1 } } }))
  end)

  it("excludes by parts, and everything by none", function()
    local axes = { os = { "linux", "mac" }, cc = { "gcc", "clang" } }
    assert.same({ { cc = "gcc", os = "linux" }, { cc = "clang", os = "linux" },
      { cc = "clang", os = "mac" } }, matrix.product(axes,
        { exclude = { { cc = "gcc", os = "mac" } } }))
    assert.equal(2, #matrix.product(axes, { exclude = { { cc = "gcc" } } }))
    assert.equal(0, #matrix.product(axes, { exclude = { {} } }))
    assert.equal(4, #matrix.product(axes, { exclude = { { other = 1 } } }))
  end)

  it("includes what has more or fewer values than the others", function()
    assert.same({ { n = 1 }, { n = 1, m = 2 }, {} },
      matrix.include({ { n = 1 } }, { { n = 1, m = 2 }, {}, { n = 1 } }))
  end)

  it("says what is wrong with an axis", function()
    local function problem(axes)
      local value, message = matrix.product(axes)
      assert.is_nil(value)
      return message
    end
    assert.equal('axis "a": a list of values expected, got a string', problem({ a = "x" }))
    assert.equal('axis "a": value 2 is a table (texts, numbers and booleans can be values)',
      problem({ a = { 1, {} } }))
    assert.equal('axis "a": value 1 is a function (texts, numbers and booleans can be values)',
      problem({ a = { print } }))
    assert.equal("the name of an axis must be a text, got a number", problem({ { 1 } }))
    local values = {}
    for i = 1, 1000 do values[i] = i end
    local hundred = { unpack(values, 1, 100) }
    assert.equal(10000, #matrix.product({ a = hundred, b = hundred }))
    assert.equal("the matrix has 1000000000 combinations (at most 10000)",
      problem({ a = values, b = values, c = values }))
  end)
end)
