-- Which values must not be written down as they are: parts of keys are stored with results, which
-- may be shared.
-- SPDX-License-Identifier: MIT
local hash = require("ggen.core.hash")

local M = {}

local WORDS = { "TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL" }

---@param name string of a variable, in upper case
---@param value string
---@return string value or, when it may be a secret, a digest of it
function M.shown(name, value)
  for _, word in ipairs(WORDS) do
    if name:find(word, 1, true) then return "sha256:" .. hash.bytes(value) end
  end
  return value
end

return M
