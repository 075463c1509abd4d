-- What `plugin new cache NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- Which stored results are served, which are kept, and which go when the cache is full.
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "cache",
  version = "@VERSION@",
  api = "^1",
  desc = "Keep what took long to make, and serve it while it is young",
  params = {
    limit = { type = "size", default = "5GiB", desc = "Bytes that the cache may take." },
    age = { type = "duration", default = "7d", desc = "A result that is older is made anew." },
    quick = { type = "duration", default = "50ms",
      desc = "What is made faster than this is not worth keeping." },
  },
  setup = function(params)
    return {
      limit = function() return params.limit end,

      ---Whether a stored result is served. A number says for how many seconds the answer holds.
      lookup = function(_, _, entry)
        if entry.age <= params.age then return true, params.age - entry.age end
        return false, ("older than %s"):format(ggen.units.format_duration(params.age))
      end,

      ---Whether a new result is kept.
      admit = function(_, _, result)
        if result.duration >= params.quick then return true end
        return false, ("made in less than %s"):format(ggen.units.format_duration(params.quick))
      end,

      ---What goes, to make room for `budget` bytes: what saves the least time for its size. Pure:
      ---the same entries give the same answer.
      victims = function(_, entries, budget)
        local worth = {}
        for i = 1, entries.count do
          worth[i] = entries.duration[i] * (entries.hits[i] + 1) / math.max(entries.bytes[i], 1)
        end
        return ggen.evict.lowest(entries, budget, worth, "cost")
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.cache.@NAME@")

describe("cache.@NAME@", function()
  local cache = plugin.setup({ limit = 1000, age = 60, quick = 0.05 }, {})

  it("serves what is young, and says until when", function()
    assert.same({ true, 20 }, { cache:lookup({}, { age = 40 }) })
    assert.is_false((cache:lookup({}, { age = 61 })))
  end)

  it("does not keep what was made at once", function()
    assert.is_true((cache:admit({}, { duration = 0.05, bytes = 1 })))
    assert.is_false((cache:admit({}, { duration = 0.01, bytes = 1 })))
  end)

  it("lets go of what saves the least time for its size", function()
    local entries = { count = 3, now = 0, bytes = { 100, 100, 100 }, duration = { 3, 1, 2 },
      hits = { 0, 9, 0 } }
    assert.same({ 3 }, (cache:victims(entries, 50)))
    assert.same({ 3, 1 }, (cache:victims(entries, 150)))
    assert.same({}, (cache:victims(entries, 0)))
  end)
end)
]==],
  use = [==[p:use "cache.@NAME@" { limit = "1GiB", age = "24h" }]==],
  example = [==[
p:use "cache.@NAME@" { age = "24h", quick = "400ms" }

p:task "slow" { run = "sleep 0.5 && date > slow.txt", outputs = { "slow.txt" } }
p:task "quick" { run = "date > quick.txt", outputs = { "quick.txt" } }
]==],
  example_spec = [==[
  it("keeps what took long", function()
    ggen_lua("run", "--force")
    os.remove("example/slow.txt")
    os.remove("example/quick.txt")
    local output = ggen_lua("run")
    assert.truthy(output:find("slow  restored", 1, true), output)
    assert.falsy(output:find("quick  restored", 1, true), output)
  end)
]==],
}
