-- ggen.core.sandbox: values as bytes for another process, and bytes that are none.
-- SPDX-License-Identifier: MIT
local sandbox = require("ggen.core.sandbox")

local function round(...) return sandbox.decode(sandbox.encode(...)) end

-- Bytes of a message of one value.
local function one(bytes) return "\1" .. bytes end

local NIL, FALSE, INTEGER, NUMBER, TEXT, TABLE, MINE = "\0", "\1", "\3", "\4", "\5", "\6", "\7"

describe("ggen.core.sandbox", function()
  it("passes values as they are", function()
    local numbers = { 0, 1, -1, 63, 64, -64, -65, 1e9, -1e9, 2 ^ 31, -2 ^ 31, 2 ^ 53, 0.1, -1e300,
      math.huge, -math.huge }
    for _, number in ipairs(numbers) do assert.equal(number, (round(number))) end
    assert.equal(-math.huge, 1 / round(-0))
    local nan = round(0 / 0)
    assert.is_true(nan ~= nan)
    for _, text in ipairs({ "", "a", ("x"):rep(127), ("x"):rep(128), ("\0\255"):rep(1e5) }) do
      assert.equal(text, (round(text)))
    end
    assert.same({ 1, "x", n = { true, false }, [2.5] = -3, [false] = 1, [10] = 10 },
      (round({ 1, "x", n = { true, false }, [2.5] = -3, [false] = 1, [10] = 10 })))
    local json = require("ggen.core.json")
    assert.equal('{"a":[],"b":{},"c":null}', json.encode((round({ a = json.array({}), b = {},
      c = json.null }))))
    assert.equal(5, select("#", round(nil, 1, nil, false, nil)))
    assert.equal(0, select("#", round()))
  end)

  it("refuses what cannot be passed", function()
    local function refused(value, message)
      local ok, problem = pcall(sandbox.encode, value)
      assert.is_false(ok)
      assert.matches(message, problem)
    end
    refused(print, "only texts, numbers, booleans and tables")
    refused({ a = { coroutine.create(print) } }, "only texts, numbers")
    local circle = {}
    circle.circle = circle
    refused(circle, "nested too deeply")
    assert.is_true(pcall(sandbox.encode, { [{}] = 1, [print] = 2 }))
    assert.same({}, (round({ [{}] = 1, [print] = 2 })))
    assert.matches("too many values", select(2, pcall(function()
      local list = {}
      for i = 1, 201 do list[i] = i end
      sandbox.encode(unpack(list))
    end)))
  end)

  local HOSTILE = {
    ["nothing"] = "",
    ["a count without values"] = "\5",
    ["a count that is too high"] = "\255\255\255\255\15",
    ["a count without an end"] = ("\255"):rep(20),
    ["something behind the end"] = one(NIL) .. "x",
    ["an unknown kind"] = one("\11"),
    ["a cut number"] = one(NUMBER .. "1234567"),
    ["a cut integer"] = one(INTEGER .. "\128"),
    ["a text longer than all"] = one(TEXT .. "\255\255\255\255\7abc"),
    ["a table longer than all"] = one(TABLE .. "\255\255\255\255\7" .. NIL),
    ["a table without an end"] = one(TABLE .. "\0"),
    ["a key without a value"] = one(TABLE .. "\0" .. FALSE),
    ["a key that is not a number"] = one(TABLE .. "\0" .. NUMBER .. "\0\0\0\0\0\0\248\127" .. FALSE
      .. NIL),
    ["a table as a key"] = one(TABLE .. "\0" .. TABLE .. "\0" .. NIL .. FALSE .. NIL),
    ["tables in tables"] = one((TABLE .. "\1"):rep(100)),
    ["many tables"] = one(TABLE .. "\255\255\127" .. (TABLE .. "\0\0"):rep(2097151) .. NIL),
    ["a reference"] = one(MINE .. INTEGER .. "\2" .. TEXT .. "\1x" .. NIL),
  }
  for name, bytes in pairs(HOSTILE) do
    it("refuses " .. name, function()
      local value, message = sandbox.decode(bytes)
      assert.is_nil(value)
      assert.is_string(message)
    end)
  end

  it("refuses or takes any bytes", function()
    math.randomseed(7)
    local random = math.random
    local good = sandbox.encode({ 1, "text", { a = { b = 2.5, c = true } }, -70000 }, "x", nil, 7)
    for _ = 1, 20000 do
      local bytes = good
      if random() < 0.3 then
        local parts = {}
        for i = 1, random(0, 40) do parts[i] = string.char(random(0, 9)) end
        bytes = table.concat(parts)
      else
        for _ = 1, random(3) do
          local at = random(#bytes)
          bytes = bytes:sub(1, at - 1) .. string.char(random(0, 255)) .. bytes:sub(at + 1)
        end
        if random() < 0.2 then bytes = bytes:sub(1, random(#bytes)) end
      end
      -- What was taken can be passed on.
      local count = select("#", sandbox.decode(bytes))
      if count > 0 and count < 200 then
        assert.is_string(sandbox.encode(sandbox.decode(bytes)))
      end
    end
  end)
end)
