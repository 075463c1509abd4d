-- Collects the field names of all JSON that the examples print, to hold them against the page that
-- describes them. Knows nothing of what the fields mean.
-- SPDX-License-Identifier: MIT
local json = require("ggen").json

local M = {}

-- Below these the keys are the user's own names.
local OWN_NAMES = { matrix = true, env = true, args = true, files = true }

local function collect(value, found)
  if type(value) ~= "table" then return end
  for key, element in pairs(value) do
    if type(key) == "string" then found[key] = true end
    if not OWN_NAMES[key] then collect(element, found) end
  end
end

---@param lines string[] what a command printed
---@param found table<string, true> gets the names
function M.collect(lines, found)
  local whole = json.decode(table.concat(lines, "\n"))
  if type(whole) == "table" then return collect(whole, found) end
  for _, line in ipairs(lines) do
    local value = line:sub(1, 1) == "{" and json.decode(line)
    if value then collect(value, found) end
  end
end

---@param found table<string, true>
---@param page string
---@return string[] names that the page does not have as code, sorted
function M.missing(found, page)
  local missing = {}
  for name in pairs(found) do
    if not page:find("`" .. name .. "`", 1, true) then missing[#missing + 1] = name end
  end
  table.sort(missing)
  return missing
end

return M
