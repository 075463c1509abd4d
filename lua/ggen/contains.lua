-- Whether a list has a value. Pure.
-- SPDX-License-Identifier: MIT

---@param list any[]?
---@param value any
---@return boolean
return function(list, value)
  for _, element in ipairs(list or {}) do
    if element == value then return true end
  end
  return false
end
