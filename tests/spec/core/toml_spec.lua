-- SPDX-License-Identifier: MIT
local toml = require("ggen.core.toml")

local function decoded(text)
  local value, message = toml.decode(text)
  assert.is_nil(message)
  return value
end

local function refused(text, kind)
  local value, message, got = toml.decode(text)
  assert.is_nil(value)
  assert.equal(kind or "invalid", got)
  return message
end

describe("toml.decode", function()
  it("reads every kind of value", function()
    assert.same({
      title = "a\tb", raw = "a\\tb", many = "one\ntwo", n = 255, f = -1500, big = 1e9, yes = true,
      list = { 1, { 2, "x" } }, point = { x = 1, y = { z = 2 } },
      tool = { { name = "a" }, { name = "b", deep = { k = 1 } } },
      server = { ["quoted key"] = 1, sub = { on = false } },
    }, decoded([=[
      title = "a\tb"
      raw = 'a\tb'
      many = """
one
two"""
      n = 0xff
      f = -1.5e3
      big = 1_000_000_000
      yes = true
      list = [1, [2, "x"],]
      point = { x = 1, y.z = 2 }
      [[tool]]
      name = "a"
      [[tool]]
      name = "b"
      deep.k = 1
      [server]
      "quoted key" = 1 # comment
      [server.sub]
      on = false
    ]=]))
    assert.same({}, decoded(""))
    assert.equal(math.huge, decoded("a = inf").a)
    local nan = decoded("a = nan").a
    assert.is_true(nan ~= nan)
  end)

  it("reads floats to the last bit, and refuses those that no double is near", function()
    for text, value in pairs({ ["0.1"] = 0.1, ["0.30000000000000004"] = 0.30000000000000004,
      ["1_000.5e+3"] = 1000500, ["123456789.123456789123456789"] = 123456789.12345679,
      ["4.9e-324"] = 4.9e-324, ["1.7976931348623157e308"] = 1.7976931348623157e308 }) do
      assert.equal(value, decoded("a = " .. text).a)
    end
    assert.equal(-math.huge, 1 / decoded("a = -0.0").a)
    for _, text in ipairs({ "1e400", "-1e400", "1.7976931348623159e308", "1e-400" }) do
      local value, message = toml.decode("a = " .. text)
      assert.is_nil(value)
      assert.matches("^line 1, column %d+: .*is not representable in 64 bits", message)
    end
  end)

  it("writes dates and times as RFC 3339", function()
    assert.same({
      a = "1979-05-27T07:32:00Z", b = "1979-05-27T00:32:00.5-07:00",
        c = "1979-05-27T07:32:00.000001",
      d = "1979-05-27", e = "07:32:00", f = "2026-01-02T03:04:05+05:30",
    }, decoded([[
      a = 1979-05-27T07:32:00Z
      b = 1979-05-27 00:32:00.500-07:00
      c = 1979-05-27T07:32:00.000001
      d = 1979-05-27
      e = 07:32:00
      f = 2026-01-02T03:04:05+05:30
    ]]))
  end)

  it("says where the text is broken, and why", function()
    assert.equal("line 2, column 5: Error while parsing key-value pair: expected value, saw '\\n'",
      refused("a = 1\nb = \n"))
    assert.matches("^line 3, column 5: .*cannot redefine existing integer 'a'",
      refused("[t]\na = 1\na = 2\n"))
    assert.matches("^line 1, column %d+: ", refused("[a"))
  end)

  it("refuses every truncation within a value", function()
    local text = 'a = [1, { b = "x\\u00e9", c = 1979-05-27T07:32:00Z }, """y"""]'
    assert.is_table(decoded(text))
    for length = 1, #text - 1 do refused(text:sub(1, length)) end
  end)

  it("refuses what TOML does not have", function()
    for _, text in ipairs({ "a", "= 1", "a = 01", "a = 1 b = 2", "a = 'x\ny'", "[a]\n[a]",
      "a.b = 1\na = 2",
      "a = \"\\x\"", "a = 2026-13-01", "a = { b = 1,\n}", "\0", "a = \"\0\"", "a = 1 # \1",
      "[[a]]\n[a]", "a = 9223372036854775808" }) do
      refused(text)
    end
  end)

  it("refuses bytes that are not UTF-8", function()
    for _, bytes in ipairs({ "\255", "\192\128", "\237\160\128", "\195" }) do
      refused('a = "' .. bytes .. '"')
      refused("# " .. bytes .. "\n")
    end
  end)

  it("bounds how deep values are inside each other", function()
    assert.is_table(decoded("a = " .. ("["):rep(60) .. ("]"):rep(60)))
    refused("a = " .. ("["):rep(10000))
    refused("a = " .. ("["):rep(10000) .. ("]"):rep(10000))
    refused("a = " .. ("{ b = "):rep(10000))
  end)

  it("bounds the parts of a key", function()
    local parts = ("a."):rep(63) .. "a"
    assert.is_table(decoded(parts .. " = 1\n[b." .. ("a."):rep(62) .. "a]"))
    assert.equal("line 1, column 128: a key of more than 64 parts",
      refused(("a."):rep(64) .. "a = 1", "limit"))
    assert.equal("line 3, column 257: a key of more than 64 parts",
      refused("x = 1\n\n[" .. ('"b".'):rep(64) .. "a]", "limit"))
    refused("[[" .. ("a."):rep(500000) .. "a]]", "limit")
    refused(("a."):rep(500000), "limit")
    refused("x = { " .. ("a . "):rep(100) .. "a = 1 }", "limit")
    refused("x = '''" .. ("'''\na = '''"):rep(3) .. "'''\n" .. ("'a'."):rep(100) .. "a = 1",
      "limit")
  end)

  it("knows where a text ends", function()
    local deep = "{ " .. ("a."):rep(100) .. "a = 1 }"
    for _, text in ipairs({ '"a\\""', '"a\\\\"', "'a\\'", '"""a""""', '"""a"""""', "'''a''''",
      '""', "''",
      '"""\\""""""', '"#"' }) do
      assert.is_table(decoded("x = [" .. text .. "]"))
      refused("x = [" .. text .. ", " .. deep .. "]", "limit")
    end
  end)

  it("ends the deepest tables that it takes", function()
    local key = ("a."):rep(63) .. "a"
    local text = "x = " .. ("{ " .. key .. " = "):rep(60) .. "1" .. (" }"):rep(60)
    assert.is_table(decoded(text))
    refused(text .. " x")
  end)

  it("does not take dots in texts and comments for keys", function()
    local dots = ("."):rep(1000)
    assert.same({ a = dots, b = dots, c = dots .. '"', d = "'" .. dots, e = '\\' .. dots,
      f = dots },
      decoded('a = "' .. dots .. '" # ' .. dots .. '\nb = \'' .. dots .. '\'\nc = """' .. dots
        .. '""""\nd = \'\'\'\'' .. dots .. '\'\'\'\ne = "\\\\' .. dots
        .. '"\nf = """\\\n' .. dots .. '"""'))
    assert.same({ v = { 1.5, 2.5, 3.5 } }, decoded("v = [1.5, 2.5, 3.5]"))
    assert.equal(200, #decoded("v = [" .. ("1.5, "):rep(200) .. "]").v)
  end)

  it("takes long texts, and its messages stay short", function()
    local long = ("x"):rep(1024 * 1024)
    assert.equal(long, decoded('a = "' .. long .. '"').a)
    assert.is_true(#refused('a = "' .. long) < 300)
    assert.is_true(#refused(long .. " = 1\n" .. long .. " = 2") < 300)
    local lines = {}
    for i = 1, 20000 do lines[i] = ("k%d = %d"):format(i, i) end
    assert.equal(20000, decoded(table.concat(lines, "\n")).k20000)
  end)

  it("raises for what is no text", function()
    assert.error_matches(function() toml.decode({}) end, "string expected, got table")
  end)
end)

describe("toml.decode_placed", function()
  -- "line:column" of a place.
  local function at(place)
    return ("%d:%d"):format(math.floor(place / toml.columns), place % toml.columns)
  end

  it("reads what decode reads", function()
    local text = "title = 'x'\n[a]\nb = [1, { c = 2 }]\n[[d]]\ne = 1979-05-27\n"
    assert.same(decoded(text), (toml.decode_placed(text)))
  end)

  it("tells the order of the keys, and where everything is", function()
    local value, places = toml.decode_placed([=[
[z]
k = 1
"q r" = [
  "one",
  { x = 1 },
]
[a.b.c]
y.d = true
[z.sub]
[[list]]
n = 1
[[list]]
n = 2
]=])
    local function keys(of)
      local result = {}
      for i, key in ipairs(places[of]) do result[i] = key .. " " .. at(places[of][key]) end
      return table.concat(result, ", ")
    end
    assert.equal("z 1:2, a 7:2, list 10:3", keys(value))
    assert.equal("k 2:1, q r 3:1, sub 9:4", keys(value.z))
    assert.equal("b 7:4", keys(value.a))
    assert.equal("y 8:1", keys(value.a.b.c))
    assert.equal("d 8:3", keys(value.a.b.c.y))
    assert.equal("4:3", at(places[value.z["q r"]][1]))
    assert.equal("5:3", at(places[value.z["q r"]][2]))
    assert.equal("x 5:5", keys(value.z["q r"][2]))
    assert.equal("10:1", at(places[value.list][1]))
    assert.equal("12:1", at(places[value.list][2]))
    assert.equal("", keys(value.z.sub))
  end)

  it("reads inline tables over several lines, which TOML 1.0 does not have", function()
    local text = "a = {\n  b = 1, # one\n  c = { d = [\n2] },\n}\n"
    local value, places = toml.decode_placed(text)
    assert.same({ a = { b = 1, c = { d = { 2 } } } }, value)
    assert.equal("3:3", at(places[value.a].c))
    refused(text)
    refused('a = "\\x41"')
    assert.same({ a = "A" }, (toml.decode_placed('a = "\\x41"')))
  end)

  it("has the bounds of decode", function()
    for _, text in ipairs({ "a = " .. ("["):rep(10000), "a = " .. ("{ b =\n"):rep(10000),
      ("a."):rep(64) .. "a = 1", "[a]\n[a]", "a = \"\255\"", "a = 1 # \1", "\0" }) do
      local value, message, kind = toml.decode_placed(text)
      assert.is_nil(value)
      assert.matches("^line %d+, column %d+: ", message)
      assert.is_true(kind == "invalid" or kind == "limit")
    end
    local key = ("a."):rep(63) .. "a"
    assert.is_table((toml.decode_placed("x = " .. ("{\n" .. key .. " = "):rep(60) .. "1"
      .. (" }"):rep(60))))
    local value, places = toml.decode_placed("a = {" .. (" "):rep(2 ^ 20 + 5) .. "b = 1 }")
    assert.equal("1:1048575", at(places[value.a].b))
  end)
end)
