-- Lists that grow while a spec waits for them.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")

local M = {}

-- Beside the lists, so that they can be compared.
local next_of = setmetatable({}, { __mode = "k" })

---@param list any[]
---@param value any
function M.add(list, value)
  list[#list + 1] = value
  local arrived = next_of[list]
  next_of[list] = nil
  if arrived then arrived:resolve() end
end

---Waits until the list has so many values.
---@async
---@param list any[]
---@param count integer
function M.wait(list, count)
  while #list < count do
    next_of[list] = next_of[list] or async.future()
    next_of[list]:wait()
  end
end

return M
