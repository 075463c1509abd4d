-- Containers of one name sleep while nobody will want them soon, and are woken before. Knows what
-- is expected, and nothing of leases.
-- SPDX-License-Identifier: MIT
local M = {}

local SOON = 1 -- seconds before a want from which on a container is awake

-- How many are wanted soon, and when that number changes.
local function soon(self, now)
  local count, next_at = self.queue:count(), nil
  for _, want in pairs(self.wants) do
    if want.at <= now + SOON then
      count = count + 1
    elseif not next_at or want.at < next_at then
      next_at = want.at
    end
  end
  return count, next_at and next_at - SOON
end

local function put(self, one, method)
  one.state, one.rousing = "busy", method == "unpause"
  self.pool:beside(function()
    local ok, message, kind = one[method](one)
    one.rousing = nil
    if one.state ~= "busy" then return end -- it goes meanwhile
    if ok or kind == "conflict" then
      one.state = "idle"
    else
      self:replace(one, message)
    end
    self.pool:settle()
  end)
end

---Puts to sleep and wakes, and asks those that will be wanted soon whether they are well.
---@param self ggen.PoolShelf
---@param now number
---@return number? next_at when to look again
function M.settle(self, now)
  if self.by_process then return nil end
  local wanted, next_at = soon(self, now)
  for _, one in ipairs(self.list) do
    if one.rousing then
      wanted = wanted - 1
    elseif one.state == "idle" and not one.asleep then
      wanted = wanted - 1
      if wanted < 0 then
        if self.spec.idle == "pause" then put(self, one, "pause") end
      elseif not one:is_fresh() and self.queue:count() == 0 then
        put(self, one, "verify")
      end
    end
  end
  for _, one in ipairs(self.list) do
    if wanted <= 0 then break end
    if one.state == "idle" and one.asleep then
      wanted = wanted - 1
      put(self, one, "unpause")
    end
  end
  return next_at
end

return M
