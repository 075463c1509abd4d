-- Where a series of values changed: the split with the greatest rank statistic, again within the
-- parts (binary segmentation), with a chance that counts all the splits that were looked at and
-- needs no permutations. Pure; values are in the order in which they were measured.
-- SPDX-License-Identifier: MIT
local rank = require("ggen.perf.rank")

local M = {}

M.HEAD, M.TAIL = 5, 3 -- so many values stand before and after a change at least
M.LEVEL = 0.01 -- a split with a smaller chance divides the series

---@class ggen.perf.Split
---@field at integer position of the first value after it
---@field p number at most this chance when nothing changed
---@field z number of the split: above 0 when the values grew

-- The parts values[from..to], as a list of their own.
local function part(values, from, to)
  local list = {}
  for i = from, to do list[i - from + 1] = values[i] end
  return list
end

---The chance that any of the splits after `head` to `last` of n values has a statistic as great as
---one with this chance: the bound of Lausen, Sauerbrei and Schumacher (1994), which counts what
---neighbouring splits have in common, or that of Bonferroni where this is the smaller one.
---@param p number
---@param n integer
---@param head integer
---@param last integer
---@return number
function M.any_split(p, n, head, last)
  local all = p * (last - head + 1)
  if all >= 0.5 then return math.min(1, all) end
  local b = rank.normal_quantile(math.max(p, 1e-300))
  local square = b * b
  local scale, bound = math.exp(-square / 2) / math.pi, p
  for first = head, last - 1 do
    local t = math.sqrt(1 - first * (n - first - 1) / ((n - first) * (first + 1)))
    bound = bound + math.max(0, scale * (t - (square / 4 - 1) * t * t * t / 6))
  end
  return math.min(all, bound)
end

---The split of values[from..to] that divides them best.
---@param values number[]
---@param from integer?
---@param to integer?
---@return ggen.perf.Split? split nil when there are too few values
function M.strongest(values, from, to)
  from, to = from or 1, to or #values
  local n = to - from + 1
  local splits = n - M.HEAD - M.TAIL + 1
  if splits < 1 then return nil end
  local doubled, ties = rank.doubled_ranks(part(values, from, to))
  local sum, best, best_head, best_sum = 0, 0, M.HEAD, 0
  for head = 1, n - M.TAIL do
    sum = sum + doubled[head]
    if head >= M.HEAD then
      -- Of the head: it is low when what follows is high.
      local z = -rank.z(n, head, sum, ties)
      if math.abs(z) > math.abs(best) or head == M.HEAD then
        best, best_head, best_sum = z, head, sum
      end
    end
  end
  local p = rank.normal_tails(best)
  local k, k_sum = best_head, best_sum
  if k > n - k then k, k_sum = n - k, n * (n + 1) - best_sum end
  if p * splits < 0.5 and rank.may_be_exact(n, k) then
    p = rank.exact(doubled, k, k_sum, ties > 0)
  end
  return { at = from + best_head, p = M.any_split(p, n, M.HEAD, n - M.TAIL), z = best }
end

-- Returns the chance of the strongest split.
local function divide(values, from, to, level, found)
  local split = M.strongest(values, from, to)
  if not split or split.p >= level then return split and split.p end
  divide(values, from, split.at - 1, level, found)
  found[#found + 1] = split
  divide(values, split.at, to, level, found)
  return split.p
end

---All changes, in their order.
---@param values number[]
---@param level number?
---@return ggen.perf.Split[]
---@return number? p of the strongest split of all, whether it is a change or not
function M.all(values, level)
  local found = {}
  local p = divide(values, 1, #values, level or M.LEVEL, found)
  return found, p
end

---All changes, each looked for again between the one before it and the one after it.
---@param values number[]
---@param level number?
---@return ggen.perf.Split[]
---@return number? p of the strongest split of all, for a series without a change
function M.refined(values, level)
  local found, p = M.all(values, level)
  if #found < 2 then return found, p end
  for i, split in ipairs(found) do
    local from = i > 1 and found[i - 1].at or 1
    local to = i < #found and found[i + 1].at - 1 or #values
    local again = M.strongest(values, from, to)
    if again and again.p <= split.p then found[i] = again end
  end
  return found, p
end

return M
