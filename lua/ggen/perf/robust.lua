-- Middle and spread that a few wild values do not move. Pure; knows nothing of runs.
-- The sources are on docs/perf-method.md.
-- SPDX-License-Identifier: MIT
local M = {}

---@param values number[]
---@return number[] sorted a copy
function M.sorted(values)
  local sorted = {}
  -- By insertion: table.sort is not compiled, and a series is short.
  if #values > 200 then
    for i = 1, #values do sorted[i] = values[i] end
    table.sort(sorted)
    return sorted
  end
  for i = 1, #values do
    local value, j = values[i], i - 1
    while j > 0 and sorted[j] > value do
      sorted[j + 1] = sorted[j]
      j = j - 1
    end
    sorted[j + 1] = value
  end
  return sorted
end

local function middle(sorted)
  local n = #sorted
  local half = math.floor(n / 2)
  if n % 2 == 1 then return sorted[half + 1] end
  return (sorted[half] + sorted[half + 1]) / 2
end

---@param values number[]
---@return number? median nil of nothing
function M.median(values)
  if #values == 0 then return nil end
  return middle(M.sorted(values))
end

-- What makes the median of absolute deviations agree with the standard deviation of a normal
-- distribution: in the limit, and of few values (Croux and Rousseeuw 1992).
local CONSISTENCY = 1.4826022185056018
local FEW = { 0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107 }

---The median of absolute deviations from the median, as an estimate of the standard deviation.
---@param values number[]
---@return number? spread nil of fewer than two values
---@return number? median
function M.spread(values)
  local n = #values
  if n == 0 then return nil end
  local median = M.median(values)
  if n == 1 then return nil, median end
  local deviations = {}
  for i = 1, n do deviations[i] = math.abs(values[i] - median) end
  return CONSISTENCY * (FEW[n] or n / (n - 0.8)) * M.median(deviations), median
end

---The spread as a share of the median: what a run differs from the next one without a cause.
---@param values number[]
---@return number? noise nil where it cannot be told
---@return number? median
function M.noise(values)
  local spread, median = M.spread(values)
  if not spread or median <= 0 then return nil, median end
  return spread / median, median
end

local OUTLIER = 3.5 -- of the modified z-score (Iglewicz and Hoaglin 1993)

---@param values number[]
---@return integer[] positions of the values that do not belong to the others
function M.outliers(values)
  local found = {}
  if #values < 5 then return found end
  local spread, median = M.spread(values)
  if spread == 0 then return found end
  for i = 1, #values do
    if math.abs(values[i] - median) / spread > OUTLIER then found[#found + 1] = i end
  end
  return found
end

return M
