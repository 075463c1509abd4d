-- The one place where texts of somebody else (names, files, messages of programs) are made fit for
-- a terminal or a log: what would move the cursor, change colours or begin a line is written out.
-- SPDX-License-Identifier: MIT
local M = {}

local SPELLED = { ["\n"] = "\\n", ["\t"] = "\\t" }

local function spelled(byte) return SPELLED[byte] or ("\\x%02x"):format(byte:byte()) end

-- C1 controls as they are in UTF-8.
local C1 = "\194[\128-\159]"

---A text that is to be a part of a line.
---@param text string
---@return string
function M.line(text)
  if not text:find("[%c\194]") then return text end
  return (text:gsub(C1, "?"):gsub("%c", spelled))
end

---A text that may have lines of its own, and tabs.
---@param text string
---@return string
function M.text(text)
  if not text:find("[%c\194]") then return text end
  return (text:gsub(C1, "?"):gsub("[^%C\n\t]", spelled))
end

-- Deeper than anything that we write.
local DEEPEST = 100

-- What programs had to say may have lines; whatever else is a name, or becomes a part of a line.
local WITH_LINES = { message = true, text = true }

---All texts in a table of data, in place; not its keys.
---@param data table
---@param depth integer?
---@return table data
function M.all(data, depth)
  depth = depth or 1
  for key, value in pairs(data) do
    local kind = type(value)
    if kind == "string" then
      data[key] = (WITH_LINES[key] and M.text or M.line)(value)
    elseif kind == "table" and depth < DEEPEST then
      M.all(value, depth + 1)
    end
  end
  return data
end

---The same with what came out of JSON: where that has no control character, there is none.
---@param data table
---@param json string
---@return table data
function M.decoded(data, json)
  -- Control characters are escapes in it, but for these.
  return json:find("[\\\127\194]") and M.all(data) or data
end

return M
