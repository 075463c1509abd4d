-- Results of this run, in memory: a store for pipelines that ask the same key again and again. The
-- blobs stay in the cache of this machine.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "memory",
  kind = "store",
  version = "1.0.0",
  api = 1,
  desc = "Results of this run, in memory",
  params = {
    max_size = { type = "size", default = "64MiB", desc = "What it may hold; the oldest go first" },
  },
  setup = function(params)
    local by_key, order, first, size = {}, {}, 1, 0
    local hits, misses = 0, 0

    return {
      get = function(_, key)
        local bytes = by_key[key]
        if bytes then hits = hits + 1 else misses = misses + 1 end
        return bytes
      end,
      put = function(_, key, bytes)
        if by_key[key] then size = size - #by_key[key] else order[#order + 1] = key end
        by_key[key], size = bytes, size + #bytes
        while size > params.max_size and first < #order do
          local oldest = order[first]
          size, by_key[oldest], order[first] = size - #by_key[oldest], nil, false
          first = first + 1
        end
      end,
      has = function(_, digests)
        local all = {}
        for _, digest in ipairs(digests) do all[digest] = true end
        return all
      end,
      blob_get = function() return nil end,
      blob_put = function() return true end,
      stats = function() return { hits = hits, misses = misses, bytes = size } end,
    }
  end,
}
