-- The rank test of Mann, Whitney and Wilcoxon: do two sets of values come from the same source?
-- Exact for few values, with and without ties; of many by the normal distribution. Pure.
-- SPDX-License-Identifier: MIT
local robust = require("ggen.perf.robust")

local M = {}

---The chance of a standard normal variable beyond |z|, on both sides; within 1.2e-7 of its value.
---@param z number
---@return number
function M.normal_tails(z)
  local x = math.abs(z) / math.sqrt(2)
  local t = 1 / (1 + 0.5 * x)
  return t * math.exp(-x * x - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418
    + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587
    + t * (-0.82215223 + t * 0.17087277)))))))))
end

---The |z| that normal_tails gives this chance for.
---@param p number above 0, at most 1
---@return number
function M.normal_quantile(p)
  local low, high = 0, 40
  for _ = 1, 50 do
    local middle = (low + high) / 2
    if M.normal_tails(middle) > p then low = middle else high = middle end
  end
  return (low + high) / 2
end

---Twice the ranks: equal values share the mean of theirs, and twice that is a whole number.
---@param values number[]
---@return integer[] doubled
---@return number ties sum of t^3 - t over the groups of t equal values
function M.doubled_ranks(values)
  local n, order, doubled, ties, i = #values, {}, {}, 0, 1
  for k = 1, n do
    local value, j = values[k], k - 1
    while j > 0 and values[order[j]] > value do
      order[j + 1] = order[j]
      j = j - 1
    end
    order[j + 1] = k
  end
  while i <= n do
    local j, value = i, values[order[i]]
    while j < n and values[order[j + 1]] == value do j = j + 1 end
    for k = i, j do doubled[order[k]] = i + j end
    local t = j - i + 1
    if t > 1 then ties = ties + t * t * t - t end
    i = j + 1
  end
  return doubled, ties
end

-- How many choices of `k` of the doubled ranks have each sum: counts[sum], from 0 up.
local function distribution(doubled, k)
  local n, most = #doubled, 0
  local sorted = robust.sorted(doubled)
  for i = n - k + 1, n do most = most + sorted[i] end
  local rows = {}
  for j = 0, k do
    local row = {}
    for sum = 0, most do row[sum] = 0 end
    rows[j] = row
  end
  rows[0][0] = 1
  for i = 1, n do
    local rank = sorted[i]
    for j = math.min(i, k), 1, -1 do
      local row, before = rows[j], rows[j - 1]
      for sum = most, rank, -1 do row[sum] = row[sum] + before[sum - rank] end
    end
  end
  return rows[k], most
end

local MOST_STEPS = 1.5e6 -- of the exact distribution
local remembered = {} -- without ties it depends on two numbers alone

local function known_distribution(doubled, k, tied)
  if tied then return distribution(doubled, k) end
  local key = #doubled * 65536 + k
  local found = remembered[key]
  if not found then
    local counts, most = distribution(doubled, k)
    found = { counts = counts, most = most }
    remembered[key] = found
  end
  return found.counts, found.most
end

---Whether the exact chance is affordable.
---@param n integer values in all
---@param k integer of the smaller set
---@return boolean
function M.may_be_exact(n, k) return n * k * (2 * k * n) <= MOST_STEPS end

---The chance that `k` of the ranks, drawn at random, have a sum as far from the middle as this
---one, or farther.
---@param doubled integer[] all ranks, twice
---@param k integer at most half of them
---@param sum integer of the doubled ranks of the k
---@param tied boolean
---@return number p
function M.exact(doubled, k, sum, tied)
  local counts, most = known_distribution(doubled, k, tied)
  local n = #doubled
  local center = k * (n + 1)
  local distance = math.abs(sum - center)
  local all, beyond = 0, 0
  for s = 0, most do
    local count = counts[s]
    all = all + count
    if math.abs(s - center) >= distance then beyond = beyond + count end
  end
  return math.min(1, beyond / all)
end

---@param n integer values in all
---@param k integer
---@param sum integer of the doubled ranks of the k
---@param ties number of doubled_ranks
---@param correction number? for continuity, in ranks
---@return number z how many standard deviations the sum is above the middle
function M.z(n, k, sum, ties, correction)
  local variance = k * (n - k) / 12 * (n + 1 - ties / (n * (n - 1)))
  if variance <= 0 then return 0 end
  local distance = (sum - k * (n + 1)) / 2
  local shrunk = math.max(0, math.abs(distance) - (correction or 0))
  return (distance < 0 and -shrunk or shrunk) / math.sqrt(variance)
end

---@class ggen.perf.RankTest
---@field u number how many pairs have the greater value in `second`, equal ones as a half
---@field p number two-sided
---@field method "exact"|"normal"

---@param first number[] at least one
---@param second number[] at least one
---@return ggen.perf.RankTest
function M.test(first, second)
  local values, m, n = {}, #first, #first + #second
  for i = 1, m do values[i] = first[i] end
  for i = 1, #second do values[m + i] = second[i] end
  local doubled, ties = M.doubled_ranks(values)
  local sums = { 0, 0 }
  for i = 1, n do
    local side = i <= m and 1 or 2
    sums[side] = sums[side] + doubled[i]
  end
  local side = m <= #second and 1 or 2
  local k = math.min(m, #second)
  local result = { u = sums[2] / 2 - #second * (#second + 1) / 2 }
  if M.may_be_exact(n, k) then
    result.p, result.method = M.exact(doubled, k, sums[side], ties > 0), "exact"
  else
    result.p, result.method = M.normal_tails(M.z(n, k, sums[side], ties, 0.5)), "normal"
  end
  return result
end

return M
