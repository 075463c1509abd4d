-- Versions and ranges of them, as semver.org and npm have them: `^1.2`, `~1.2.3`, `>=1 <3`,
-- `1.x`, `1.2 - 2`, `||` between alternatives. A pre-release (`2.0.0-rc.1`) is only in a range that
-- names a pre-release of the same version.
-- SPDX-License-Identifier: MIT

---@class ggen.std.semver
local M = {}

---@class ggen.std.semver.Version
---@field major integer
---@field minor integer
---@field patch integer
---@field pre string[] the parts of "rc.1"; empty for a release
---@field build string? what stands behind "+"; it plays no part in comparing

local MAX_INTEGER = 2 ^ 53 - 1
local MAX_LENGTH = 256

local function number_of(digits)
  if not digits:find("^%d+$") or (#digits > 1 and digits:sub(1, 1) == "0") then return nil end
  local number = tonumber(digits)
  return number <= MAX_INTEGER and number or nil
end

local function pre_parts(text)
  local parts = {}
  for part in (text .. "."):gmatch("([^.]*)%.") do
    if not part:find("^[%w-]+$") then return nil end
    if part:find("^0%d+$") then return nil end
    parts[#parts + 1] = part
  end
  return parts
end

---Reads a version. A "v" before it is passed over.
---   > semver.parse("v1.2.3-rc.1+b7")
---   < { major = 1, minor = 2, patch = 3, pre = { "rc", "1" }, build = "b7" }
---   > semver.parse("1.2")
---   < nil, '"1.2" is not a version (example: "1.2.3")'
---@param text string
---@return ggen.std.semver.Version? version
---@return string? message
function M.parse(text)
  local function refuse()
    local shown = #text > 60 and text:sub(1, 57) .. "..." or text
    return nil, ('"%s" is not a version (example: "1.2.3")'):format(shown)
  end
  if #text > MAX_LENGTH then return refuse() end
  local major, minor, patch, rest = text:match("^v?(%d+)%.(%d+)%.(%d+)(.*)$")
  if not major then return refuse() end
  local version = { major = number_of(major), minor = number_of(minor), patch = number_of(patch),
    pre = {} }
  if not (version.major and version.minor and version.patch) then return refuse() end
  local pre, build = rest, nil
  local plus = rest:find("+", 1, true)
  if plus then
    pre, build = rest:sub(1, plus - 1), rest:sub(plus + 1)
    for part in (build .. "."):gmatch("([^.]*)%.") do
      if not part:find("^[%w-]+$") then return refuse() end
    end
  end
  version.build = build
  if pre ~= "" then
    version.pre = pre:sub(1, 1) == "-" and pre_parts(pre:sub(2)) or nil
    if not version.pre then return refuse() end
  end
  return version
end

---Writes a version.
---   > semver.format({ major = 1, minor = 2, patch = 3, pre = { "rc", "1" } })
---   < "1.2.3-rc.1"
---@param version ggen.std.semver.Version
---@return string
function M.format(version)
  local text = ("%d.%d.%d"):format(version.major, version.minor, version.patch)
  if #version.pre > 0 then text = text .. "-" .. table.concat(version.pre, ".") end
  if version.build then text = text .. "+" .. version.build end
  return text
end

local function order(a, b)
  if a == b then return 0 end
  return a < b and -1 or 1
end

-- Parts that are numbers compare as numbers of any length and come before the others.
local function order_part(a, b)
  local number_a, number_b = a:find("^%d+$"), b:find("^%d+$")
  if number_a and number_b then
    if #a ~= #b then return order(#a, #b) end
    return order(a, b)
  end
  if number_a then return -1 end
  if number_b then return 1 end
  return order(a, b)
end

local function order_pre(a, b)
  if #a == 0 or #b == 0 then return order(#b, #a) end -- a release comes after its pre-releases
  for i = 1, math.max(#a, #b) do
    if not a[i] then return -1 end
    if not b[i] then return 1 end
    local result = order_part(a[i], b[i])
    if result ~= 0 then return result end
  end
  return 0
end

local function compare(a, b)
  for _, field in ipairs({ "major", "minor", "patch" }) do
    if a[field] ~= b[field] then return order(a[field], b[field]) end
  end
  return order_pre(a.pre, b.pre)
end

-- Reads a text; passes a version on.
local function version_of(value)
  if type(value) == "table" then return value end
  return M.parse(value)
end

---Which of two versions comes first: -1, 0 or 1.
---   > semver.compare("1.10.0", "1.9.0"), semver.compare("1.0.0-rc.1", "1.0.0")
---   < 1, -1
---@param a string|ggen.std.semver.Version
---@param b string|ggen.std.semver.Version
---@return integer? order
---@return string? message
function M.compare(a, b)
  local left, message = version_of(a)
  if not left then return nil, message end
  local right
  right, message = version_of(b)
  if not right then return nil, message end
  return compare(left, right)
end

---The versions in order, smallest first.
---   > semver.sorted({ "1.10.0", "1.9.0", "1.9.0-rc.1" })
---   < { "1.9.0-rc.1", "1.9.0", "1.10.0" }
---@param versions string[]
---@return string[]? versions
---@return string? message
function M.sorted(versions)
  local parsed = {}
  for i, text in ipairs(versions) do
    local version, message = M.parse(text)
    if not version then return nil, message end
    parsed[i] = { text = text, version = version, index = i }
  end
  table.sort(parsed, function(a, b)
    local result = compare(a.version, b.version)
    if result == 0 then return a.index < b.index end
    return result < 0
  end)
  local result = {}
  for i, entry in ipairs(parsed) do result[i] = entry.text end
  return result
end

---The next version: "major", "minor" or "patch". A pre-release becomes its release first.
---   > semver.next("1.2.3", "minor"), semver.next("2.0.0-rc.1", "major")
---   < "1.3.0", "2.0.0"
---@param version string|ggen.std.semver.Version
---@param part "major"|"minor"|"patch"
---@return string? version
---@return string? message
function M.next(version, part)
  local old, message = version_of(version)
  if not old then return nil, message end
  local new = { major = old.major, minor = old.minor, patch = old.patch, pre = {} }
  local is_pre = #old.pre > 0
  if part == "major" then
    if not (is_pre and old.minor == 0 and old.patch == 0) then new.major = old.major + 1 end
    new.minor, new.patch = 0, 0
  elseif part == "minor" then
    if not (is_pre and old.patch == 0) then new.minor = old.minor + 1 end
    new.patch = 0
  elseif part == "patch" then
    if not is_pre then new.patch = old.patch + 1 end
  else
    return nil, ('"%s" is no part of a version (major, minor, patch)'):format(tostring(part))
  end
  return M.format(new)
end

-- A range is a list of alternatives, each a list of { op, version } that must all hold. An empty
-- one holds for every release.

-- "1", "1.2", "1.x", "1.2.3-rc.1", "*": what is missing or an x is nil.
local function parse_partial(text)
  local full = M.parse(text)
  if full then return full end
  text = text:gsub("^v", "")
  local fields = {}
  for part in (text .. "."):gmatch("([^.]*)%.") do
    if part == "x" or part == "X" or part == "*" then
      fields[#fields + 1] = false
    else
      local number = number_of(part)
      -- Nothing can follow an x: "1.x.3".
      if not number or fields[#fields] == false then return nil end
      fields[#fields + 1] = number
    end
  end
  if #fields > 3 then return nil end
  return { major = fields[1] or nil, minor = fields[2] or nil, pre = {} }
end

local function at(major, minor, patch, pre)
  return { major = major, minor = minor or 0, patch = patch or 0, pre = pre or {} }
end

-- The lowest version of all above a partial one; "-0" is below every pre-release of it.
local function above(partial)
  if not partial.minor then return at(partial.major + 1, 0, 0, { "0" }) end
  return at(partial.major, partial.minor + 1, 0, { "0" })
end

local function lowest(partial)
  return at(partial.major, partial.minor, partial.patch, partial.pre)
end

local NOTHING = { "<", at(0, 0, 0, { "0" }) }
local ANYTHING = { ">=", at(0) }

local comparators = {}

comparators["="] = function(v)
  if v.patch then return { { "=", v } } end
  return { { ">=", lowest(v) }, { "<", above(v) } }
end

comparators["^"] = function(v)
  local upper
  if v.major > 0 or not v.minor then
    upper = at(v.major + 1, 0, 0, { "0" })
  elseif v.minor > 0 or not v.patch then
    upper = at(0, v.minor + 1, 0, { "0" })
  else
    upper = at(0, 0, v.patch + 1, { "0" })
  end
  return { { ">=", lowest(v) }, { "<", upper } }
end

comparators["~"] = function(v) return { { ">=", lowest(v) }, { "<", above(v) } } end
comparators[">="] = function(v) return { { ">=", lowest(v) } } end

comparators[">"] = function(v)
  if v.patch then return { { ">", v } } end
  local bound = above(v)
  return { { ">=", at(bound.major, bound.minor) } }
end

comparators["<"] = function(v)
  if v.patch then return { { "<", v } } end
  return { { "<", at(v.major, v.minor, 0, { "0" }) } }
end

comparators["<="] = function(v)
  if v.patch then return { { "<=", v } } end
  return { { "<", above(v) } }
end

local function add_comparator(set, op, text)
  local partial = parse_partial(text)
  local make = comparators[op == "" and "=" or op]
  if not partial or not make then return false end
  if not partial.major then
    set[#set + 1] = (op == ">" or op == "<") and NOTHING or ANYTHING
  else
    for _, entry in ipairs(make(partial)) do set[#set + 1] = entry end
  end
  return true
end

local function parse_alternative(text)
  local set = {}
  local from, to = text:match("^%s*(%S+)%s+%-%s+(%S+)%s*$")
  if from then
    return add_comparator(set, ">=", from) and add_comparator(set, "<=", to) and set or nil
  end
  -- ">= 1.2" is one comparator.
  text = text:gsub("([<>=~^])%s+", "%1")
  for word in text:gmatch("%S+") do
    local op, version = word:match("^([<>=~^]*)(.*)$")
    if not add_comparator(set, op, version) then return nil end
  end
  return set
end

local function parse_range(text)
  if #text > MAX_LENGTH then return nil, "this is too long for a range of versions" end
  local range, start = {}, 1
  while start do
    local bar = text:find("||", start, true)
    local set = parse_alternative(text:sub(start, bar and bar - 1))
    start = bar and bar + 2
    if not set then
      return nil, ('"%s" is not a range of versions (examples: "^1.2", ">=1.2 <3", "1.x || 2.x")')
        :format(text)
    end
    range[#range + 1] = set
  end
  return range
end

local holds = {
  ["="] = function(result) return result == 0 end,
  ["<"] = function(result) return result < 0 end,
  ["<="] = function(result) return result <= 0 end,
  [">"] = function(result) return result > 0 end,
  [">="] = function(result) return result >= 0 end,
}

local function in_alternative(version, set)
  local pre_allowed = #version.pre == 0
  for _, entry in ipairs(set) do
    local bound = entry[2]
    if not holds[entry[1]](compare(version, bound)) then return false end
    pre_allowed = pre_allowed or (#bound.pre > 0 and bound.major == version.major
      and bound.minor == version.minor and bound.patch == version.patch)
  end
  return pre_allowed
end

local function in_range(version, range)
  for _, set in ipairs(range) do
    if in_alternative(version, set) then return true end
  end
  return false
end

---Whether a version lies in a range.
---   > semver.satisfies("1.4.0", "^1.2"), semver.satisfies("2.0.0", "^1.2")
---   < true, false
---   > semver.satisfies("1.4.0", "=>1")
---   < nil, '"=>1" is not a range of versions (examples: "^1.2", ">=1.2 <3", "1.x || 2.x")'
---@param version string|ggen.std.semver.Version
---@param range string
---@return boolean? inside
---@return string? message
function M.satisfies(version, range)
  local parsed, message = version_of(version)
  if not parsed then return nil, message end
  local sets
  sets, message = parse_range(range)
  if not sets then return nil, message end
  return in_range(parsed, sets)
end

---The highest version of a list that lies in a range. What is not a version is passed over.
---   > semver.max_satisfying({ "1.2.0", "1.9.1", "2.0.0", "latest" }, "^1.2")
---   < "1.9.1"
---   > semver.max_satisfying({ "1.2.0" }, ">=3")
---   < nil, 'none of the 1 versions is in ">=3"'
---@param versions string[]
---@param range string
---@return string? version
---@return string? message
function M.max_satisfying(versions, range)
  local sets, message = parse_range(range)
  if not sets then return nil, message end
  local best, best_text
  for _, text in ipairs(versions) do
    local version = M.parse(text)
    if version and in_range(version, sets) and (not best or compare(version, best) > 0) then
      best, best_text = version, text
    end
  end
  if not best then return nil, ('none of the %d versions is in "%s"'):format(#versions, range) end
  return best_text
end

return M
