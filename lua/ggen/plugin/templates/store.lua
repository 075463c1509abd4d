-- What `plugin new store NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- Where results live beside the cache of this machine. This one keeps them in memory until the
-- run ends: put a server, a directory or a database in the place of the table.
--
-- The bytes of a result name the blobs (files) that belong to it by their digests. This store
-- leaves the blobs where they are, in the cache of this machine; one for other machines has to
-- take them in blob_put and give them in blob_get.

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "store",
  version = "@VERSION@",
  api = "^1",
  desc = "Keep results in memory until the run ends",
  params = {
    most = { type = "integer", min = 1, default = 1000,
      desc = "So many results are kept; the oldest go first." },
  },
  setup = function(params)
    local results, keys, first = {}, {}, 1
    local hits, misses = 0, 0

    return {
      ---The bytes of a result, or nil. `nil, message` says that the store could not be asked.
      get = function(_, key)
        local bytes = results[key]
        if bytes then hits = hits + 1 else misses = misses + 1 end
        return bytes
      end,

      put = function(_, key, bytes)
        if not results[key] then keys[#keys + 1] = key end
        results[key] = bytes
        while #keys - first + 1 > params.most do
          results[keys[first]] = nil
          keys[first] = false
          first = first + 1
        end
        return true
      end,

      ---Which blobs need not be brought.
      has = function(_, digests)
        local there = {}
        for _, digest in ipairs(digests) do there[digest] = true end
        return there
      end,

      blob_get = function() return nil end,
      blob_put = function() return true end,
      stats = function() return { hits = hits, misses = misses, kept = #keys - first + 1 } end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.store.@NAME@")

describe("store.@NAME@", function()
  it("gives back what was put", function()
    local store = plugin.setup({ most = 10 }, {})
    assert.is_nil(store:get("key"))
    store:put("key", "bytes")
    assert.equal("bytes", store:get("key"))
    assert.same({ hits = 1, misses = 1, kept = 1 }, store:stats())
  end)

  it("lets the oldest go", function()
    local store = plugin.setup({ most = 2 }, {})
    for _, key in ipairs({ "a", "b", "a", "c" }) do store:put(key, key) end
    assert.is_nil(store:get("a"))
    assert.equal("b", store:get("b"))
    assert.equal("c", store:get("c"))
  end)
end)
]==],
  use = [==[p:use "store.@NAME@" { most = 100 }]==],
  example = [==[
p:use "store.@NAME@" { most = 100 }
p:use "store.disk"

p:task "hello" { run = "echo hello > hello.txt", outputs = { "hello.txt" } }
]==],
  example_spec = [==[
  it("works beside the cache of this machine", function()
    ggen_lua("run", "--force")
    os.remove("example/hello.txt")
    local output = ggen_lua("run")
    assert.truthy(output:find("hello  restored", 1, true), output)
  end)
]==],
}
