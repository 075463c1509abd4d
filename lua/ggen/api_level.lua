-- The levels of the plugin contract. Each kind has one, a whole number that grows when plugins of
-- that kind have to be changed; a plugin names the level that it is written for, or a range of
-- them: "^1", ">=1 <3", "1 || 2". Knows no plugin and no kind.
-- SPDX-License-Identifier: MIT
local schema = require("ggen.schema")

local M = {}

local HIGHEST = 9999
local EXAMPLES = '1, "^1", ">=1 <3", "1 || 2"'

-- A level is a version that has only its first number.
local function holds(wanted, level)
  if type(wanted) == "number" then return wanted == level end
  return require("ggen").std.semver.satisfies(level .. ".0.0", wanted)
end

-- Whether it wants a level from `first` to `last`: looks where the answer may change, which is at
-- the numbers that are written there.
local function wants_between(wanted, first, last)
  for number in tostring(wanted):gmatch("%d+") do
    for level = tonumber(number) - 1, tonumber(number) + 1 do
      if level >= first and level <= last and holds(wanted, level) then return true end
    end
  end
  return false
end

local function problem_of_range(range)
  local function refuse(why)
    local shown = #range > 60 and range:sub(1, 57) .. "..." or range
    return ("%q %s (examples: %s)"):format(shown, why, EXAMPLES)
  end
  if range:find("%d[%.xX*]") then
    return refuse("is not a range of levels: a level is a whole number, without a dot")
  end
  if #range > 256 or range:find("[^%d%s<>=^~|%-]") then
    return refuse("is not a range of levels")
  end
  for alternative in (range:gsub("||", "\0") .. "\0"):gmatch("(%Z*)%z") do
    if not alternative:find("%d") then return refuse("is not a range of levels") end
  end
  for number in range:gmatch("%d+") do
    if tonumber(number) > HIGHEST then
      return refuse(("names a level above %d"):format(HIGHEST))
    end
  end
  if holds(range, 1) == nil then return refuse("is not a range of levels") end
  if not wants_between(range, 1, HIGHEST) then return refuse("is a range that no level is in") end
end

local description = { type = "union", expects = "a level or a range of levels (" .. EXAMPLES .. ")",
  any_of = {
    { type = "integer", min = 1, max = HIGHEST }, { type = "string", check = problem_of_range },
  } }

---Says what is wrong with what a manifest has as its `api`.
---@param wanted any
---@return string? message
function M.problem(wanted)
  local _, message = schema.check(description, wanted)
  return message
end

---Says why a plugin cannot be used.
---@param wanted integer|string what its manifest says; it has no problem
---@param kind string
---@param level integer of the kind in this program
---@return string? message one sentence; nil when the plugin fits
function M.refusal(wanted, kind, level)
  if holds(wanted, level) then return nil end
  local advice
  if wants_between(wanted, level + 1, HIGHEST) then
    advice = ("take a newer ggen-lua, or a version of the plugin for level %d"):format(level)
  else
    advice = ("take a newer version of the plugin, one for level %d"):format(level)
  end
  return ("it is written for level %s of the API of kind %s, and this ggen-lua has level %d: %s")
    :format(wanted, kind, level, advice)
end

return M
