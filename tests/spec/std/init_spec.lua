-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

describe("ggen.std", function()
  it("reads modules when they are first named", function()
    package.loaded["ggen.std"] = nil
    local std = require("ggen.std")
    assert.is_nil(rawget(std, "list"))
    assert.equal(require("ggen.std.list"), std.list)
    assert.equal(std.list, rawget(std, "list"))
    assert.equal("table", type(require("ggen").std.path))
  end)

  it("has every file of its folder", function()
    local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")
    local std = require("ggen.std")
    for _, entry in ipairs(assert(fs.list(here .. "/../../../stdlib/ggen/std"))) do
      local name = entry.name:match("^(.*)%.lua$")
      if name and name ~= "init" then assert.equal("table", type(std[name]), name) end
    end
  end)

  it("says what was probably meant", function()
    local std = require("ggen.std")
    local _, problem = pcall(function() return std.lst end)
    assert.matches('init_spec.lua:%d+: ggen.std has no module "lst" %(did you mean "list"%?%)$',
      problem)
    assert.error_matches(function() return std.qqqqqqqq end, 'no module "qqqqqqqq"$')
    assert.error_matches(function() return std[1] end, 'no module "1"$')
  end)

  it("leaves no global behind", function()
    local before = {}
    for name in pairs(_G) do before[name] = true end
    local std = require("ggen.std")
    for _, name in ipairs({ "glob", "json", "list", "matrix", "path", "retry", "semver", "sh",
      "text", "toml" }) do
      package.loaded["ggen.std." .. name] = nil
      assert.equal("table", type(require("ggen.std." .. name)))
      rawset(std, name, nil)
    end
    for name in pairs(_G) do assert.is_true(before[name], name) end
  end)
end)
