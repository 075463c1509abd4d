-- What the examples in the comments do not show.
-- SPDX-License-Identifier: MIT
local text = require("ggen.std.text")

describe("text", function()
  it("trims in time linear in the text", function()
    assert.equal("", text.trim(" \t\n"))
    assert.equal("a", text.trim("a"))
    assert.equal("\0", text.trim(" \0 "))
    local long = (" "):rep(300000) .. "a" .. (" "):rep(300000) .. "b" .. (" "):rep(300000)
    local before = os.clock()
    assert.equal(300002, #text.trim(long))
    assert.is_true(os.clock() - before < 5)
  end)

  it("splits into what can be joined again", function()
    math.randomseed(20260203)
    for _ = 1, 500 do
      local chars = {}
      for i = 1, math.random(0, 12) do chars[i] = ({ "a", ",", ";", "%", "." })[math.random(5)] end
      local s = table.concat(chars)
      for _, separator in ipairs({ ",", ",;", "%", ".", "a" }) do
        assert.equal(s, table.concat(text.split(s, separator), separator))
        assert.equal(s, text.replace(s, separator, separator))
        assert.equal(#text.split(s, separator) - 1, text.count(s, separator))
      end
    end
    assert.same({ "" }, text.split("", ","))
    assert.same({ "a,b" }, text.split("a,b", ",", 0))
    for _, name in ipairs({ "split", "replace", "count" }) do
      assert.error_matches(function() text[name]("a", "", "b") end, "text." .. name .. ": .*empty")
    end
  end)

  it("reads lines", function()
    assert.same({}, text.lines(""))
    assert.same({ "" }, text.lines("\n"))
    assert.same({ "", "" }, text.lines("\r\n\n"))
    assert.same({ "a\rb", "c" }, text.lines("a\rb\nc"))
    assert.same({ "a\0", "\255" }, text.lines("a\0\n\255"))
    assert.equal(100000, #text.lines(("x\n"):rep(100000)))
  end)

  it("compares starts and ends", function()
    assert.is_true(text.starts_with("a", ""))
    assert.is_true(text.ends_with("a", ""))
    assert.is_true(text.ends_with("", ""))
    assert.is_true(text.ends_with("ab", "ab"))
    assert.is_false(text.ends_with("abc", "x"))
    assert.is_false(text.starts_with("a", "ab"))
    assert.is_false(text.ends_with("b", "ab"))
    assert.is_true(text.starts_with("%a", "%"))
  end)

  it("fills in names, and only once", function()
    assert.equal("1 ${b} true", text.fill("${a} $${b} ${c}", { a = 1, c = true }))
    assert.equal("${b}", text.fill("${a}", { a = "${b}", b = "x" }))
    assert.equal("%1", text.fill("${a}", { a = "%1" }))
    assert.equal("false", text.fill("${a}", { a = false }))
    assert.equal("$a {b} ${", text.fill("$a {b} ${", {}))
    assert.same({ nil, "no value for ${}" }, { text.fill("${}", {}) })
    assert.same({ nil, "no value for ${zzz}" }, { text.fill("${zzz}", { a = 1 }) })
  end)

  it("indents and dedents", function()
    assert.equal("%1a", text.indent("a", "%1"))
    assert.equal("a\n  b\n\nc\n", text.dedent("  a\n    b\n \n  c\n"))
    assert.equal("a\nb", text.dedent("\ta\n\tb"))
    assert.equal("\ta\n  b", text.dedent("\ta\n  b"))
    assert.equal("\ta\n b", text.dedent("  \ta\n   b"))
    assert.equal("", text.dedent("   \n"))
    local s = "a\n  b\n\nc\n"
    assert.equal(s, text.dedent(text.indent(s, "    ")))
  end)

  it("wraps without losing a word", function()
    assert.same({}, text.wrap("", 10))
    assert.same({ "a", "longword", "b" }, text.wrap("a longword b", 3))
    assert.same({ "ab cd" }, text.wrap("ab\ncd", 5))
    local words = {}
    for i = 1, 300 do words[i] = ("w"):rep(i % 13 + 1) end
    local lines = text.wrap(table.concat(words, " "), 20)
    assert.equal(table.concat(words, " "), table.concat(lines, " "))
    for _, line in ipairs(lines) do assert.is_true(#line <= 20) end
  end)

  it("keeps to a width", function()
    assert.equal("abc", text.shorten("abc", 3))
    assert.equal("...", text.shorten("abcd", 3))
    assert.equal("", text.pad("", 0))
    assert.same({}, text.nearest("zzz", { "build" }))
  end)
end)
