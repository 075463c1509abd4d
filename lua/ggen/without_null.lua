-- What came out of JSON, without its nulls: of which Lua tables have none.
-- SPDX-License-Identifier: MIT
local null = require("ggen.core.json").null

---@param value table changed
---@return table value
local function without_null(value)
  for key, inner in pairs(value) do
    if inner == null then value[key] = nil
    elseif type(inner) == "table" then without_null(inner) end
  end
  return value
end

return without_null
