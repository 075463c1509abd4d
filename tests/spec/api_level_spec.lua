-- Levels of the plugin contract: which plugins fit, and what is said of those that do not.
-- SPDX-License-Identifier: MIT
local api_level = require("ggen.api_level")
local registry = require("ggen.registry")

local function plugin(api, more)
  local table = { name = "mine", kind = "scheduler", version = "1.0.0", api = api, desc = "d",
    setup = function() return {} end }
  for key, value in pairs(more or {}) do table[key] = value end
  return table
end

describe("the API level of a plugin", function()
  local kind = registry.kinds.scheduler
  local before = kind.api

  after_each(function() kind.api = before end)

  it("fits when it is the level of the kind, or a range that has it", function()
    kind.api = 2
    for _, api in ipairs({ 2, "2", "^2", "~2", "=2", ">=1 <3", ">= 1", "1 || 2", "1||2", "1 - 3",
      ">1", "<=2", "^1 || ^2", ">0" }) do
      assert.is_truthy(registry.check(plugin(api)), tostring(api))
    end
    for _, api in ipairs({ 1, 3, "1", "^1", "^3", ">2", "<2", "1 || 3", ">=3 <5" }) do
      local checked, _, why = registry.check(plugin(api))
      assert.is_nil(checked, tostring(api))
      assert.equal("level", why, tostring(api))
    end
  end)

  it("is each kind's own", function()
    kind.api = 3
    assert.is_nil((registry.check(plugin(1))))
    assert.is_truthy(registry.check(plugin(1, { kind = "observer" })))
    assert.same({ 3, 1 }, { registry.level("scheduler"), registry.level("observer") })
  end)

  it("says what the plugin wants, what is there, and what to do", function()
    kind.api = 2
    local function message(api) return (select(2, registry.check(plugin(api)))) end
    assert.equal("it is written for level ^3 of the API of kind scheduler, and this ggen-lua has"
      .. " level 2: take a newer ggen-lua, or a version of the plugin for level 2", message("^3"))
    assert.equal("it is written for level 1 of the API of kind scheduler, and this ggen-lua has"
      .. " level 2: take a newer version of the plugin, one for level 2", message(1))
    assert.matches("take a newer ggen%-lua, or", message("1 || 3"))
  end)

  it("comes before all else: another level may have other fields", function()
    local _, message, why = registry.check(plugin(2, { fields_of_level_2 = {} }))
    assert.equal("level", why)
    assert.matches("^it is written for level 2", message)
  end)

  it("is broken when it is neither a level nor a range", function()
    for _, api in ipairs({ 0, -1, 1.5, 1 / 0, 1e300, true, {} }) do
      local checked, message, why = registry.check(plugin(api))
      assert.is_nil(checked, tostring(api))
      assert.matches('^field "api": expected a level or a range of levels %(1, "%^1"', message)
      assert.is_nil(why)
    end
    local _, message = registry.check(plugin())
    assert.is_nil((registry.check(plugin())))
    assert.matches("api", message)
  end)

  it("is broken when the range is", function()
    for _, range in ipairs({ "", " ", "^", "^^1", "=>1", "one", "1 ||", "|| 1", "1 | 2", "1 - ",
      "*", "x", "-1", "01", "1\0", ("1 "):rep(200) }) do
      assert.matches("is not a range of levels", api_level.problem(range) or "none: " .. range)
      assert.is_nil(select(3, registry.check(plugin(range))))
    end
    for _, range in ipairs({ "1.0", "^1.2", "1.x" }) do
      assert.matches("a level is a whole number, without a dot", api_level.problem(range))
    end
    assert.matches("names a level above 9999", api_level.problem("<1000000"))
    for _, range in ipairs({ "<1", ">2 <2", "0" }) do
      assert.matches("is a range that no level is in", api_level.problem(range))
    end
  end)
end)
