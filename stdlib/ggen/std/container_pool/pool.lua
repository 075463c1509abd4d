-- The container pool: all names together, the memory that they share, and the schedule by which
-- containers are made before they are wanted. It stands on a `world`: the container engine, the
-- clock, and whoever keeps books of containers (world.lua has the real one).
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local forecast = require("ggen.std.container_pool.forecast")
local shelf = require("ggen.std.container_pool.shelf")

local async = ggen.async

local M = {}

---@class ggen.PoolOptions
---@field containers table<string, table> checked specs (spec.lua) by name
---@field memory number? bytes that all may use together
---@field keep number? seconds
---@field timeout number seconds that a task waits for a lease
---@field predict boolean

---@class ggen.Pool
---@field world table
---@field timeout number
---@field keep number?
---@field times ggen.ContainerTimes
---@field ending boolean? no task will come any more
---@field interrupted boolean? and nothing is worth to be kept but what is ready
local Pool = { __name = "ggen.Pool" }
Pool.__index = Pool

---@param options ggen.PoolOptions
---@param world table
---@return ggen.Pool
function M.new(options, world)
  local self = setmetatable({ world = world, timeout = options.timeout, keep = options.keep,
    predict = options.predict, budget = options.memory, shelves = {}, names = {}, said = {},
    working = 0, lead = 0 }, Pool)
  for name, spec in pairs(options.containers) do
    self.shelves[name] = shelf.new(self, name, spec)
    self.names[#self.names + 1] = name
  end
  table.sort(self.names)
  return self
end

---Says something; what has been said once is not said again.
---@param about string
---@param level "info"|"warning"|"error"
---@param text string
---@param task string?
function Pool:say(about, level, text, task)
  if self.said[about] then return end
  self.said[about] = true
  self.world.note(level, text, task)
end

---Does something beside the tasks; drain() waits for its end.
---@param fn fun()
function Pool:beside(fn)
  self.working = self.working + 1
  async.run(fn, function(ok, problem)
    self.working = self.working - 1
    if not ok and problem ~= async.CANCELLED then
      self:say("bug " .. tostring(problem), "error", ("the container pool is broken (a bug): %s")
        :format(tostring(problem)))
    end
    if self.working == 0 and self.idle then self.idle:resolve() end
  end)
end

-- Memory ------------------------------------------------------------------------------------------

local function in_use(self)
  local bytes = 0
  for _, name in ipairs(self.names) do bytes = bytes + self.shelves[name]:memory() end
  return bytes
end

---Whether the memory budget leaves room for one more of a name. For somebody who waits, others that
---nobody has make room.
---@param which ggen.PoolShelf
---@param wanted boolean? somebody waits for it
---@return boolean
function Pool:room_for(which, wanted)
  local needed = which.spec.memory or 0
  if not self.budget or in_use(self) + needed <= self.budget then return true end
  if not wanted then return false end
  local missing, leaving = in_use(self) + needed - self.budget, 0
  for _, name in ipairs(self.names) do
    local other = self.shelves[name]
    leaving = leaving + other:count("going") * (other.spec.memory or 0)
  end
  for _, name in ipairs(self.names) do
    local other = self.shelves[name]
    for _, one in ipairs(other ~= which and other.list or {}) do
      if leaving >= missing then break end
      if one.state == "idle" then
        leaving = leaving + (other.spec.memory or 0)
        other:dispose(one)
      end
    end
  end
  if leaving >= missing then return false end
  -- A task that has one container already would keep its memory while it waits for another.
  for _, entry in ipairs(which.queue:entries()) do
    if self:has_lease(entry.task) then return true end
  end
  return false
end

---@param task string
---@return boolean
function Pool:has_lease(task)
  for _, name in ipairs(self.names) do
    for _, one in ipairs(self.shelves[name].list) do
      if one.holders[task] then return true end
    end
  end
  return false
end

-- The schedule ------------------------------------------------------------------------------------

-- What was expected comes sooner when others came sooner.
---@param seconds number
function Pool:earlier(seconds)
  if seconds <= 0 or not self.predict then return end
  for _, name in ipairs(self.names) do
    for _, want in pairs(self.shelves[name].wants) do want.at = want.at - seconds end
  end
end

local function begin_what_is_due(self, now)
  local pools = {}
  for _, name in ipairs(self.names) do
    local one = self.shelves[name]
    if next(one.wants) ~= nil and one.is_open and not one.broken then
      pools[name] = one:forecast(now)
    end
  end
  if next(pools) == nil then return nil end
  local room = self.budget and self.budget - in_use(self)
  for _, start in ipairs(forecast.starts(now, pools, room)) do
    if start.at > now then return start.at end
    local one = self.shelves[start.name]
    if one:may_grow() and self:room_for(one) then one:make() end
  end
end

---Does what there is to do now, and sets the clock for what comes next.
function Pool:settle()
  if self.settling then
    self.again = true
    return
  end
  self.settling = true
  local next_at
  repeat
    self.again = false
    local now = self.world.now()
    next_at = nil
    local function sooner(at)
      if at and (not next_at or at < next_at) then next_at = at end
    end
    for _, name in ipairs(self.names) do
      if self.shelves[name].is_open then sooner(self.shelves[name]:settle(now)) end
    end
    if self.predict and not self.ending then sooner(begin_what_is_due(self, now)) end
  until not self.again
  self.settling = false
  if self.timer then self.timer:close() end
  self.timer = next_at and not self.ending
    and self.world.timer(math.max(0, next_at - self.world.now()), function()
      self.timer = nil
      self:settle()
    end) or nil
end

-- The calls of the host ---------------------------------------------------------------------------

local function begin(self)
  if not self.times then self.times = self.world.times() end
end

-- Those that are to be there from the start.
local function make_least(self, one)
  while one:may_grow() and #one.list < one.spec.min and self:room_for(one) do one:make() end
end

---Hears what will be wanted, and when; begins with it.
---@async
---@param wants table[] { task, services, shared, start, duration } as of the host
function Pool:warm(wants)
  begin(self)
  local now, names = self.world.now(), {}
  for number, want in ipairs(wants) do
    for _, name in ipairs(want.services) do
      local one = self.shelves[name]
      if one then
        one.wants[want.task] = { at = now + (want.start or 0), duration = want.duration or 0,
          shared = want.shared ~= nil and want.shared[name] == true, number = number }
        if not names[name] then
          names[name] = true
          names[#names + 1] = name
        end
      end
    end
  end
  if #names == 0 then return end
  -- Without a schedule a name is looked at when somebody wants it.
  local work = {}
  for _, name in ipairs(names) do
    local one = self.shelves[name]
    if self.predict or one.spec.min > 0 then
      work[#work + 1] = function()
        if one:open() then make_least(self, one) end
      end
    end
  end
  async.all(work)
  self:settle()
end

---Waits for a container.
---@async
---@param spec { name: string, task: string, shared: boolean? }
---@return table? lease
---@return string? message
---@return string? kind
function Pool:acquire(spec)
  begin(self)
  if self.ending then return nil, "the run is over", "closed" end
  return self.shelves[spec.name]:acquire(spec.task, spec.shared or false)
end

---A task has done with its container.
---@param lease table
---@param result { ok: boolean }?
function Pool:release(lease, result)
  self.shelves[lease.name]:release(lease, result == nil or result.ok ~= false)
end

local function wait_for_work(self)
  if self.working == 0 then return end
  self.idle = async.future()
  self.idle:wait()
  self.idle = nil
end

---The end of the run: what is not kept goes.
---@async
---@param interrupted boolean?
function Pool:drain(interrupted)
  if not self.times then return end -- nobody wanted anything
  self.ending, self.interrupted = true, interrupted
  if self.timer then self.timer:close() end
  self.timer = nil
  for _, name in ipairs(self.names) do self.shelves[name]:close() end
  wait_for_work(self)
  local work = {}
  for _, name in ipairs(self.names) do
    for _, fn in ipairs(self.shelves[name]:leave()) do work[#work + 1] = fn end
  end
  async.all(work)
  wait_for_work(self)
  self.times:save()
  self.world.close()
end

---Ctrl-C while it drains: what is not as new by now goes, instead of being waited for.
function Pool:hurry()
  if not self.ending then return end
  self.interrupted = true
  for _, name in ipairs(self.names) do self.shelves[name]:close() end
end

return M
