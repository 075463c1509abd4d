-- Colours and signs for what people read.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.Style
---@field ok string sign of success
---@field fail string
---@field skip string
---@field run string
---@field utf8 boolean whether other characters than ASCII can be shown
local Style = { __name = "ggen.Style" }
Style.__index = Style

local CODES = { red = "31", green = "32", yellow = "33", blue = "34", magenta = "35", cyan = "36",
  dim = "2", bold = "1" }

for name, code in pairs(CODES) do
  Style[name] = function(self, text)
    if not self._color then return text end
    return "\27[" .. code .. "m" .. text .. "\27[0m"
  end
end

---@param color boolean
---@return ggen.Style
function M.new(color)
  local locale = os.getenv("LC_ALL") or ""
  if locale == "" then locale = os.getenv("LC_CTYPE") or "" end
  if locale == "" then locale = os.getenv("LANG") or "" end
  local utf8 = locale:lower():match("utf%-?8") ~= nil
  return setmetatable({
    _color = color, utf8 = utf8,
    ok = utf8 and "✓" or "ok", fail = utf8 and "✗" or "FAILED",
    skip = utf8 and "–" or "-", run = utf8 and "▸" or ">",
  }, Style)
end

return M
