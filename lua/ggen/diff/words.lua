-- Names, values and times of a comparison as people read them.
-- SPDX-License-Identifier: MIT
local harmless = require("ggen.harmless")
local units = require("ggen.units")

local M = {}

local LONGEST = 200 -- bytes of a name
local LONGEST_VALUE = 60

---A text of somebody else's: what would move the cursor or change colours is written out.
M.harmless = harmless.line

local function cut(text, most)
  if #text <= most then return text end
  local last = most
  while last > 0 and text:byte(last + 1) >= 128 and text:byte(last + 1) < 192 do last = last - 1 end
  return text:sub(1, last) .. "..."
end

---@param name string?
---@return string
function M.name(name)
  if not name or name == "" then return "(no name)" end
  return M.harmless(cut(name, LONGEST))
end

---@param value string? of an attribute
---@return string
function M.value(value)
  if not value then return "-" end
  return value == "" and '""' or M.harmless(cut(value, LONGEST_VALUE))
end

---@param seconds number?
---@return string text "35 us", "1.2 ms", "1.20 s"
function M.time(seconds)
  return seconds and units.format_short(seconds) or "-"
end

---@param before number?
---@param after number?
---@return string text "1.00 s -> 1.20 s (+200.0 ms, +20 %)"
function M.change(before, after)
  if before == after then return M.time(after) end
  local text = ("%s -> %s"):format(M.time(before), M.time(after))
  if not before or not after then return text end
  local sign = after >= before and "+" or "-"
  local size = math.abs(after - before)
  text = ("%s (%s%s"):format(text, sign, M.time(size))
  if before > 0 then
    local percent = size / before * 100
    text = text .. (percent < 1000 and ", %s%.3g %%" or ", %s%.0f %%"):format(sign, percent)
  end
  return text .. ")"
end

---@param number integer
---@param word string
---@return string "1 span", "2 spans"
function M.count(number, word)
  return ("%d %s%s"):format(number, word, number == 1 and "" or "s")
end

return M
