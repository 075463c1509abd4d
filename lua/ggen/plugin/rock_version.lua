-- Versions of rocks and what rocks ask of each other, as LuaRocks understands them: "1.2-3",
-- "scm-1", ">= 1.0, < 2", "~> 1.2". Pure.
-- SPDX-License-Identifier: MIT
local M = {}

-- What words in versions count for; "scm" is newer than any number.
local WORDS = { scm = 1100, cvs = 1000, dev = 1200, rc = -1000, pre = -10000, beta = -100000,
  alpha = -1000000 }

---@param text string
---@return number[]? parts
---@return integer? revision
local function parse(text)
  local body, revision = text:match("^(.-)%-(%d+)$")
  body = body or text
  local parts = {}
  while body ~= "" do
    local number, rest = body:match("^(%d+)[%.%-_]*(.*)$")
    if number then
      parts[#parts + 1] = tonumber(number)
    else
      local word
      word, rest = body:match("^(%a+)[%.%-_]*(.*)$")
      if not word then return nil end
      parts[#parts + 1] = WORDS[word:lower()] or word:byte() / 1000
    end
    body = rest
  end
  if #parts == 0 then return nil end
  return parts, tonumber(revision)
end

---@param a string
---@param b string
---@param ignore_revision boolean?
---@return integer order below zero when a is older
function M.compare(a, b, ignore_revision)
  local left, left_revision = parse(a)
  local right, right_revision = parse(b)
  if not left or not right then return a == b and 0 or a < b and -1 or 1 end
  for i = 1, math.max(#left, #right) do
    local difference = (left[i] or 0) - (right[i] or 0)
    if difference ~= 0 then return difference < 0 and -1 or 1 end
  end
  if ignore_revision or not left_revision or not right_revision then return 0 end
  return left_revision - right_revision
end

---@class ggen.RockNeed what a rock asks of another
---@field rock string
---@field constraints { operator: string, version: string }[]

---@param text string "name >= 1.0, < 2"
---@return ggen.RockNeed?
---@return string? message
function M.need(text)
  local rock, rest = text:match("^%s*([%w_%-%./]+)%s*(.-)%s*$")
  if not rock then return nil, ("%q is no dependency"):format(text) end
  rock = rock:match("([^/]+)$"):lower()
  local need = { rock = rock, constraints = {} }
  for part in rest:gmatch("[^,]+") do
    local operator, version = part:match("^%s*([=~<>@!]*)%s*([%w%.%-_]+)%s*$")
    if operator == "" then operator = "==" end
    if operator == "@" then operator = "==" end
    if operator == "!=" then operator = "~=" end
    if not operator or not ("== ~= < > <= >= ~> "):find(operator .. " ", 1, true)
      or not parse(version) then
      return nil, ("%q is no dependency"):format(text)
    end
    need.constraints[#need.constraints + 1] = { operator = operator, version = version }
  end
  return need
end

-- "~> 1.2": it begins with these numbers.
local function begins_with(version, wanted)
  local have, want = parse(version), parse(wanted)
  for i = 1, #want do
    if (have[i] or 0) ~= want[i] then return false end
  end
  return true
end

local tests = {
  ["=="] = function(order) return order == 0 end, ["~="] = function(order) return order ~= 0 end,
  ["<"] = function(order) return order < 0 end, [">"] = function(order) return order > 0 end,
  ["<="] = function(order) return order <= 0 end, [">="] = function(order) return order >= 0 end,
}

---@param version string
---@param need ggen.RockNeed
---@return boolean
function M.satisfies(version, need)
  if not parse(version) then return false end
  for _, constraint in ipairs(need.constraints) do
    local wanted = constraint.version
    local good
    if constraint.operator == "~>" then good = begins_with(version, wanted)
    else
      good = tests[constraint.operator](M.compare(version, wanted, not wanted:find("%-%d+$")))
    end
    if not good then return false end
  end
  return true
end

---@param versions string[]
---@param need ggen.RockNeed?
---@return string? newest of those that fit
function M.newest(versions, need)
  local best
  for _, version in ipairs(versions) do
    local fits = parse(version) and (not need or M.satisfies(version, need))
    if fits and (not best or M.compare(version, best) > 0) then best = version end
  end
  return best
end

return M
