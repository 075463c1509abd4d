-- Combinations of values for the `matrix` field of a task: one instance of the task for each.
--
--     p:task "test" {
--       run = "ctest -L ${matrix.suite}",
--       matrix = matrix.product({ suite = { "unit", "it" }, cc = { "gcc", "clang" } }, {
--         exclude = { { suite = "it", cc = "clang" } },
--       }),
--     }
-- SPDX-License-Identifier: MIT
local list = require("ggen.std.list")

---@class ggen.std.matrix
local M = {}

local MAX_COMBINATIONS = 10000

---@alias ggen.std.matrix.Combination table<string, string|number|boolean>

---@class ggen.std.matrix.Changes
---@field exclude? ggen.std.matrix.Combination[] parts of those to leave out
---@field include? ggen.std.matrix.Combination[] those to add

-- Whether the combination has all of the values in `part`.
local function has(combination, part)
  for key, value in pairs(part) do
    if combination[key] ~= value then return false end
  end
  return true
end

local function same(a, b) return has(a, b) and has(b, a) end

local function check_axes(axes)
  local count = 1
  for name, values in pairs(axes) do
    if type(name) ~= "string" then
      return nil, ("the name of an axis must be a text, got a %s"):format(type(name))
    end
    if type(values) ~= "table" then
      return nil, ('axis "%s": a list of values expected, got a %s'):format(name, type(values))
    end
    if #values == 0 then return nil, ('axis "%s" has no values'):format(name) end
    for i = 1, #values do
      local kind = type(values[i])
      if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
        return nil, ('axis "%s": value %d is a %s (texts, numbers and booleans can be values)')
          :format(name, i, kind)
      end
    end
    count = count * #values
  end
  if count > MAX_COMBINATIONS then
    return nil, ("the matrix has %.0f combinations (at most %d)"):format(count, MAX_COMBINATIONS)
  end
  return true
end

---All combinations of the values of the axes; the last axis by name varies fastest. Then those are
---taken out that have all the values of an entry of `exclude`, and those of `include` are added.
---   > matrix.product({ cc = { "gcc", "clang" }, os = { "linux" } })
---   < { { cc = "gcc", os = "linux" }, { cc = "clang", os = "linux" } }
---   > matrix.product({ n = { 1, 2 } }, { exclude = { { n = 1 } }, include = { { n = 7 } } })
---   < { { n = 2 }, { n = 7 } }
---   > matrix.product({ cc = {} })
---   < nil, 'axis "cc" has no values'
---@param axes table<string, (string|number|boolean)[]>
---@param changes? ggen.std.matrix.Changes
---@return ggen.std.matrix.Combination[]? combinations
---@return string? message
function M.product(axes, changes)
  local ok, message = check_axes(axes)
  if not ok then return nil, message end
  local combinations = next(axes) and { {} } or {}
  for _, name in ipairs(list.keys(axes)) do
    local longer = {}
    for _, combination in ipairs(combinations) do
      for _, value in ipairs(axes[name]) do
        local copy = {}
        for key, known in pairs(combination) do copy[key] = known end
        copy[name] = value
        longer[#longer + 1] = copy
      end
    end
    combinations = longer
  end
  if changes and changes.exclude then combinations = M.exclude(combinations, changes.exclude) end
  if changes and changes.include then combinations = M.include(combinations, changes.include) end
  return combinations
end

---The combinations without those that have all the values of one of the entries.
---   > matrix.exclude({ { cc = "gcc", n = 1 }, { cc = "gcc", n = 2 } }, { { n = 2 } })
---   < { { cc = "gcc", n = 1 } }
---@param combinations ggen.std.matrix.Combination[]
---@param entries ggen.std.matrix.Combination[]
---@return ggen.std.matrix.Combination[]
function M.exclude(combinations, entries)
  local kept = {}
  for _, combination in ipairs(combinations) do
    local out = false
    for _, entry in ipairs(entries) do out = out or has(combination, entry) end
    if not out then kept[#kept + 1] = combination end
  end
  return kept
end

---The combinations and, behind them, the entries that are not among them.
---   > matrix.include({ { n = 1 } }, { { n = 1 }, { n = 2 } })
---   < { { n = 1 }, { n = 2 } }
---@param combinations ggen.std.matrix.Combination[]
---@param entries ggen.std.matrix.Combination[]
---@return ggen.std.matrix.Combination[]
function M.include(combinations, entries)
  local all = {}
  for i, combination in ipairs(combinations) do all[i] = combination end
  for _, entry in ipairs(entries) do
    local known = false
    for _, combination in ipairs(all) do known = known or same(combination, entry) end
    if not known then all[#all + 1] = entry end
  end
  return all
end

---How a combination is written in the id of a task.
---   > matrix.id({ os = "linux", cc = "gcc", n = 2 })
---   < "cc=gcc,n=2,os=linux"
---@param combination ggen.std.matrix.Combination
---@return string
function M.id(combination)
  local parts = {}
  for i, key in ipairs(list.keys(combination)) do
    parts[i] = key .. "=" .. tostring(combination[key])
  end
  return table.concat(parts, ",")
end

return M
