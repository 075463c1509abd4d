-- SPDX-License-Identifier: MIT
local json = require("ggen.core.json")

local function decoded(text)
  local value, message = json.decode(text)
  assert.is_nil(message)
  return value
end

local function refused(text, kind)
  local value, message, got = json.decode(text)
  assert.is_nil(value)
  assert.equal(kind or "invalid", got)
  return message
end

local function cannot_encode(value, style)
  local text, message, kind = json.encode(value, style)
  assert.is_nil(text)
  assert.equal("invalid", kind)
  return message
end

describe("json.decode", function()
  it("reads every kind of value", function()
    assert.same({ a = { 1, -2.5, true, false, "x" }, b = {} }, decoded(
      ' { "a" : [1, -2.5e0, true, false, "x"], "b" : { } } '))
    assert.equal("top", decoded('"top"'))
    assert.equal(7, decoded("7"))
    assert.equal(json.null, decoded("null"))
    assert.equal(json.null, decoded("[null]")[1])
    assert.equal(9007199254740992, decoded("9007199254740992"))
    assert.equal(18446744073709551615, decoded("18446744073709551615"))
    assert.equal(1e300, decoded("1e300"))
  end)

  it("reads escapes, NUL bytes and characters beyond 16 bits", function()
    assert.equal('a"\\/\b\f\n\r\t', decoded([["a\"\\\/\b\f\n\r\t"]]))
    assert.equal("a\0b", decoded([["a\u0000b"]]))
    assert.equal("\240\159\152\128", decoded([["\ud83d\ude00"]]))
  end)

  it("takes the last of two equal keys", function()
    assert.same({ a = 2 }, decoded('{"a":1,"a":2}'))
  end)

  it("says where the text is broken, and why", function()
    assert.equal("line 2, column 6: syntax error while parsing value - invalid literal",
      refused('[1,\n  tru]'))
    assert.equal("line 2, column 1: a NUL byte", refused("[1]\n\0"))
    assert.equal("line 1, column 1: syntax error while parsing value - unexpected end of input; "
      .. "expected '[', '{', or a literal", refused(""))
    assert.matches("^line 3, column 1: ", refused('{\n"a": 1\n'))
    assert.matches("^line 1, column 4: .*expected end of input", refused("[] x"))
  end)

  it("refuses every truncation of a text", function()
    local text = '{"a":[1,2.5,{"b":"x\\u00e9\\n"},null,true],"c":"\195\169"}'
    assert.is_table(decoded(text))
    for length = 0, #text - 1 do refused(text:sub(1, length)) end
  end)

  it("refuses what JSON does not have", function()
    for _, text in ipairs({ "[1,]", "{,}", "{a:1}", "'a'", "01", "1.", ".5", "+1", "NaN",
      "Infinity",
      "-", "[1 2]", "// x\n1", '"\t"', '"\\x"', '"\\ud800"', "\0", "1\0", "nul", '{"a"}', "1e999",
      '"a\0b"', "]", "{]" }) do
      refused(text)
    end
  end)

  it("refuses bytes that are not UTF-8", function()
    for _, bytes in ipairs({ "\255", "\192\128", "\237\160\128", "\244\144\128\128", "\195",
      "\128" }) do
      refused('"' .. bytes .. '"')
      refused(bytes)
    end
  end)

  it("bounds how deep values are inside each other", function()
    assert.is_table(decoded(("["):rep(512) .. ("]"):rep(512)))
    assert.equal("more than 512 values inside each other",
      refused(("["):rep(513) .. ("]"):rep(513), "limit"))
    refused(("["):rep(10000), "limit")
    refused(('{"a":'):rep(10000), "limit")
  end)

  it("takes long texts, and its messages stay short", function()
    local long = ("x"):rep(1024 * 1024)
    assert.equal(long, decoded('"' .. long .. '"'))
    assert.is_true(#refused('"' .. long) < 300)
    assert.is_true(#refused(long) < 300)
    assert.is_true(#refused("[" .. ("1"):rep(1024 * 1024) .. "x") < 300)
    local many = decoded("[" .. ("0,"):rep(100000) .. "0]")
    assert.equal(100001, #many)
  end)

  it("raises for what is no text", function()
    assert.error_matches(function() json.decode({}) end, "string expected, got table")
  end)
end)

describe("json.encode", function()
  it("sorts keys and writes integers as such", function()
    assert.equal('{"a":1,"b":[1,2.5,-3],"c":{"d":true}}',
      json.encode({ c = { d = true }, b = { 1, 2.5, -3 }, a = 1 }))
    assert.equal("[0,9007199254740992,1e+300,0.1]", json.encode({ -0.0, 2 ^ 53, 1e300, 0.1 }))
    assert.equal('{"":1,"A":2,"a":3,"é":4}', json.encode({ a = 3, A = 2, [""] = 1, ["é"] = 4 }))
  end)

  it("lays out with indent", function()
    assert.equal('{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}',
      json.encode({ a = { 1, {} }, b = json.array() }, { indent = 2 }))
    assert.equal("[1]", json.encode({ 1 }, { indent = 0 }))
  end)

  it("tells arrays from objects", function()
    assert.equal("[]", json.encode(json.array()))
    assert.equal("{}", json.encode({}))
    assert.equal('{"a":[],"b":{}}', json.encode(decoded('{"b":{},"a":[]}')))
    local emptied = decoded("[1]")
    emptied[1] = nil
    assert.equal("[]", json.encode(emptied))
  end)

  it("writes every byte of a text so that it is read back", function()
    local bytes = {}
    for byte = 0, 127 do bytes[#bytes + 1] = string.char(byte) end
    local text = table.concat(bytes) .. "é\226\128\168\240\159\152\128"
    assert.equal(text, decoded(json.encode(text)))
    assert.equal([["\u0000\u001f\u007f\n\"\\/"]], json.encode('\0\31\127\n"\\/'))
  end)

  it("gives equal texts for what it read back, for random values", function()
    math.randomseed(20260203)
    local function value(depth)
      local kind = math.random(depth > 4 and 4 or 6)
      if kind == 1 then return math.random() < 0.5 end
      if kind == 2 then return (math.random() - 0.5) * 10 ^ math.random(-300, 300) end
      if kind == 3 then return math.random(-1e9, 1e9) end
      if kind == 4 then
        local chars = {}
        for i = 1, math.random(0, 8) do chars[i] = string.char(math.random(0, 127)) end
        return table.concat(chars)
      end
      local result = kind == 5 and json.array() or {}
      for i = 1, math.random(0, 4) do
        result[kind == 5 and i or "k" .. math.random(100)] = value(depth + 1)
      end
      return result
    end
    for _ = 1, 500 do
      local original = value(0)
      local text = assert(json.encode(original))
      local back = decoded(text)
      assert.same(original, back)
      assert.equal(text, json.encode(back))
      assert.equal(text, json.encode(decoded(json.encode(original, { indent = 3 }))))
    end
  end)

  it("says where the value is that JSON does not have", function()
    assert.equal("a[2].b: JSON has no function", cannot_encode({ a = { 1, { b = print } } }))
    assert.equal("JSON has no NaN", cannot_encode(0 / 0))
    assert.equal("[1]: JSON has no infinity", cannot_encode({ -math.huge }))
    assert.equal('x["a b"].y: JSON has no userdata',
      cannot_encode({ x = { ["a b"] = { y = io.stdout } } }))
    assert.equal("t: JSON has no thread",
      cannot_encode({ a = 1, t = coroutine.create(function() end) }))
    assert.equal('list: the table is an array and has the key "n" as well',
      cannot_encode({ list = { 1, n = 1 } }))
    assert.equal("a: the array has holes", cannot_encode({ a = { 1, 2, nil, 4 } }))
    assert.equal("the table has a number as a key, but is no array from 1 up",
      cannot_encode({ [5] = 1 }))
    assert.equal("the table has a boolean as a key", cannot_encode({ [true] = 1 }))
    assert.equal("the table is an array and has a number outside of 1 to its length as a key",
      cannot_encode({ 1, [2.5] = 1 }))
    assert.equal('the table is an array and has the key "x" as well',
      cannot_encode(json.array({ x = 1 })))
  end)

  it("refuses what contains itself, at any distance", function()
    local a = { name = "a" }
    a.self = a
    assert.equal("self: the table contains itself", cannot_encode(a))
    local b = { list = { {} } }
    b.list[1].up = b
    assert.equal("list[1].up: the table contains itself", cannot_encode(b))
    local shared = { 1 }
    assert.equal("[[1],[1]]", json.encode({ shared, shared }))
  end)

  it("bounds how deep values are inside each other", function()
    local function nested(depth)
      local value = json.array()
      for _ = 2, depth do value = { value } end
      return value
    end
    assert.equal(("["):rep(512) .. ("]"):rep(512), json.encode(nested(512)))
    for _, depth in ipairs({ 513, 10000 }) do
      assert.same({ nil, "more than 512 values inside each other", "limit" },
        { json.encode(nested(depth)) })
    end
  end)

  it("refuses bytes that are not UTF-8, or replaces them", function()
    assert.equal('a: the text is not UTF-8 (invalid_utf8 = "replace" writes U+FFFD)',
      cannot_encode({ a = "x\255" }))
    assert.matches("^b: a key is not UTF%-8", cannot_encode({ b = { a = 1, ["\128"] = 1 } }))
    assert.equal('"a\239\191\189\239\191\189b"',
      json.encode("a\237\160b", { invalid_utf8 = "replace" }))
    assert.equal('{"\239\191\189":1}', json.encode({ ["\200"] = 1 }, { invalid_utf8 = "replace" }))
  end)

  it("keeps its messages short, whatever the keys", function()
    local value = print
    for _ = 1, 100 do value = { [("k"):rep(1000)] = value } end
    assert.is_true(#cannot_encode(value) < 700)
  end)

  it("writes null, alone and in tables", function()
    assert.equal("null", json.encode(json.null))
    assert.equal("null", json.encode(nil))
    assert.equal('{"a":[null]}', json.encode({ a = { json.null } }))
    assert.equal("json.null", tostring(json.null))
  end)

  it("raises for a wrong style", function()
    assert.error_matches(function() json.encode(1, 2) end, "table expected")
    assert.error_matches(function() json.encode(1, { indent = "x" }) end,
      "indent: a number expected")
    assert.error_matches(function() json.encode(1, { indent = 17 }) end, "indent: 0 to 16 expected")
    assert.error_matches(function() json.encode(1, { invalid_utf8 = "no" }) end, "invalid_utf8: ")
    assert.error_matches(function() json.array(1) end, "table expected")
  end)
end)
