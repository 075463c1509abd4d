-- What becomes of a container that a task has done with: it becomes as new, stays for the next one
-- that shares it, or goes. How a container is reset is reset.lua's.
-- SPDX-License-Identifier: MIT
local stock = require("ggen.std.container_pool.stock")
local words = require("ggen.std.container_pool.words")

local M = {}

-- Why it is not as new: often because a task has ended it, and nothing in it answers any more.
local function why_replaced(self, one, message)
  local what = ("container %q (%s) "):format(self.name, words.short(one))
  if one:is_running() then return what .. "could not be reset and is replaced: " .. message end
  return one:end_text(what .. "has ended and is replaced")
end

local function reset(self, one)
  local world, begun = self.world, self.world.now()
  if self.spec.reset == "recreate" or self.by_process then
    self:dispose(one)
    if stock.of_use(self) and self:may_grow() and self.pool:room_for(self) then self:make() end
    return self.pool:settle()
  end
  if not stock.of_use(self, one) then
    self:dispose(one)
    return self.pool:settle()
  end
  one.state = "resetting"
  one.due = begun + self.pool.times:expected(self.name, self.spec.image, "clean")
  local ok, message = one:reset()
  if one.state ~= "resetting" then return self.pool:settle() end -- it goes meanwhile
  if ok then
    self.pool.times:add(self.name, self.spec.image, "clean", world.now() - begun)
    one.state, one.shared = "idle", nil
  else
    if not self.pool.interrupted then
      self.pool:say(self.name .. " reset", "warning", why_replaced(self, one, message))
    end
    self:dispose(one)
  end
  self.pool:settle()
end

-- A container that died under its task says why: the task only saw that nobody answered.
local function look_after(self, one, task)
  if one:is_running() then return true end
  self.pool:say(self.name .. " died " .. one.id, "warning",
    one:end_text(("container %q (%s) ended while %s had it"):format(self.name, words.short(one),
      task)), task)
  self:dispose(one)
end

---A task has done with its container.
---@param self ggen.PoolShelf
---@param lease table
---@param ok boolean
function M.release(self, lease, ok)
  local one
  for _, other in ipairs(self.list) do
    if other.id == lease.id and other.holders[lease.task] then one = other end
  end
  if not one or not one:end_lease(lease.task) then return end
  if one.shared and not self.pool.ending and not one.is_ill then
    for _, want in pairs(self.wants) do
      if want.shared then -- the next one who shares takes it as it is
        one.holders = {}
        one.lingers = true
        return self.pool:settle()
      end
    end
  end
  one.state = "resetting"
  self.pool:beside(function()
    if (not ok or one.is_ill) and not look_after(self, one, lease.task) then
      return self.pool:settle()
    end
    reset(self, one)
  end)
end

---One that was shared and that nobody has: when no one will share it any more, or somebody waits
---for one of his own, it becomes as new.
---@param self ggen.PoolShelf
function M.end_lingering(self)
  for _, one in ipairs(self.list) do
    if one.lingers and one.state == "leased" then
      local shared = self.queue:count_of(true) > 0 or next(one.holders) ~= nil
      for _, want in pairs(self.wants) do shared = shared or want.shared end
      if next(one.holders) == nil
        and (not shared or self.queue:count_of(false) > stock.coming(self)) then
        one.state, one.lingers = "resetting", nil
        self.pool:beside(function() reset(self, one) end)
      end
    end
  end
end

return M
