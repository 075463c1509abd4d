-- Keeps what took long to make, and lets the oldest go.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

---@type ggen.Plugin
return {
  name = "slow-only",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Keep results that took long to make; the oldest go first",
  params = {
    least = { type = "duration", default = "1s", desc = "What took less is not kept" },
    limit = { type = "size", default = "1GiB", desc = "Size of the cache" },
  },
  setup = function(params)
    return {
      limit = function() return params.limit end,
      admit = function(_, _, result)
        if result.duration >= params.least then return true end
        return false, "made again sooner than stored"
      end,
      victims = function(_, entries, budget)
        return ggen.evict.lowest(entries, budget, entries.created, "age")
      end,
    }
  end,
}
