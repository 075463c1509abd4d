-- What the cache did in a run, in numbers, for --cache-stats. The cache itself counts (cache.lua).
-- SPDX-License-Identifier: MIT
local M = {}

---What the cache did in this run, as far as it has come.
---@param cache ggen.Cache
---@param totals ggen.Totals
---@return ggen.CacheTotals
function M.stats(cache, totals)
  local counts = cache.counts
  return { hits = totals.fresh + totals.restored, misses = counts.misses, stored = counts.stored,
    restored_bytes = counts.restored_bytes, stored_bytes = counts.stored_bytes }
end

return M
