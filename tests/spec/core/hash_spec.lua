-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local hash = require("ggen.core.hash")

describe("ggen.core.hash", function()
  it("counts what was hashed, of bytes, files and trees", function()
    local dir = assert(fs.make_temp_dir("ggen-spec-"))
    assert(fs.write(dir .. "/a", "12345"))
    assert(fs.write(dir .. "/b", "123"))
    local before = hash.stats()
    local function since()
      local now = hash.stats()
      return { now.lookups - before.lookups, now.files_hashed - before.files_hashed,
        now.bytes_hashed - before.bytes_hashed }
    end
    hash.bytes("1234567")
    assert.same({ 1, 0, 7 }, since())
    assert.equal(hash.bytes("12345"), hash.file(dir .. "/a"))
    assert.same({ 3, 1, 17 }, since())
    hash.tree(dir)
    assert.same({ 5, 3, 25 }, since())
    assert.is_nil((hash.file(dir .. "/none")))
    assert.same({ 5, 3, 25 }, since())
    assert(fs.remove(dir, { recursive = true }))
  end)
end)
