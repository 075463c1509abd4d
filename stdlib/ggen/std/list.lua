-- Lists: tables with the keys 1 to n. Every function makes a new table and leaves its arguments as
-- they are. A wrong argument raises, as a table function of Lua does.
-- SPDX-License-Identifier: MIT

---@class ggen.std.list
local M = {}

---The results of `fn` for each element; where it returns nil there is no element.
---   > list.map({ "a", "b" }, function(name, i) return i .. name .. ".o" end)
---   < { "1a.o", "2b.o" }
---@generic T, R
---@param elements T[]
---@param fn fun(element: T, index: integer): R?
---@return R[]
function M.map(elements, fn)
  local result = {}
  for i = 1, #elements do
    local value = fn(elements[i], i)
    if value ~= nil then result[#result + 1] = value end
  end
  return result
end

---The elements for which `fn` says yes.
---   > list.filter({ 1, 2, 3, 4 }, function(n) return n % 2 == 0 end)
---   < { 2, 4 }
---@generic T
---@param elements T[]
---@param fn fun(element: T, index: integer): any
---@return T[]
function M.filter(elements, fn)
  local result = {}
  for i = 1, #elements do
    if fn(elements[i], i) then result[#result + 1] = elements[i] end
  end
  return result
end

---Two lists: those for which `fn` says yes, and the others.
---   > list.partition({ 1, 2, 3 }, function(n) return n > 1 end)
---   < { 2, 3 }, { 1 }
---@generic T
---@param elements T[]
---@param fn fun(element: T, index: integer): any
---@return T[] yes
---@return T[] no
function M.partition(elements, fn)
  local yes, no = {}, {}
  for i = 1, #elements do
    local side = fn(elements[i], i) and yes or no
    side[#side + 1] = elements[i]
  end
  return yes, no
end

---Folds a list into one value, from the left.
---   > list.reduce({ 1, 2, 3 }, function(sum, n) return sum + n end, 0)
---   < 6
---@generic T, R
---@param elements T[]
---@param fn fun(result: R, element: T): R
---@param start R
---@return R
function M.reduce(elements, fn, start)
  local result = start
  for i = 1, #elements do result = fn(result, elements[i]) end
  return result
end

---The first element for which `fn` says yes, and its index.
---   > list.find({ "a", "bb" }, function(name) return #name == 2 end)
---   < "bb", 2
---@generic T
---@param elements T[]
---@param fn fun(element: T, index: integer): any
---@return T? element
---@return integer? index
function M.find(elements, fn)
  for i = 1, #elements do
    if fn(elements[i], i) then return elements[i], i end
  end
  return nil
end

---   > list.index_of({ "a", "b" }, "b"), list.index_of({ "a" }, "b")
---   < 2, nil
---@generic T
---@param elements T[]
---@param value T
---@return integer?
function M.index_of(elements, value)
  for i = 1, #elements do
    if elements[i] == value then return i end
  end
  return nil
end

---   > list.contains({ "a", "b" }, "b")
---   < true
---@generic T
---@param elements T[]
---@param value T
---@return boolean
function M.contains(elements, value) return M.index_of(elements, value) ~= nil end

---Whether `fn` says yes for at least one element.
---   > list.any({ 1, 2 }, function(n) return n > 1 end), list.any({}, function() return true end)
---   < true, false
---@generic T
---@param elements T[]
---@param fn fun(element: T, index: integer): any
---@return boolean
function M.any(elements, fn)
  local _, index = M.find(elements, fn)
  return index ~= nil
end

---Whether `fn` says yes for every element.
---   > list.all({ 1, 2 }, function(n) return n > 1 end), list.all({}, function() return false end)
---   < false, true
---@generic T
---@param elements T[]
---@param fn fun(element: T, index: integer): any
---@return boolean
function M.all(elements, fn)
  for i = 1, #elements do
    if not fn(elements[i], i) then return false end
  end
  return true
end

---One list after the other.
---   > list.concat({ 1 }, {}, { 2, 3 })
---   < { 1, 2, 3 }
---@generic T
---@param ... T[]
---@return T[]
function M.concat(...)
  local result = {}
  for i = 1, select("#", ...) do
    local elements = select(i, ...)
    for j = 1, #elements do result[#result + 1] = elements[j] end
  end
  return result
end

---Takes the lists that are elements apart, `depth` levels of them (1 unless given). Only tables
---with the key 1, and empty tables, are lists.
---   > list.flatten({ 1, { 2, { 3 } }, {} })
---   < { 1, 2, { 3 } }
---@param elements any[]
---@param depth? integer
---@return any[]
function M.flatten(elements, depth)
  depth = depth or 1
  local result = {}
  for i = 1, #elements do
    local element = elements[i]
    if type(element) == "table" and depth > 0 and (element[1] ~= nil or next(element) == nil) then
      for _, inner in ipairs(M.flatten(element, depth - 1)) do result[#result + 1] = inner end
    else
      result[#result + 1] = element
    end
  end
  return result
end

---Each element once, where it came first.
---   > list.unique({ "b", "a", "b" })
---   < { "b", "a" }
---@generic T
---@param elements T[]
---@return T[]
function M.unique(elements)
  local seen, result = {}, {}
  for i = 1, #elements do
    if not seen[elements[i]] then
      seen[elements[i]] = true
      result[#result + 1] = elements[i]
    end
  end
  return result
end

---A sorted copy. Elements whose keys are equal keep their order. Keys that cannot be compared
---(a number with a text) raise.
---   > list.sorted({ "bb", "a", "c" })
---   < { "a", "bb", "c" }
---   > list.sorted({ "bb", "c", "a" }, function(name) return #name end)
---   < { "c", "a", "bb" }
---@generic T
---@param elements T[]
---@param key? fun(element: T): number|string what to compare; the elements themselves without it
---@return T[]
function M.sorted(elements, key)
  local order, keys, result = {}, {}, {}
  for i = 1, #elements do
    order[i] = i
    if key then keys[i] = key(elements[i]) else keys[i] = elements[i] end
  end
  table.sort(order, function(a, b)
    if keys[a] < keys[b] then return true end
    if keys[b] < keys[a] then return false end
    return a < b
  end)
  for i, index in ipairs(order) do result[i] = elements[index] end
  return result
end

---   > list.reversed({ 1, 2, 3 })
---   < { 3, 2, 1 }
---@generic T
---@param elements T[]
---@return T[]
function M.reversed(elements)
  local result, length = {}, #elements
  for i = 1, length do result[i] = elements[length - i + 1] end
  return result
end

---The elements from `first` to `last`; negative places count from the end, as in string.sub.
---   > list.slice({ 1, 2, 3, 4 }, 2, -2)
---   < { 2, 3 }
---@generic T
---@param elements T[]
---@param first integer
---@param last? integer
---@return T[]
function M.slice(elements, first, last)
  local length, result = #elements, {}
  last = last or -1
  if first < 0 then first = length + first + 1 end
  if last < 0 then last = length + last + 1 end
  for i = math.max(first, 1), math.min(last, length) do result[#result + 1] = elements[i] end
  return result
end

---Lists of `size` elements each; the last one may be shorter.
---   > list.chunks({ 1, 2, 3, 4, 5 }, 2)
---   < { { 1, 2 }, { 3, 4 }, { 5 } }
---@generic T
---@param elements T[]
---@param size integer 1 or more
---@return T[][]
function M.chunks(elements, size)
  if size < 1 then error("list.chunks: the size must be 1 or more", 2) end
  local result = {}
  for first = 1, #elements, size do
    result[#result + 1] = M.slice(elements, first, first + size - 1)
  end
  return result
end

---The elements of two lists in pairs, as far as the shorter one goes.
---   > list.zip({ "a", "b", "c" }, { 1, 2 })
---   < { { "a", 1 }, { "b", 2 } }
---@param a any[]
---@param b any[]
---@return any[][]
function M.zip(a, b)
  local result = {}
  for i = 1, math.min(#a, #b) do result[i] = { a[i], b[i] } end
  return result
end

---The numbers from `first` to `last`.
---   > list.range(1, 4), list.range(4, 1, -2)
---   < { 1, 2, 3, 4 }, { 4, 2 }
---@param first number
---@param last number
---@param step? number 1 unless given
---@return number[]
function M.range(first, last, step)
  if step == 0 then error("list.range: the step must not be 0", 2) end
  local result = {}
  for n = first, last, step or 1 do result[#result + 1] = n end
  return result
end

---Lists of the elements that have the same key.
---   > list.group_by({ "a.c", "b.h", "c.c" }, function(name) return name:sub(-1) end)
---   < { c = { "a.c", "c.c" }, h = { "b.h" } }
---@generic T, K
---@param elements T[]
---@param key fun(element: T): K
---@return table<K, T[]>
function M.group_by(elements, key)
  local groups = {}
  for i = 1, #elements do
    local name = key(elements[i])
    groups[name] = groups[name] or {}
    table.insert(groups[name], elements[i])
  end
  return groups
end

---The keys of a table, sorted: the order to walk it in when the result is to be the same each time.
---Numbers come before texts.
---   > list.keys({ b = 1, a = 2, [3] = true })
---   < { 3, "a", "b" }
---@param map table
---@return any[]
function M.keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    local kind_a, kind_b = type(a), type(b)
    if kind_a ~= kind_b then return kind_a < kind_b end
    if kind_a == "number" or kind_a == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

return M
