-- A service of the pool as a process of this machine, where no container engine is: what
-- container.lua is there. Each lease has a new one.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local async, trace = ggen.async, ggen.trace

local M = {}

---@class ggen.PoolProcess: ggen.PoolContainer
local Process = {}
Process.__index = Process

local count = 0 -- their ids are numbers

---@param world table
---@param name string
---@param spec table with a fallback
---@return ggen.PoolProcess
function M.new(world, name, spec)
  count = count + 1
  return setmetatable({ world = world, name = name, spec = spec, state = "making", holders = {},
    ports = {}, id = ("process-%d"):format(count), row = trace.enabled()
      and trace.row("service " .. name) or nil, aborted = async.future() }, Process)
end

local function span(self, what, began)
  if self.row then trace.span(self.row, "container", what .. " " .. self.name, began) end
end

---Starts it, and waits until it is ready.
---@async
---@return boolean? done
---@return string? message
---@return string? kind
function Process:make()
  local began, service, message = self.row and trace.now(), nil, nil
  local _, first = async.race({
    function()
      service, message = ggen.local_service.start(self.spec.fallback,
        { cwd = self.world.project_dir })
    end,
    function() self.aborted:wait() end,
  })
  span(self, "make", began)
  if first == 2 then return nil, "the run ended before it was ready", "aborted" end
  if not service then return nil, "its fallback: " .. message, "failed" end
  self.service, self.host, self.pid = service, service.host, service.pid
  for i, port in ipairs(self.spec.ports) do
    if i == 1 then self.ports[port.container .. "/" .. port.protocol] = service.port end
  end
  return true
end

---Ends the waiting of one that is being made.
function Process:abort() self.aborted:resolve() end

---@return boolean? ok
---@return string? message
---@return string? kind
function Process:wake()
  if self.service:alive() then return true end
  return nil, "it has ended: " .. self.service:ending(), "dead"
end

---@return boolean
function Process:is_running() return self.service:alive() end

---@param what string
---@return string
function Process:end_text(what) return ("%s (%s)"):format(what, self.service:ending() or "?") end

---Nothing of it is made ready for a reset.
function Process:prepare() return self end

---@return table lease without the environment of the recipe
function Process:lease_table()
  return { name = self.name, id = self.id, host = self.host, port = self.service.port,
    ports = self.ports, socket = self.service.dir, pid = self.pid, env = {} }
end

---@param task string
function Process:begin_lease(task)
  self.leased_at = self.leased_at or self.row and trace.now()
  self.holders[task] = self.world.now()
end

---@param task string
---@return boolean free nobody has it any more
function Process:end_lease(task)
  self.holders[task] = nil
  if next(self.holders) ~= nil then return false end
  span(self, "lease", self.leased_at)
  self.leased_at = nil
  return true
end

---@async
---@return boolean done
function Process:remove()
  if self.service then self.service:stop() end
  return true
end

return M
