-- Conditions over metrics: "clean_build_time > 300s and hit_rate < 0.8".
--
--   condition  = and_terms { "or" and_terms }
--   and_terms  = factor { "and" factor }
--   factor     = "(" condition ")" | operand operator operand
--   operator   = "<" | "<=" | ">" | ">=" | "==" | "!="
--   operand    = a metric | 0.8 | 80% | 15s, 5m, 1h30m | 512KiB, 2GiB
--
-- Both sides of an operator have one unit, and one of them is a metric. A comparison with a figure
-- that a run does not have does not hold. Knows no metric by name.
-- SPDX-License-Identifier: MIT
local units = require("ggen.units")

local M = {}

local MOST = 4096 -- bytes of a condition
local DEEPEST = 32 -- parentheses

---@class ggen.Condition
---@field text string
---@field metrics ggen.Metric[] that it names, each once
---@field holds fun(self: ggen.Condition, record: table): boolean, table<string, number> whether it
---holds, and the figures that it was about

local COMPARE = {
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["=="] = function(a, b) return a == b end, ["!="] = function(a, b) return a ~= b end,
}

local Parser = {}
Parser.__index = Parser

local function fail(text, ...) error({ message = text:format(...) }, 0) end

-- Words, operators and parentheses; each with its column.
local function tokens(text)
  local list, at = {}, 1
  while true do
    at = text:find("%S", at)
    if not at then return list end
    local token = text:match("^[<>=!]=", at) or text:match("^[<>()]", at)
    if not token then
      -- A quoted part of a word may hold anything.
      local finish = at
      while finish <= #text do
        local c = text:sub(finish, finish)
        if c == '"' then
          local close = text:find('"', finish + 1, true)
          if not close then fail('the " at character %d is not closed', finish) end
          finish = close + 1
        elseif c:find("[%s<>()!=]") then
          break
        else
          finish = finish + 1
        end
      end
      token = text:sub(at, finish - 1)
      if token == "" then
        fail("%q at character %d is no operator (there are < <= > >= == !=)", text:sub(at, at), at)
      end
    end
    list[#list + 1] = { text = token, at = at }
    at = at + #token
  end
end

local function percent(text)
  local number = text:match("^(%d*%.?%d+)%%$")
  return number and tonumber(number) / 100
end

-- A figure with its unit.
local function literal(text)
  if not text:find("^%-?%.?%d") then return nil end
  if percent(text) then return { unit = "ratio", number = percent(text) } end
  if text:find("^%-?%d*%.?%d+$") then return { unit = "number", number = tonumber(text) } end
  local seconds = units.duration(text)
  if seconds then return { unit = "seconds", number = seconds } end
  local bytes = units.size(text)
  if bytes then return { unit = "bytes", number = bytes } end
  fail('%q is no figure (examples: 0.8, 80%%, "15s", "5m", "512KiB", "2GiB")', text)
end

local EXAMPLES = { seconds = "%ss", bytes = "%sMiB" }

function Parser:operand()
  local token = self.list[self.next]
  if not token or COMPARE[token.text] or token.text == "(" or token.text == ")"
    or token.text == "and" or token.text == "or" then
    fail("a metric or a figure is expected %s", token
      and ("at character %d, there is %q"):format(token.at, token.text) or "at the end")
  end
  self.next = self.next + 1
  local figure = literal(token.text)
  if figure then return { unit = figure.unit, number = figure.number, text = token.text } end
  local metric, message = self.find(token.text)
  if not metric then fail("%s", message) end
  if not self.seen[metric.name] then
    self.seen[metric.name] = true
    table.insert(self.metrics, metric)
  end
  return { unit = metric.unit, metric = metric, text = token.text }
end

-- A bare number is a ratio or a count; for anything else it lacks its unit.
local function check_units(left, right, operator)
  if not left.metric and not right.metric then
    fail("%s %s %s compares two figures: name a metric", left.text, operator, right.text)
  end
  local a, b = left.unit, right.unit
  if a == b then return end
  local bare, other = a == "number" and left or right, a == "number" and b or a
  if a == "number" or b == "number" then
    -- 80 for 80 % would always hold, or never.
    if other == "ratio" and bare.number > 1 then
      fail("%s is a ratio from 0 to 1, and %s is above it (write %s%%)",
        (bare == left and right or left).text, bare.text, bare.text)
    end
    if other == "ratio" or other == "count" then return end
    fail("%s is in %s, %s has no unit (write %s)", (bare == left and right or left).text, other,
      bare.text, (EXAMPLES[other] or "%s"):format(bare.text))
  end
  fail("%s (%s) cannot be compared with %s (%s)", left.text, a, right.text, b)
end

function Parser:comparison()
  local left = self:operand()
  local operator = self.list[self.next]
  local compare = operator and COMPARE[operator.text]
  if not compare then
    fail("an operator (< <= > >= == !=) is expected after %s%s", left.text,
      operator and (", there is %q"):format(operator.text) or "")
  end
  self.next = self.next + 1
  local right = self:operand()
  check_units(left, right, operator.text)
  return function(values)
    local a = left.number or values[left.metric.name]
    local b = right.number or values[right.metric.name]
    return a ~= nil and b ~= nil and compare(a, b)
  end
end

function Parser:factor()
  local token = self.list[self.next]
  if not token or token.text ~= "(" then return self:comparison() end
  self.depth = self.depth + 1
  if self.depth > DEEPEST then fail("parentheses deeper than %d", DEEPEST) end
  self.next = self.next + 1
  local inside = self:either()
  local close = self.list[self.next]
  if not close or close.text ~= ")" then
    fail("the ( at character %d is not closed", token.at)
  end
  self.next, self.depth = self.next + 1, self.depth - 1
  return inside
end

-- A row of parts that are joined by one word.
function Parser:joined(word, part, join)
  local first = part(self)
  while self.list[self.next] and self.list[self.next].text == word do
    self.next = self.next + 1
    first = join(first, part(self))
  end
  return first
end

function Parser:both()
  return self:joined("and", self.factor, function(a, b)
    return function(values) return a(values) and b(values) end
  end)
end

function Parser:either()
  return self:joined("or", self.both, function(a, b)
    return function(values) return a(values) or b(values) end
  end)
end

local CONDITION = { __name = "ggen.Condition" }

local function parse(text, find)
  if #text > MOST then fail("the condition is longer than %d bytes", MOST) end
  local self = setmetatable({ list = tokens(text), next = 1, depth = 0, find = find, seen = {},
    metrics = {} }, Parser)
  if #self.list == 0 then fail('the condition is empty (example: "hit_rate < 0.8")') end
  local holds = self:either()
  local rest = self.list[self.next]
  if rest then fail('"and", "or" or the end is expected, there is %q', rest.text) end
  return setmetatable({ text = text, metrics = self.metrics, holds = function(its, record)
    local values = {}
    for _, metric in ipairs(its.metrics) do values[metric.name] = metric.value(record) end
    return holds(values), values
  end }, CONDITION)
end

---@param text string
---@param find fun(name: string): ggen.Metric?, string?
---@return ggen.Condition?
---@return string? message
function M.compile(text, find)
  local ok, result = pcall(parse, text, find)
  if ok then return result end
  if type(result) == "table" and result.message then return nil, result.message end
  error(result, 0)
end

return M
