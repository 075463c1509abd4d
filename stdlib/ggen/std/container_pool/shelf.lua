-- The containers of one name: who waits for one, who has one, and what becomes of them. They are
-- interchangeable, so that whichever is free goes to whoever waits longest. Knows no other name but
-- through the memory that all share.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local container = require("ggen.std.container_pool.container")
local opening = require("ggen.std.container_pool.opening")
local process = require("ggen.std.container_pool.process")
local queue = require("ggen.std.container_pool.queue")
local sleeping = require("ggen.std.container_pool.sleeping")
local spec_of = require("ggen.std.container_pool.spec")
local words = require("ggen.std.container_pool.words")

local async = ggen.async

local M = {}

-- What another try would not change.
local LASTING = { no_such_image = true, bad_request = true, denied = true, no_engine = true }

---@class ggen.PoolShelf
---@field name string
---@field spec table
---@field pool ggen.Pool
---@field list ggen.PoolContainer[]
---@field wants table<string, ggen.PoolWant> by task, of those that have not come yet
---@field queue ggen.PoolQueue
local Shelf = {}
Shelf.__index = Shelf

---@class ggen.PoolWant
---@field at number
---@field duration number
---@field shared boolean

---How long they stay for the next run.
---@param spec table
---@param keep number? of the pool
---@return number? seconds nil: they do not
function M.keep(spec, keep)
  local seconds = spec.keep or keep
  return seconds and seconds > 0 and seconds or nil
end

---@param pool ggen.Pool
---@param name string
---@param spec table
---@return ggen.PoolShelf
function M.new(pool, name, spec)
  return setmetatable({ pool = pool, world = pool.world, name = name, spec = spec, list = {},
    wants = {}, queue = queue.new(), most_leased = 0,
    single = spec_of.is_single(spec), keep = M.keep(spec, pool.keep) }, Shelf)
end

-- Counting ----------------------------------------------------------------------------------------

---@param state ggen.PoolState
---@return integer
function Shelf:count(state)
  local count = 0
  for _, one in ipairs(self.list) do
    if one.state == state then count = count + 1 end
  end
  return count
end

-- Those that are there, or as good as. What is on its way out counts where its port is wanted.
local function present(self)
  local count = 0
  for _, one in ipairs(self.list) do
    if one.state ~= "going" or self.single then count = count + 1 end
  end
  return count
end

-- Those that will be free by themselves.
local function coming(self)
  return self:count("making") + self:count("resetting") + self:count("busy")
end

---@return number bytes
function Shelf:memory()
  return #self.list * (self.spec.memory or 0)
end

-- How many more leases are expected: those who wait, and those who have not come yet.
local function outstanding(self)
  local count, shared = self.queue:count_of(false), self.queue:count_of(true) > 0
  for _, want in pairs(self.wants) do
    if want.shared then shared = true else count = count + 1 end
  end
  return count + (shared and 1 or 0)
end

-- How many are worth to be kept for the next run.
local function worth_keeping(self)
  if not self.keep or self.pool.interrupted then return 0 end
  return math.max(self.spec.min, self.most_leased)
end

-- Whether one more container that is as new would be of use.
---@param except ggen.PoolContainer? that does not count
local function of_use(self, except)
  local count = self:count("idle") + coming(self)
  if except and except.state == "resetting" then count = count - 1 end
  return not self.pool.ending and outstanding(self) > count or count < worth_keeping(self)
end

-- Making ------------------------------------------------------------------------------------------

local function drop(self, one)
  for i, other in ipairs(self.list) do
    if other == one then table.remove(self.list, i) break end
  end
end

---Removes one, beside everything else.
---@param one ggen.PoolContainer
function Shelf:dispose(one)
  if one.state == "going" then return end
  one.state = "going"
  self.pool:beside(function()
    local ok, message = one:remove()
    drop(self, one)
    if not ok then
      self.pool:say(self.name .. " remove", "warning",
        ("container %s of the pool cannot be removed: %s"):format(words.short(one), message))
    end
    self.pool:settle()
  end)
end

-- One could not be made. Who waits is told; what would fail again is not tried again.
local function failed(self, message, kind)
  if kind == "aborted" then return end
  local text = kind == "no_engine" and message
    or ("no container %q: %s"):format(self.name, message)
  if LASTING[kind] or not self.has_worked then
    self.broken = { text, kind }
    self.queue:answer_all(nil, text, kind)
    return
  end
  local entry = self.queue:first()
  -- Others are there, or come: who waits may still get one of those.
  if not entry or present(self) > 0 then return end
  self.queue:remove(entry)
  queue.answer(entry, nil, text, kind)
end

---Gets to know the image and what a former run has left; once.
---@async
---@return boolean? ok
---@return string? message
---@return string? kind
function Shelf:open()
  if not self.opening then
    self.opening = async.future()
    self.pool:beside(function()
      local ok, message, kind = opening.open(self)
      if not ok then failed(self, message, kind) end
      self.is_open = true
      self.opening:resolve(ok, message, kind)
      self.pool:settle()
    end)
  end
  return self.opening:wait()
end

local function make(self, one)
  local world, begun = self.world, self.world.now()
  local fine, ok, message, kind = pcall(one.make, one)
  if not fine then -- what the engine's client does not take
    if ok == async.CANCELLED then error(ok, 0) end
    ok, message, kind = nil, tostring(ok), "bad_request"
  end
  if ok and one.state == "making" and not one.is_aborted then
    self.pool.times:add(self.name, self.spec.image, "make", world.now() - begun)
    self.has_worked, one.state = true, "idle"
  else
    self:dispose(one)
    failed(self, message or "the run ended", kind or "aborted")
  end
  self.pool:settle()
end

---Begins to make one.
function Shelf:make()
  local kind = self.by_process and process or container
  local one = kind.new(self.world, self.name, self.spec, self.config, self.keep)
  one.due = self.world.now() + self.pool.times:expected(self.name, self.spec.image, "make")
  self.list[#self.list + 1] = one
  self.pool:beside(function() make(self, one) end)
end

---Whether one more may be begun.
---@return boolean
function Shelf:may_grow()
  return self.is_open and not self.broken and present(self) < self.spec.size
    and not (self.pool.ending and self.pool.interrupted)
end

-- Leases ------------------------------------------------------------------------------------------

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

---Removes one that is not well.
---@param one ggen.PoolContainer
---@param message string
function Shelf:replace(one, message)
  self.pool:say(self.name .. " health", "warning",
    ("container %q (%s) was not well and is replaced: %s"):format(self.name, words.short(one),
      message))
  self:dispose(one)
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

-- Gives what is free to who waits.
local function serve(self)
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
    no_room = present(self) < self.spec.size and self:count("making") == 0,
  }), "timeout")
end

---Waits for a container.
---@async
---@param task string
---@param shared boolean
---@return table? lease
---@return string? message
---@return string? kind
function Shelf:acquire(task, shared)
  local entry = { task = task, shared = shared, since = self.world.now(),
    before = self.queue:count(), duration = self:came(task) }
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

---A task wants its container now: it is expected no more, and others may come sooner than thought.
---@param task string
---@return number seconds for which it will have it
function Shelf:came(task)
  local want = self.wants[task]
  if not want then return 0 end
  self.wants[task] = nil
  self.pool:earlier(want.at - self.world.now())
  return want.duration
end

-- Reset -------------------------------------------------------------------------------------------

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
    if of_use(self) and self:may_grow() and self.pool:room_for(self) then self:make() end
    return self.pool:settle()
  end
  if not of_use(self, one) then
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
---@param lease table
---@param ok boolean
function Shelf:release(lease, ok)
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

-- One that was shared and that nobody has: when no one will share it any more, or somebody waits
-- for one of his own, it becomes as new.
local function end_lingering(self)
  for _, one in ipairs(self.list) do
    if one.lingers and one.state == "leased" then
      local shared = self.queue:count_of(true) > 0 or next(one.holders) ~= nil
      for _, want in pairs(self.wants) do shared = shared or want.shared end
      if next(one.holders) == nil
        and (not shared or self.queue:count_of(false) > coming(self)) then
        one.state, one.lingers = "resetting", nil
        self.pool:beside(function() reset(self, one) end)
      end
    end
  end
end

---Does what there is to do now: gives, makes, wakes.
---@param now number
---@return number? next_at when to look again
function Shelf:settle(now)
  serve(self)
  if self.pool.ending then return nil end
  -- Who waits gets new ones, as many as may be.
  local shared = self.queue:count_of(true) > 0 and 1 or 0
  while self.queue:count_of(false) + shared > coming(self) and self:may_grow()
    and self.pool:room_for(self, true) do
    self:make()
  end
  end_lingering(self)
  -- What nobody will want goes, and leaves its memory to others.
  if not self.keep and outstanding(self) == 0 then
    for _, one in ipairs(self.list) do
      if one.state == "idle" then self:dispose(one) end
    end
  end
  return sleeping.settle(self, now)
end

---What forecast.lua wants to know.
---@param now number
---@return table
function Shelf:forecast(now)
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

-- The end -----------------------------------------------------------------------------------------

---Nobody gets anything any more; what is being made in vain is given up.
function Shelf:close()
  self.queue:answer_all(nil, "the run is over", "closed")
  local left = worth_keeping(self)
  for _, one in ipairs(self.list) do
    local state = one.state
    if state ~= "going" and state ~= "leased" then
      if left <= 0 and state == "making" then one:abort() end
      if left <= 0 and state == "resetting" then self:dispose(one) end
      left = left - 1
    end
  end
end

---What is left of them is kept or removed.
---@return function[] that may wait
function Shelf:leave()
  local work = {}
  for _, one in ipairs(self.list) do
    if one.state == "idle" and self.keep then
      work[#work + 1] = function()
        if not one:let_go(self.keep) then return self:dispose(one) end
        drop(self, one)
      end
    elseif one.state ~= "going" then
      work[#work + 1] = function() self:dispose(one) end
    end
  end
  return work
end

return M
