-- A plain bound on the size: the oldest results go first, however often they are used. Starts at
-- 85 % of the limit, as all policies do (ggen.evict).
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "size",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Bound the size: the oldest results go first",
  params = {
    limit = { type = "size", default = "1GiB", desc = "Bytes that the cache may take" },
  },
  setup = function(params)
    return {
      limit = function() return params.limit end,

      victims = function(_, entries, budget)
        return ggen.evict.lowest(entries, budget, entries.created, "size")
      end,
    }
  end,
}
