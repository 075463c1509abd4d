-- Whether a container of the pool is well; asleep and awake.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local ready = require("ggen.std.container_pool.ready")
local sockets = require("ggen.std.container_pool.sockets")

local async = ggen.async

local CHECK_TIME = 3 -- seconds that a container has to answer when it is to be leased
local JUST_NOW = 0.1 -- seconds after such an answer in which nothing is asked
local FRESH = 2 -- seconds awake for which a question that was answered counts

---@class ggen.PoolContainer
local Container = {}

-- A look by the engine and a question to the service, at the same time. Of one that answered a
-- moment ago, or that slept since then, only what costs next to nothing is asked: whether somebody
-- listens.
---@param is_running boolean? that is known
local function well(self, is_running)
  local answers, message
  local questions = {}
  if not is_running then
    questions[1] = function() is_running = self:is_running() end
  end
  local asked = self.spec.ready
  local thorough = asked and not asked.log and not self:is_fresh()
  if thorough then
    questions[#questions + 1] = function()
      answers, message = ready.ask(self)
      if answers then self:found_well() end
    end
  elseif next(self.ports) then
    questions[#questions + 1] = function()
      local _, port = next(self.ports)
      answers, message = self.world.connects(self.host, port)
    end
  elseif self.socket then
    questions[#questions + 1] = function()
      answers, message = sockets.answers(self.socket, self.world)
    end
  else
    answers = true
  end
  if #questions > 1 then async.all(questions) elseif questions[1] then questions[1]() end
  if not is_running then return nil, self:end_text("it has ended"), "dead" end
  if not answers then return nil, "it does not answer: " .. tostring(message), "wedged" end
  return true
end

---Whether it was asked so lately that it need not be asked again.
---@return boolean
function Container:is_fresh()
  return self.well_at ~= nil and self.world.now() - self.well_at < FRESH
end

local function check(self)
  local world, woken = self.world, nil
  if self.asleep then
    local message, kind
    woken, message, kind = self:unpause()
    -- Somebody else has woken it, or it has ended: the look tells.
    if not woken and kind ~= "conflict" then return nil, message, "dead" end
  end
  local answer, first = async.race({
    function() return { well(self, woken) } end,
    function() world.sleep(CHECK_TIME) end,
  })
  if first == 2 then
    return nil, ("it did not answer within %s"):format(ggen.units.format_duration(CHECK_TIME)),
      "wedged"
  end
  return unpack(answer, 1, 3)
end

---Asks the service once more, while nobody waits for it.
---@async
---@return boolean? ok
---@return string? message
---@return string? kind "dead" or "wedged"
function Container:verify()
  self.well_at = nil
  local ok, message, kind = self:spanned("check", check)
  if ok then self:found_well() end
  return ok, message, kind
end

---Wakes it if it sleeps, and asks whether it is well.
---@async
---@return boolean? ok
---@return string? message
---@return string? kind "dead" or "wedged"
function Container:wake()
  if not self.asleep and self.well_at and self.world.now() - self.well_at < JUST_NOW then
    return true
  end
  return self:spanned("check", check)
end

---@async
---@return boolean? done
function Container:pause()
  local ok, message, kind = self:spanned("pause", function()
    return self.world.call("pause", self.id)
  end)
  if ok then
    -- What sleeps stays as it is: its time stands still.
    self.asleep, self.age = true, self.well_at and self.world.now() - self.well_at
  end
  return ok, message, kind
end

---@async
---@return boolean? done
function Container:unpause()
  self.asleep, self.well_at = nil, self.age and self.world.now() - self.age
  return self:spanned("unpause", function() return self.world.call("unpause", self.id) end)
end

return Container
