-- Keeps what would take the longest to make again for each byte that it occupies. Worth fades while
-- nobody asks for a result: of two that cost the same, the one that was used last stays.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "cost",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Keep what took longest per byte",
  params = {
    limit = { type = "size", default = "5GiB", desc = "Bytes that the cache may take" },
    half_life = { type = "duration", default = "14d",
      desc = "Time without a use after which a result is worth half" },
  },
  setup = function(params)
    local fade = math.log(2) / math.max(params.half_life, 1)
    return {
      limit = function() return params.limit end,

      victims = function(_, entries, budget)
        local score, now = {}, entries.now
        for i = 1, entries.count do
          -- The logarithm of seconds per byte, so that the fading is a subtraction.
          score[i] = math.log((entries.duration[i] + 0.001) / (entries.bytes[i] + 1))
            - fade * (now - entries.last_access[i])
        end
        return ggen.evict.lowest(entries, budget, score, "cost")
      end,
    }
  end,
}
