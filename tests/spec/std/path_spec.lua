-- SPDX-License-Identifier: MIT
local path = require("ggen.std.path")

describe("path", function()
  it("joins", function()
    assert.equal("a/b", path.join("a", "b"))
    assert.equal("a/b", path.join("a/", "b"))
    assert.equal("a", path.join("", "a", ""))
    assert.equal(".", path.join())
    assert.equal(".", path.join("", ""))
    assert.equal("/b", path.join("a", "/b"))
    assert.equal("/a", path.join("/", "a"))
    assert.equal("./x", path.join("./", "x"))
  end)

  it("normalizes", function()
    for from, to in pairs({
      [""] = ".", ["."] = ".", ["/"] = "/", ["//"] = "/", ["a//b/"] = "a/b", ["./a"] = "a",
      ["a/.."] = ".", ["a/../.."] = "..", ["../../a"] = "../../a", ["/.."] = "/", ["/../a"] = "/a",
      ["a/b/../../c"] = "c", ["..a/.b"] = "..a/.b", ["a\0/../b"] = "b", ["\255/."] = "\255",
    }) do
      assert.equal(to, path.normalize(from), from)
    end
  end)

  it("normalizes once and for all, and never into something else", function()
    math.randomseed(20260203)
    local pieces = { "a", "b", "..", ".", "", "c.d" }
    for _ = 1, 2000 do
      local parts = {}
      for i = 1, math.random(0, 6) do parts[i] = pieces[math.random(#pieces)] end
      local text = (math.random(2) == 1 and "/" or "") .. table.concat(parts, "/")
      local plain = path.normalize(text)
      assert.equal(plain, path.normalize(plain), text)
      assert.equal(path.is_absolute(text), path.is_absolute(plain), text)
      assert.is_nil(plain:find("//", 1, true))
      assert.is_nil((plain .. "/"):find("[^./]/%.%./"), text)
    end
  end)

  it("takes paths apart", function()
    for _, case in ipairs({
      { "a/b.c", "a", "b.c", ".c", "b" }, { "b", ".", "b", "", "b" }, { "/b", "/", "b", "", "b" },
      { "/", "/", "/", "", "/" }, { "a/b/", "a", "b", "", "b" }, { "a//b", "a", "b", "", "b" },
      { "x/.rc", "x", ".rc", "", ".rc" }, { "a.tar.gz", ".", "a.tar.gz", ".gz", "a.tar" },
      { "a.", ".", "a.", ".", "a" }, { "d.d/f", "d.d", "f", "", "f" }, { "", ".", "", "", "" },
      { "..", ".", "..", ".", "." },
    }) do
      local text = case[1]
      assert.equal(case[2], path.dirname(text), "dirname " .. text)
      assert.equal(case[3], path.basename(text), "basename " .. text)
      if text ~= ".." then
        assert.equal(case[4], path.extension(text), "extension " .. text)
        assert.equal(case[5], path.stem(text), "stem " .. text)
      end
    end
    assert.equal("a", path.basename("a.c", ".c"))
    assert.equal(".c", path.basename(".c", ".c"))
    assert.equal("a/b.o", path.with_extension("a/b.c", ".o"))
    assert.equal("a.d/b.o", path.with_extension("a.d/b", ".o"))
    assert.equal("b", path.with_extension("b.c/", ""))
    assert.same({ "/", "a", "..", "b" }, path.split("//a/./../b/"))
    assert.same({}, path.split(""))
  end)

  it("finds the way from one to the other", function()
    assert.equal(".", path.relative("/a", "/a/"))
    assert.equal("..", path.relative("/a", "/a/b"))
    assert.equal("b", path.relative("/a/b", "/a"))
    assert.equal("../c", path.relative("a/c", "a/b"))
    assert.equal("../..", path.relative(".", "a/b"))
    assert.same({ nil, '"../x" leaves the directory that both begin in' },
      { path.relative("a", "../x") })
    assert.equal("a", path.relative("../a", ".."))
    assert.is_nil((path.relative("a", "/b")))
  end)

  it("goes back to where it came from", function()
    math.randomseed(20260204)
    local function random_path()
      local parts = {}
      for i = 1, math.random(0, 5) do parts[i] = ({ "a", "b", "c" })[math.random(3)] end
      return "/" .. table.concat(parts, "/")
    end
    for _ = 1, 1000 do
      local to, from = random_path(), random_path()
      assert.equal(to, path.absolute(path.relative(to, from), from))
    end
  end)

  it("knows what lies inside", function()
    assert.is_true(path.is_inside("a", "a"))
    assert.is_true(path.is_inside("a/../a/b", "a"))
    assert.is_false(path.is_inside("a/../b", "a"))
    assert.is_false(path.is_inside("ab", "a"))
    assert.is_true(path.is_inside("a/..b", "a"))
    assert.is_false(path.is_inside("/a", "a"))
  end)

  it("says what it needs", function()
    assert.same({ nil, '"b" is not absolute' }, { path.absolute("a", "b") })
    assert.equal("/a", path.absolute("/a", "b"))
  end)
end)
