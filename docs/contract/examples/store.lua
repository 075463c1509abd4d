-- Keeps the results of one run. The files of results stay in the cache of this machine: it says
-- that it has them all, and hands none out.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "notebook",
  kind = "store",
  version = "1.0.0",
  api = 1,
  desc = "Results of this run, in memory",
  setup = function()
    local results, hits, misses = {}, 0, 0
    return {
      get = function(_, key)
        local bytes = results[key]
        if bytes then hits = hits + 1 else misses = misses + 1 end
        return bytes
      end,
      put = function(_, key, bytes)
        results[key] = bytes
        return true
      end,
      has = function(_, digests)
        local there = {}
        for _, digest in ipairs(digests) do there[digest] = true end
        return there
      end,
      blob_get = function() return nil end,
      blob_put = function() return true end,
      stats = function() return { hits = hits, misses = misses } end,
    }
  end,
}
