-- Who waits for a container of a name, and which one it gets. They are interchangeable, so that
-- whichever is free goes to whoever waits longest, once it was asked whether it is well. Makes
-- none.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local queue = require("ggen.std.container_pool.queue")
local spec_of = require("ggen.std.container_pool.spec")
local stock = require("ggen.std.container_pool.stock")
local words = require("ggen.std.container_pool.words")

local async = ggen.async

local M = {}

-- One that is as new; those that are awake first.
local function free_one(self)
  local found
  for _, one in ipairs(self.list) do
    if one.state == "idle" and (not found or found.asleep and not one.asleep) then found = one end
  end
  return found
end

-- The one that is shared; not for somebody who would keep others waiting for ever.
local function shared_one(self)
  for _, one in ipairs(self.list) do
    if one.state == "leased" and one.shared and not one.is_ill then return one end
  end
end

local function holders(self)
  local list, now = {}, self.world.now()
  for _, one in ipairs(self.list) do
    for task, since in pairs(one.holders) do
      list[#list + 1] = { task = task, seconds = now - since, shared = one.shared }
    end
  end
  table.sort(list, function(a, b)
    if a.seconds ~= b.seconds then return a.seconds > b.seconds end
    return a.task < b.task
  end)
  return list
end

-- The lease as the task gets it, or why the recipe has none.
local function lease_for(self, one, entry)
  local lease = one:lease_table()
  lease.task = entry.task
  if type(self.spec.lease) == "table" then
    lease.env = spec_of.filled_in(self.spec.lease, lease)
  elseif self.spec.lease then
    local ok, env = pcall(self.spec.lease, lease)
    if not ok or type(env) ~= "table" and env ~= nil then
      return nil, ("container %q: its function lease %s"):format(self.name,
        ok and ("returned a " .. type(env) .. ", a table of variables expected")
          or "raised: " .. tostring(env)), "failed"
    end
    lease.env = env or {}
  end
  return lease
end

local function hand_over(self, one, entry)
  local lease, message, kind = lease_for(self, one, entry)
  if lease then
    one.state, one.shared = "leased", entry.shared
    one:begin_lease(entry.task)
    self.pool:beside(function() one:prepare() end)
    local leased = self:count("leased")
    if leased > self.most_leased then self.most_leased = leased end
  elseif not one.shared then
    one.state = "idle"
  end
  queue.answer(entry, lease, message, kind)
end

-- Asks one whether it is well and gives it to who waits.
local function deliver(self, one, entry)
  local joined = one.shared and one.state == "leased"
  if not joined then
    one.state, one.free_at = "waking", self.world.now() + entry.duration
  end
  local ok, message = one:wake()
  if not ok and joined then
    one.is_ill = true -- nobody joins any more; who has it will notice
  elseif one.state == "going" then
    ok = false
  elseif not ok then
    self:replace(one, message)
  elseif joined and one.state ~= "leased" then
    ok = false -- the last one has just gone
  elseif entry.answer then
    hand_over(self, one, entry)
  elseif not joined then
    one.state = "idle"
  end
  if not ok and entry.answer then self.queue:add_first(entry) end
  self.pool:settle()
end

---Gives what is free to who waits.
---@param self ggen.PoolShelf
function M.serve(self)
  while true do
    local entry = self.queue:first()
    if not entry then return end
    local one
    if entry.shared then one = shared_one(self) end
    one = one or free_one(self)
    if not one then return end
    self.queue:remove(entry)
    self.pool:beside(function() deliver(self, one, entry) end)
  end
end

local function time_out(self, entry)
  if not entry.answer then return end
  if self.pulling then -- nobody knows how long that takes
    entry.timer = self.world.timer(self.pool.timeout, function() time_out(self, entry) end)
    return
  end
  self.queue:remove(entry)
  queue.answer(entry, nil, words.timed_out(self.name, self.pool.timeout, {
    size = self.spec.size, holders = holders(self), making = self:count("making"),
    resetting = self:count("resetting"), before = entry.before,
    no_room = stock.present(self) < self.spec.size and self:count("making") == 0,
  }), "timeout")
end

-- A task wants its container now: it is expected no more, and others may come sooner than thought.
-- For how long it will have it.
local function came(self, task)
  local want = self.wants[task]
  if not want then return 0 end
  self.wants[task] = nil
  self.pool:earlier(want.at - self.world.now())
  return want.duration
end

---Waits for a container.
---@async
---@param self ggen.PoolShelf
---@param task string
---@param shared boolean
---@return table? lease
---@return string? message
---@return string? kind
function M.acquire(self, task, shared)
  local entry = { task = task, shared = shared, since = self.world.now(),
    before = self.queue:count(), duration = came(self, task) }
  self.queue:add(entry)
  local lease, message, kind = async.await(function(resume)
    entry.answer = resume
    entry.timer = self.world.timer(self.pool.timeout, function() time_out(self, entry) end)
    self.pool:beside(function() -- what is answered at once is answered on the way
      if not self.is_open then self:open() end
      if self.broken and entry.answer then
        self.queue:remove(entry)
        queue.answer(entry, nil, self.broken[1], self.broken[2])
      else
        self.pool:settle()
      end
    end)
    return { close = function()
      entry.answer = nil
      entry.timer:close()
      self.queue:remove(entry)
      self.pool:settle()
    end }
  end)
  entry.answer = nil
  entry.timer:close()
  return lease, message, kind
end

return M
