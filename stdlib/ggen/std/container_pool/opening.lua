-- What a name of the pool stands for on this machine: its image, fetched where it is missing, and
-- the containers that a former run has left for this one.
-- SPDX-License-Identifier: MIT
local container = require("ggen.std.container_pool.container")
local spec_of = require("ggen.std.container_pool.spec")

local M = {}

-- Fetches the image.
local function fetch(self)
  local spec = self.spec
  if spec.pull == "never" then
    return nil, ('the image %s is not on this machine (pull = "missing" fetches it)'):format(
      spec.image), "no_such_image"
  end
  self.pulling = true
  self.pool:say(self.name .. " pull", "info", ("fetching the image %s"):format(spec.image))
  local pulled, why, problem = self.world.call("pull", spec.image)
  self.pulling = nil
  if pulled then return self.world.call("image", spec.image) end
  return nil, ("the image %s is not on this machine, and it cannot be fetched: %s"):format(
    spec.image, why), problem == "no_engine" and problem or "no_such_image"
end

-- Takes up what was kept, as many as there may be.
local function adopt(self)
  local found = self.world.adopt(self.name, self.config)
  for i, kept in ipairs(found) do
    local one = container.new(self.world, self.name, self.spec, self.config, self.keep)
    one.state = "busy"
    self.list[#self.list + 1] = one
    if one:adopt(kept.container) and i <= self.spec.size then
      self.has_worked = true
    else
      self:dispose(one)
    end
  end
end

---@async
---@param self ggen.PoolShelf
---@return boolean? ok
---@return string? message
---@return string? kind
function M.open(self)
  local image, message, kind = self.world.call("image", self.spec.image)
  if not image and kind == "no_such_image" then image, message, kind = fetch(self) end
  if not image and kind == "no_engine" and self.spec.fallback then
    self.by_process, self.keep = true, nil
    self.pool:say("fallback", "info", "there is no container engine: services run as processes of"
      .. " this machine where they have a fallback")
    return true
  end
  if not image then return nil, message, kind end
  self.config = spec_of.digest(self.spec, image.id)
  self.world.know_image(self.spec.image, image)
  adopt(self)
  return true
end

return M
