-- Unpacking DEFLATE: samples of each kind of block, made by zlib.
-- SPDX-License-Identifier: MIT
local inflate = require("ggen.perf.inflate").inflate

local function bytes(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

describe("inflate", function()
  it("reads stored blocks", function()
    assert.equal("hello", inflate(bytes("010500faff68656c6c6f")))
  end)

  it("reads fixed codes, and copies that overlap", function()
    assert.equal("", inflate(bytes("0300")))
    assert.equal(("ab"):rep(500), inflate(bytes("4b4c4a1c85a370140e730800")))
  end)

  it("reads blocks with codes of their own", function()
    local squares = {}
    for i = 0, 39 do squares[#squares + 1] = i * i .. "\n" end
    local packed = "15cd411100310c03b1ffa28953c76df813bb39025221cca2d0c3095e629e50156a211b65d186"
      .. "eea127f45b4e9b13e12a6ce167a697b9213de486dbcb7de6596c159bdf6da37a8b3441bfa9dea0f32ffebb69"
      .. "f101"
    assert.equal(table.concat(squares), inflate(bytes(packed)))
  end)

  it("reads the page", function()
    local page = inflate(require("ggen.perf.page"))
    assert.truthy(page:find("^<!doctype html>"))
    assert.truthy(page:find("</html>%s*$"))
  end)

  it("says so when the data is damaged", function()
    assert.has_error(function() inflate(bytes("4b4c")) end)
  end)
end)
