-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local glob = require("ggen.std.glob")

describe("glob.expand", function()
  it("writes out braces in their order", function()
    for pattern, texts in pairs({
      [""] = { "" }, ["a"] = { "a" }, ["{}"] = { "" }, ["a{b}c"] = { "abc" },
      ["{,a}"] = { "", "a" },
      ["{a,{b,c}d}e"] = { "ae", "bde", "cde" }, ["{a,b}{c,d}"] = { "ac", "ad", "bc", "bd" },
      ["a,b}"] = { "a,b}" }, ["\\{a,b\\}"] = { "\\{a,b\\}" }, ["{a\\,b,c}"] = { "a\\,b", "c" },
      ["\\\\{a,b}"] = { "\\\\a", "\\\\b" },
      ["{a\\},b}"] = { "a\\}", "b" }, ["{ab,c,def}{g}"] = { "abg", "cg", "defg" },
      ["{a,bc,d}"] = { "a", "bc", "d" }, ["{abc,{d,ef}g}"] = { "abc", "dg", "efg" },
      ["{\255,\0}"] = { "\255", "\0" }, ["{1..3}"] = { "1..3" },
    }) do
      assert.same(texts, glob.expand(pattern), pattern)
    end
  end)

  it("means what matching means", function()
    math.randomseed(20260203)
    local pieces = { "a", "b", "/", "?", "{a,b}", "{a,{b,}a}", "{,b}" }
    for _ = 1, 500 do
      local parts, path = {}, {}
      for i = 1, math.random(1, 4) do parts[i] = pieces[math.random(#pieces)] end
      for i = 1, math.random(0, 4) do path[i] = ({ "a", "b", "/" })[math.random(3)] end
      local pattern, text = table.concat(parts), table.concat(path)
      local any = false
      for _, one in ipairs(glob.expand(pattern)) do any = any or glob.match(one, text) end
      assert.equal(glob.match(pattern, text), any, pattern .. " " .. text)
    end
  end)

  it("refuses too many, and braces that do not close", function()
    assert.same({ nil, "the braces stand for more than 10000 texts" },
      { glob.expand(("{a,b}"):rep(20)) })
    assert.equal(8192, #glob.expand(("{a,b}"):rep(13)))
    assert.same({ nil, '"{" at character 3 is not closed (write "\\{" for the character itself)' },
      { glob.expand("ab{c,d") })
    for _, pattern in ipairs({ "{", "a{", "a\\{{", "{a\\}", ("{"):rep(100000) }) do
      assert.is_nil((glob.expand(pattern)))
    end
    assert.equal(1, #glob.expand(("{"):rep(500) .. ("}"):rep(500)))
  end)
end)

describe("glob.match", function()
  it("passes on what is wrong with a pattern", function()
    local value, message = glob.match("{a", "a")
    assert.is_nil(value)
    assert.matches('glob "{a", character 1: "{" is not closed', message, 1, true)
    assert.equal(2, select("#", glob.match("{a", "a")))
    assert.equal(1, select("#", glob.match("a", "a")))
  end)
end)

describe("glob.list", function()
  local dir

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-spec-"))
    for _, path in ipairs({ "a.c", "src/b.c", "src/b.h" }) do
      fs.mkdir((dir .. "/" .. path):match("^(.*)/"))
      fs.write(dir .. "/" .. path, "")
    end
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  it("lists below a root", function()
    assert.same({ "a.c", "src/b.c" }, glob.list("**/*.c", dir))
    assert.same({ "b.c" }, glob.list({ "**", "!*.h" }, dir .. "/src"))
  end)

  it("says what the world refuses", function()
    assert.same({ nil, "list " .. dir .. "/none: No such file or directory" },
      { glob.list("**", dir .. "/none") })
    assert.is_nil((glob.list("[", dir)))
  end)

  it("looks beside the file that is loading", function()
    local dsl, loading = require("ggen.dsl"), require("ggen.loading")
    dsl.current_dir = dir
    loading.inputs = require("ggen.core.snapshot").inputs()
    local ok, list, below = pcall(function() return glob.list("*.c"), glob.list("*.c", "src") end)
    dsl.current_dir, loading.inputs = nil, nil
    assert.is_true(ok)
    assert.same({ "a.c" }, list)
    assert.same({ "b.c" }, below)
  end)
end)
