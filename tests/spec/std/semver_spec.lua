-- SPDX-License-Identifier: MIT
local semver = require("ggen.std.semver")

describe("semver.parse", function()
  it("reads versions and writes them again", function()
    for _, text in ipairs({ "0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1.x-y.0",
      "1.0.0+001", "1.0.0-rc.1+build.5.-", "1.0.0--", "1.0.0-0a", "9007199254740991.0.0" }) do
      assert.equal(text, semver.format(assert(semver.parse(text))))
    end
  end)

  it("refuses what is no version", function()
    for _, text in ipairs({ "", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "1.2.3-",
      "1.2.3-a..b",
      "1.2.3-01", "1.2.3+", "1.2.3+a..b", "1.2.3-é", "1.2.3 ", " 1.2.3", "a.b.c", "1.2.x",
        "-1.2.3",
      "vv1.2.3", "1.2.3-a\0", "\255", "9007199254740992.0.0", ("1"):rep(400) .. ".0.0",
      "1.2.3-" .. ("a"):rep(1024 * 1024) }) do
      local version, message = semver.parse(text)
      assert.is_nil(version, text)
      assert.is_true(#message < 120)
    end
  end)
end)

describe("semver.compare", function()
  -- From the specification, section 11, and more; each comes before the next.
  local ordered = { "0.0.0-0", "0.0.0", "0.9.0", "1.0.0-1", "1.0.0-2", "1.0.0-10",
    "1.0.0-99999999999999999999", "1.0.0-100000000000000000000", "1.0.0-alpha", "1.0.0-alpha.1",
    "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
      "1.0.1",
    "1.9.0", "1.10.0", "2.0.0", "10.0.0" }

  it("orders every pair", function()
    for i, a in ipairs(ordered) do
      for j, b in ipairs(ordered) do
        local expected = i < j and -1 or i > j and 1 or 0
        assert.equal(expected, semver.compare(a, b), a .. " " .. b)
      end
    end
    assert.equal(0, semver.compare("1.0.0+a", "1.0.0+b"))
    assert.equal(-1, semver.compare(semver.parse("1.0.0"), "v1.0.1"))
  end)

  it("sorts", function()
    local shuffled = {}
    for i = #ordered, 1, -1 do shuffled[#shuffled + 1] = ordered[i] end
    assert.same(ordered, semver.sorted(shuffled))
    assert.same({ "1.0.0+b", "1.0.0+a" }, semver.sorted({ "1.0.0+b", "1.0.0+a" }))
    assert.is_nil((semver.sorted({ "1.0.0", "x" })))
  end)

  it("says which is no version", function()
    assert.same({ nil, '"x" is not a version (example: "1.2.3")' },
      { semver.compare("x", "1.0.0") })
    assert.same({ nil, '"y" is not a version (example: "1.2.3")' },
      { semver.compare("1.0.0", "y") })
  end)
end)

describe("semver.next", function()
  it("counts on, and ends pre-releases", function()
    for _, case in ipairs({
      { "1.2.3", "major", "2.0.0" }, { "1.2.3", "minor", "1.3.0" }, { "1.2.3", "patch", "1.2.4" },
      { "1.2.3-rc", "patch", "1.2.3" }, { "1.2.0-rc", "minor", "1.2.0" },
      { "1.2.3-rc", "minor", "1.3.0" },
      { "2.0.0-rc", "major", "2.0.0" }, { "2.1.0-rc", "major", "3.0.0" },
      { "1.2.3+b", "patch", "1.2.4" },
    }) do
      assert.equal(case[3], semver.next(case[1], case[2]))
    end
    assert.same({ nil, '"x" is no part of a version (major, minor, patch)' },
      { semver.next("1.2.3", "x") })
    assert.is_nil((semver.next("x", "major")))
  end)
end)

describe("semver ranges", function()
  it("hold what they should", function()
    for range, cases in pairs({
      ["^1.2.3"] = { yes = "1.2.3 1.9.0", no = "1.2.2 2.0.0 2.0.0-rc.1 1.2.3-rc.1 1.3.0-rc.1" },
      ["^0.2.3"] = { yes = "0.2.3 0.2.9", no = "0.3.0 0.2.2" },
      ["^0.0.3"] = { yes = "0.0.3", no = "0.0.4 0.0.2" },
      ["^0.0"] = { yes = "0.0.0 0.0.9", no = "0.1.0" },
      ["^0"] = { yes = "0.0.0 0.9.0", no = "1.0.0" },
      ["^1.x"] = { yes = "1.0.0 1.9.9", no = "2.0.0 0.9.0" },
      ["^1.2.3-beta.2"] = { yes = "1.2.3-beta.2 1.2.3-beta.10 1.2.3 1.9.0",
        no = "1.2.3-beta.1 1.2.4-beta.2 2.0.0" },
      ["~1.2.3"] = { yes = "1.2.3 1.2.9", no = "1.3.0 1.2.2 1.3.0-0" },
      ["~1.2"] = { yes = "1.2.0 1.2.9", no = "1.3.0 1.1.9" },
      ["~1"] = { yes = "1.0.0 1.9.0", no = "2.0.0 2.0.0-0" },
      ["1.2"] = { yes = "1.2.0 1.2.9", no = "1.3.0" },
      ["1.x.x"] = { yes = "1.0.0", no = "2.0.0 1.0.0-rc" },
      ["=1.2.3"] = { yes = "1.2.3 1.2.3+b", no = "1.2.4" },
      ["1.2.3-rc.1"] = { yes = "1.2.3-rc.1", no = "1.2.3" },
      [""] = { yes = "0.0.0 9.9.9", no = "1.0.0-rc" },
      ["*"] = { yes = "0.0.0 9.9.9", no = "1.0.0-rc" },
      [">1"] = { yes = "2.0.0", no = "1.9.0" },
      [">1.2"] = { yes = "1.3.0", no = "1.2.9" },
      [">1.2.3"] = { yes = "1.2.4", no = "1.2.3" },
      [">=1.2"] = { yes = "1.2.0 5.0.0", no = "1.1.9" },
      ["<1.2"] = { yes = "1.1.9", no = "1.2.0 1.2.0-rc" },
      ["<=1.2"] = { yes = "1.2.9", no = "1.3.0" },
      ["<=1.2.3"] = { yes = "1.2.3", no = "1.2.4" },
      [">*"] = { yes = "", no = "0.0.0 1.0.0" },
      [">=1.2 <3"] = { yes = "1.2.0 2.9.9", no = "3.0.0 1.1.0 3.0.0-rc" },
      [" >= 1.2.0   <  1.4.0 "] = { yes = "1.3.0", no = "1.4.0" },
      ["1.2 - 2"] = { yes = "1.2.0 2.9.9", no = "1.1.9 3.0.0" },
      ["1.2.3 - 2.0.0"] = { yes = "1.2.3 2.0.0", no = "2.0.1" },
      ["1.x || >=3.1"] = { yes = "1.5.0 3.1.0", no = "2.0.0 3.0.0" },
      ["1||3"] = { yes = "1.5.0 3.1.0", no = "2.0.0" },
      ["||"] = { yes = "1.0.0", no = "1.0.0-rc" },
      ["v1.2 - v2"] = { yes = "1.2.0", no = "3.0.0" },
    }) do
      for version in cases.yes:gmatch("%S+") do
        assert.is_true(semver.satisfies(version, range), version .. " in " .. range)
      end
      for version in cases.no:gmatch("%S+") do
        assert.is_false(semver.satisfies(version, range), version .. " in " .. range)
      end
    end
  end)

  it("refuse what is no range", function()
    for _, range in ipairs({ "x.1", "1.x.3", "=>1", "^^1", "1.2.3.4", ">", "1 -", "- 1", "abc",
      "1.2.3 |",
      "1\0", ">=1.2.3-", "~>1", "01", "1 - 2 - 3", "\255" }) do
      local value, message = semver.satisfies("1.0.0", range)
      assert.is_nil(value, range)
      assert.matches("is not a range of versions", message)
    end
    assert.same({ nil, "this is too long for a range of versions" },
      { semver.satisfies("1.0.0", ("1||"):rep(100000)) })
    assert.same({ nil, '"1" is not a version (example: "1.2.3")' }, { semver.satisfies("1", "1") })
  end)

  it("give the highest version", function()
    local versions = { "1.2.0", "v1.9.1", "1.10.0-rc.1", "2.0.0", "latest", "" }
    assert.equal("v1.9.1", semver.max_satisfying(versions, "^1"))
    assert.equal("1.10.0-rc.1", semver.max_satisfying(versions, ">=1.10.0-0 <1.11"))
    assert.is_nil((semver.max_satisfying({}, "*")))
    assert.is_nil((semver.max_satisfying(versions, "=>")))
  end)
end)
