-- Not only containers can be leased: here the GPUs of a machine, each by one task at a time.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

local Gpus = {}
Gpus.__index = Gpus

function Gpus:acquire(request)
  local free = self.free[request.name]
  if not free then return nil, "there are no such GPUs" end
  while #free == 0 do
    self.change = self.change or ggen.async.future()
    self.change:wait()
  end
  return { env = { CUDA_VISIBLE_DEVICES = table.remove(free, 1) } }
end

function Gpus:release(lease)
  table.insert(self.free[lease.name], lease.env.CUDA_VISIBLE_DEVICES)
  local change = self.change
  self.change = nil
  if change then change:resolve() end
end

---@type ggen.Plugin
return {
  name = "gpus",
  kind = "containers",
  version = "1.0.0",
  api = 1,
  desc = "Hand out the GPUs of this machine, one for each task",
  params = {
    gpus = { type = "map", of = { type = "list", of = { type = "string" } }, default = {},
      desc = "Their numbers, by the name that tasks lease" },
  },
  rest = "gpus", -- the names that are no params
  services = function(params)
    local values = {}
    for name in pairs(params.gpus) do values[name] = true end -- which of them it is changes nothing
    return values
  end,
  setup = function(params)
    local self = setmetatable({ free = {} }, Gpus)
    for name, list in pairs(params.gpus) do self.free[name] = { unpack(list) } end
    return self
  end,
}
