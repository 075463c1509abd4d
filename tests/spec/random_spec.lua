-- SPDX-License-Identifier: MIT
local random = require("ggen.random")

describe("random", function()
  it("makes names of a length that nobody else has", function()
    local seen = {}
    for i = 1, 2000 do
      local name = random.hex(8)
      assert.matches("^%x+$", name)
      assert.equal(16, #name)
      assert.is_nil(seen[name])
      seen[name] = i
    end
    assert.equal(2000, #random.hex(1000))
    for _ = 1, 2000 do assert.not_equal("00", random.hex(1)) end
  end)
end)
