-- SPDX-License-Identifier: MIT
local engines = require("engine")
local frames = require("ggen.std.docker.frames")

local frame = engines.frame

-- Feeds pieces; what came out, neighbours of one stream joined: "out:ab err:c".
local function fed(pieces)
  local split, out = frames.new(), {}
  for _, piece in ipairs(pieces) do
    local good, message = split:feed(piece, function(stream, bytes)
      local last = out[#out]
      if last and last[1] == stream then
        last[2] = last[2] .. bytes
      else
        out[#out + 1] = { stream, bytes }
      end
    end)
    if not good then return nil, message, split:complete() end
  end
  for i, pair in ipairs(out) do out[i] = pair[1] .. ":" .. pair[2] end
  return table.concat(out, " "), nil, split:complete()
end

describe("the frames of an engine's stream", function()
  it("are taken apart wherever they were cut", function()
    local whole = frame(1, "hello") .. frame(2, "") .. frame(2, "oops\0\n") .. frame(1, "x")
      .. frame(0, "typed") .. frame(3, "engine")
    local expected = "out:hello err:oops\0\n out:xtyped err:engine"
    assert.same({ expected, nil, true }, { fed({ whole }) })
    for at = 0, #whole do
      assert.equal(expected, (fed({ whole:sub(1, at), whole:sub(at + 1) })))
    end
    local single = {}
    for i = 1, #whole do single[i] = whole:sub(i, i) end
    assert.equal(expected, (fed(single)))
    math.randomseed(7)
    for _ = 1, 300 do
      local pieces, at = {}, 1
      while at <= #whole do
        local size = math.random(0, 12)
        pieces[#pieces + 1] = whole:sub(at, at + size - 1)
        at = at + size
      end
      assert.equal(expected, (fed(pieces)))
    end
  end)

  it("are handed over in part, whatever length they claim", function()
    local split, got, calls = frames.new(), 0, 0
    local function count(_, bytes) got, calls = got + #bytes, calls + 1 end
    assert.is_true(split:feed(frame(1, "", 4294967295), count))
    local chunk = ("x"):rep(65536)
    for _ = 1, 100 do assert.is_true(split:feed(chunk, count)) end
    assert.same({ 6553600, 100, false }, { got, calls, split:complete() })
    -- Each byte of the length has its weight.
    local large = 16777216 + 258
    assert.same({ "out:" .. ("a"):rep(large) .. " err:b", nil, true },
      { fed({ frame(1, ("a"):rep(large)) .. frame(2, "b") }) })
    assert.same({ "out:" .. ("a"):rep(66051) .. " err:b", nil, true },
      { fed({ frame(1, ("a"):rep(66051)) .. frame(2, "b") }) })
  end)

  it("are refused when they are none", function()
    for _, head in ipairs({ "\4\0\0\0\0\0\0\1x", "\1\0\0\1\0\0\0\1x", "\1\1\0\0\0\0\0\1x",
      "HTTP/1.1 200", "\255\255\255\255\255\255\255\255" }) do
      local out, message = fed({ head })
      assert.is_nil(out)
      assert.matches("^a piece of the stream begins with %x+, and that is no head of one$", message)
    end
  end)

  it("end at the end of one, not within", function()
    assert.is_true((select(3, fed({}))))
    assert.is_false((select(3, fed({ "\1\0\0" }))))
    assert.is_false((select(3, fed({ frame(1, "abc", 4) }))))
  end)
end)
