-- What the cache did in a run, in numbers: for --cache-stats and for the record of the run. The
-- cache itself counts (cache.lua), the engine counts what it read and hashed.
-- SPDX-License-Identifier: MIT
local M = {}

---@return table<string, number> counts of a cache that has done nothing
function M.none()
  return { misses = 0, stored = 0, stored_bytes = 0, restored_bytes = 0, output_files = 0,
    copied = 0 }
end

---What the cache did in this run, as far as it has come.
---@param cache ggen.Cache
---@param totals ggen.Totals
---@return ggen.CacheTotals
function M.stats(cache, totals)
  local counts = cache.counts
  return { hits = totals.fresh + totals.restored, misses = counts.misses, stored = counts.stored,
    restored_bytes = counts.restored_bytes, stored_bytes = counts.stored_bytes }
end

---Bytes that went through the cache and the index in this run.
---@param cache ggen.Cache
---@return { hashed: number, read: number, written: number, restored_bytes: number,
---output_bytes: number, output_files: number }
function M.bytes(cache)
  local counts, hashed = cache.counts, cache.files:stats().bytes_hashed
  return { hashed = hashed, read = hashed + counts.copied,
    written = counts.stored_bytes + counts.copied, restored_bytes = counts.restored_bytes,
    output_bytes = counts.restored_bytes + counts.stored_bytes, output_files = counts.output_files }
end

return M
