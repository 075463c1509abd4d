-- Lets go what has not been asked for the longest.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "lru",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Keep what was used last: the least recently used results go first",
  params = {
    limit = { type = "size", default = "5GiB", desc = "Bytes that the cache may take" },
  },
  setup = function(params)
    return {
      limit = function() return params.limit end,

      victims = function(_, entries, budget)
        return ggen.evict.lowest(entries, budget, entries.last_access, "size")
      end,
    }
  end,
}
