-- What there is of the containers of one name, and what is expected: how many are there, how many
-- more tasks will want one. Changes nothing.
-- SPDX-License-Identifier: MIT
local M = {}

---How many of them are in a state.
---@param self ggen.PoolShelf
---@param state ggen.PoolState
---@return integer
function M.count(self, state)
  local count = 0
  for _, one in ipairs(self.list) do
    if one.state == state then count = count + 1 end
  end
  return count
end

---Those that are there, or as good as. What is on its way out counts where its port is wanted.
---@param self ggen.PoolShelf
---@return integer
function M.present(self)
  local count = 0
  for _, one in ipairs(self.list) do
    if one.state ~= "going" or self.single then count = count + 1 end
  end
  return count
end

---Those that will be free by themselves.
---@param self ggen.PoolShelf
---@return integer
function M.coming(self)
  return M.count(self, "making") + M.count(self, "resetting") + M.count(self, "busy")
end

---How many more leases are expected: those who wait, and those who have not come yet.
---@param self ggen.PoolShelf
---@return integer
function M.outstanding(self)
  local count, shared = self.queue:count_of(false), self.queue:count_of(true) > 0
  for _, want in pairs(self.wants) do
    if want.shared then shared = true else count = count + 1 end
  end
  return count + (shared and 1 or 0)
end

---How many are worth to be kept for the next run.
---@param self ggen.PoolShelf
---@return integer
function M.worth_keeping(self)
  if not self.keep or self.pool.interrupted then return 0 end
  return math.max(self.spec.min, self.most_leased)
end

---Whether one more container that is as new would be of use.
---@param self ggen.PoolShelf
---@param except ggen.PoolContainer? that does not count
---@return boolean
function M.of_use(self, except)
  local count = M.count(self, "idle") + M.coming(self)
  if except and except.state == "resetting" then count = count - 1 end
  return not self.pool.ending and M.outstanding(self) > count or count < M.worth_keeping(self)
end

---What forecast.lua wants to know.
---@param self ggen.PoolShelf
---@param now number
---@return table
function M.forecast(self, now)
  local times, stock, wants = self.pool.times, {}, {}
  local fresh = self.spec.reset == "recreate" or self.by_process
  local making = times:expected(self.name, self.spec.image, "make")
  local clean = fresh and making or times:expected(self.name, self.spec.image, "clean")
  for _, one in ipairs(self.list) do
    if one.state ~= "going" then
      local taken = one.state == "leased" or one.state == "waking"
      stock[#stock + 1] = taken and math.max(now, one.free_at or now) + clean
        or math.max(now, one.state ~= "idle" and one.due or now)
    end
  end
  for i, entry in ipairs(self.queue:entries()) do
    wants[i] = { at = now, number = i - 1e6, duration = entry.duration, shared = entry.shared }
  end
  for _, want in pairs(self.wants) do wants[#wants + 1] = want end
  table.sort(wants, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.number < b.number
  end)
  return { size = self.spec.size, memory = self.spec.memory, stock = stock, wants = wants,
    make = making, clean = clean }
end

return M
