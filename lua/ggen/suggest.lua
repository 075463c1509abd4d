-- "Did you mean": the nearest names to one that is unknown.
-- SPDX-License-Identifier: MIT
local M = {}

---Edit distance with insertions, deletions, replacements and swaps of neighbours (optimal string
---alignment), given up early above `limit`.
---@param a string
---@param b string
---@param limit integer
---@return integer distance limit + 1 when it is larger than the limit
function M.distance(a, b, limit)
  if math.abs(#a - #b) > limit then return limit + 1 end
  local before, previous = nil, {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    local row, best = { [0] = i }, i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local cost = math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same and 0 or 1))
      if before and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        cost = math.min(cost, before[j - 2] + 1)
      end
      row[j] = cost
      if cost < best then best = cost end
    end
    if best > limit then return limit + 1 end
    before, previous = previous, row
  end
  return previous[#b]
end

---@param word string
---@param names string[] or a map whose keys are the names
---@param most integer? how many to return (default 3)
---@return string[] names nearest first
function M.nearest(word, names, most)
  local limit = math.max(1, math.floor(#word / 3))
  local lower, found, seen = word:lower(), {}, {}
  for key, value in pairs(names) do
    local name = type(key) == "number" and value or key
    if type(name) == "string" and not seen[name] then
      seen[name] = true
      local distance = M.distance(lower, name:lower(), limit)
      -- A name that goes on where the word ends is near, too ("test" and "test:unit").
      if distance > limit and #word >= 3 and name:find(word, 1, true) then distance = limit end
      if distance <= limit then found[#found + 1] = { name = name, distance = distance } end
    end
  end
  table.sort(found, function(a, b)
    if a.distance ~= b.distance then return a.distance < b.distance end
    return a.name < b.name
  end)
  local result = {}
  for i = 1, math.min(most or 3, #found) do result[i] = found[i].name end
  return result
end

---@param word string
---@param names string[]|table<string, any>
---@return string text ` (did you mean "x"?)`, or an empty string
function M.hint(word, names)
  local near = M.nearest(word, names, 3)
  if #near == 0 then return "" end
  for i, name in ipairs(near) do near[i] = '"' .. name .. '"' end
  if #near == 1 then return (" (did you mean %s?)"):format(near[1]) end
  return (" (did you mean %s or %s?)"):format(table.concat(near, ", ", 1, #near - 1), near[#near])
end

return M
