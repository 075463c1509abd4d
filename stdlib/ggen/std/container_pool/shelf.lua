-- The containers of one name: they are made, given to tasks (lending.lua), taken back
-- (returning.lua), put to sleep (sleeping.lua) and removed. Knows no other name but through the
-- memory that all share.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local container = require("ggen.std.container_pool.container")
local lending = require("ggen.std.container_pool.lending")
local opening = require("ggen.std.container_pool.opening")
local process = require("ggen.std.container_pool.process")
local queue = require("ggen.std.container_pool.queue")
local returning = require("ggen.std.container_pool.returning")
local sleeping = require("ggen.std.container_pool.sleeping")
local spec_of = require("ggen.std.container_pool.spec")
local stock = require("ggen.std.container_pool.stock")
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
---@field wants table<string, ggen.ExpectedLease> by task, of those that have not come yet
---@field queue ggen.PoolQueue
local Shelf = {}
Shelf.__index = Shelf

---@class ggen.ExpectedLease
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

-- What there is, and what is expected.
Shelf.count, Shelf.forecast = stock.count, stock.forecast

-- Tasks come and go.
Shelf.acquire, Shelf.release = lending.acquire, returning.release

---@return number bytes
function Shelf:memory()
  return #self.list * (self.spec.memory or 0)
end

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

---Removes one that is not well.
---@param one ggen.PoolContainer
---@param message string
function Shelf:replace(one, message)
  self.pool:say(self.name .. " health", "warning",
    ("container %q (%s) was not well and is replaced: %s"):format(self.name, words.short(one),
      message))
  self:dispose(one)
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
  if not entry or stock.present(self) > 0 then return end
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
  return self.is_open and not self.broken and stock.present(self) < self.spec.size
    and not (self.pool.ending and self.pool.interrupted)
end

---Does what there is to do now: gives, makes, wakes.
---@param now number
---@return number? next_at when to look again
function Shelf:settle(now)
  lending.serve(self)
  if self.pool.ending then return nil end
  -- Who waits gets new ones, as many as may be.
  local shared = self.queue:count_of(true) > 0 and 1 or 0
  while self.queue:count_of(false) + shared > stock.coming(self) and self:may_grow()
    and self.pool:room_for(self, true) do
    self:make()
  end
  returning.end_lingering(self)
  -- What nobody will want goes, and leaves its memory to others.
  if not self.keep and stock.outstanding(self) == 0 then
    for _, one in ipairs(self.list) do
      if one.state == "idle" then self:dispose(one) end
    end
  end
  return sleeping.settle(self, now)
end

---Nobody gets anything any more; what is being made in vain is given up.
function Shelf:close()
  self.queue:answer_all(nil, "the run is over", "closed")
  local left = stock.worth_keeping(self)
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
