-- What batches of changes are together.
-- SPDX-License-Identifier: MIT
local batches = require("ggen.watch.batches")

describe("batches of changes", function()
  -- Each batch as "path kind, path kind".
  local function merged(...)
    local list, time = {}, 0
    for i, text in ipairs({ ... }) do
      list[i] = {}
      for path, kind in text:gmatch("(%w+) (%a+)") do
        time = time + 1
        list[i][#list[i] + 1] = { path = path, kind = kind, time = time }
      end
    end
    local texts = {}
    for i, event in ipairs(batches.merged(list)) do
      texts[i] = ("%s %s %d"):format(event.path, event.kind, event.time)
    end
    return table.concat(texts, ", "), batches.newest(list)
  end

  it("have each file once, with the last time", function()
    assert.equal("a changed 3, b changed 2", (merged("a changed, b changed", "a changed")))
  end)

  it("are what came to pass in all", function()
    assert.equal("a created 2", (merged("a created", "a changed")))
    assert.equal("", (merged("a created", "a removed")))
    assert.equal("a changed 2", (merged("a removed", "a created")))
    assert.equal("a removed 2", (merged("a changed", "a removed")))
    assert.equal("a created 3", (merged("a created", "a removed", "a created")))
    assert.equal("a removed 3", (merged("a removed", "a created", "a removed")))
  end)

  it("know their newest change", function()
    assert.equal(2, select(2, merged("a changed, b changed")))
    assert.equal(0, select(2, merged()))
  end)
end)
