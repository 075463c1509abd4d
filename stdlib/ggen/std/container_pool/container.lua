-- One container of the pool: made, leased, removed. What else is done with it is in commands.lua,
-- health.lua and reset.lua. Each of these is a span in the row of the container. Knows no queue and
-- no other container.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local ready = require("ggen.std.container_pool.ready")
local sockets = require("ggen.std.container_pool.sockets")
local spec_of = require("ggen.std.container_pool.spec")

local async, trace = ggen.async, ggen.trace

local M = {}

---@alias ggen.PoolState
---| "making" not yet ready
---| "idle" as new; asleep or not
---| "busy" about to be idle: being put to sleep or woken
---| "waking" asked whether it is well, for somebody who waits
---| "leased"
---| "resetting"
---| "going" on its way out

---@class ggen.PoolContainer
---@field world table what the pool stands on (pool.lua)
---@field name string of its pool
---@field spec table
---@field state ggen.PoolState
---@field id string? once it is created
---@field host string
---@field ports table<string, integer>
---@field socket string? directory of this machine
---@field holders table<string, number> tasks that have it, and since when
---@field shared boolean? leased to those who share it
---@field asleep boolean? paused
local Container = {}
Container.__index = Container

-- Methods that other files give, of the same class.
for _, part in ipairs({ "commands", "health", "reset" }) do
  local methods = require("ggen.std.container_pool." .. part)
  for name, method in pairs(methods) do Container[name] = method end
end

local free_rows = {} -- of the trace, by the names of pools

-- A row of the trace that no other container has now.
local function take_row(self)
  if not trace.enabled() then return end
  local free = free_rows[self.name]
  self.row = free and table.remove(free) or trace.row("container " .. self.name)
end

---@param world table
---@param name string
---@param spec table
---@param config string digest
---@param keep number? seconds for which it may stay after the run
---@return ggen.PoolContainer
function M.new(world, name, spec, config, keep)
  local self = setmetatable({ world = world, name = name, spec = spec, config = config,
    keep = keep,
    state = "making", holders = {}, ports = {}, host = "127.0.0.1",
    aborted = async.future(), one_command = async.semaphore(1) }, Container)
  take_row(self)
  return self
end

---Does something as a span of the container's row.
---@async
---@param what string
---@param fn fun(self: ggen.PoolContainer, ...): any, string?, string?
---@return any result
---@return string? message
---@return string? kind
function Container:spanned(what, fn, ...)
  if not self.row then return fn(self, ...) end
  local begun = trace.now()
  local result, message, kind = fn(self, ...)
  trace.span(self.row, "container", what .. " " .. self.name, begun, nil,
    { id = self.id and self.id:sub(1, 12) or "", ok = result and true or false })
  return result, message, kind
end

---Takes what a look at the container shows of where it is reached.
---@param seen table of inspect
function Container:take_addresses(seen)
  for _, port in ipairs(self.spec.ports) do
    local key = port.container .. "/" .. port.protocol
    local published = seen.ports and seen.ports[key]
    self.ports[key] = published and published.port
      or (self.spec.network == "host" and port.container or nil)
    if published and published.ip and published.ip ~= "" and published.ip ~= "0.0.0.0" then
      self.host = published.ip
    end
  end
  self.pid = seen.pid
  for _, mount in ipairs(self.spec.socket and seen.mounts or {}) do
    if mount.target == self.spec.socket then self.socket = mount.source end
  end
end

---Where a port of the container is reached from here.
---@param port integer
---@return string host
---@return integer port
function Container:address(port)
  return self.host, self.ports[port .. "/tcp"] or port
end

---@async
---@return boolean
function Container:is_running()
  local seen = self.world.call("inspect", self.id)
  self.seen = seen
  return seen ~= nil and seen.running and not seen.paused
end

-- The last lines that the container wrote.
local function last_lines(self)
  local log = self.world.call("logs", self.id, { tail = 3 })
  local lines = {}
  for line in (log and log.stdout .. log.stderr or ""):gmatch("[^\r\n]+") do
    lines[#lines + 1] = line
  end
  return table.concat(lines, " | ", math.max(1, #lines - 2))
end

---How it ended, as far as the engine knows.
---@async
---@param what string
---@return string
function Container:end_text(what)
  local seen = self.seen
  if not seen then return what .. " (the container is gone)" end
  local lines = last_lines(self)
  return ("%s (exit code %s%s)%s"):format(what, seen.exit_code or "unknown",
    seen.oom and ", out of memory" or "", lines ~= "" and "; its last lines: " .. lines or "")
end

---It was just asked, and answered.
function Container:found_well() self.well_at = self.world.now() end

-- Made --------------------------------------------------------------------------------------------

local function create(self)
  local world, spec = self.world, self.spec
  local name = ("ggen-%s-%s"):format(self.name:gsub("[^%w_.-]", "_"), ggen.random.hex(6))
  if spec.socket then
    local dir, message = sockets.make(world.project_dir, name)
    if not dir then return nil, "no directory for its sockets: " .. message, "world" end
    self.socket, self.own_socket = dir, dir
  end
  local id, message, kind = world.create(spec_of.creation(spec, {
    name = name, project_dir = world.project_dir, socket_dir = self.socket,
  }), { name = self.name, config = self.config, keep = self.keep })
  if not id then return nil, message, kind end
  self.id = id
  return true
end

local function start(self)
  local ok, message, kind = self.world.call("start", self.id)
  if not ok then return nil, message, kind end
  local seen
  seen, message, kind = self.world.call("inspect", self.id)
  if not seen then return nil, message, kind end
  self.seen = seen
  self:take_addresses(seen)
  return true
end

---@async
---@return boolean? ready
---@return string? message
---@return string? kind
function Container:become_ready() return ready.wait(self, self.aborted) end

local function make(self)
  for _, step in ipairs({ { "create", create }, { "start", start },
    { "ready", self.become_ready } }) do
    if self.is_aborted then return nil, "the run ended before it was made", "aborted" end
    local ok, message, kind = self:spanned(step[1], step[2])
    if not ok then return nil, message, kind end
  end
  return true
end

---Makes it, until it is ready.
---@async
---@return boolean? done
---@return string? message
---@return string? kind
function Container:make()
  local ok, message, kind = self:spanned("make", make)
  if ok then self:found_well() end
  return ok, message, kind
end

---Takes over one that a former run has kept.
---@async
---@param seen table of inspect
---@return boolean usable
function Container:adopt(seen)
  self.id, self.seen = seen.id, seen
  self:take_addresses(seen)
  self.own_socket = self.spec.socket and self.socket
  if not seen.running then return false end
  self.state, self.asleep, self.age = "idle", seen.paused or nil, seen.paused and 0 or nil
  return true
end

---Ends the waiting of one that is being made: nobody wants it any more.
function Container:abort()
  self.is_aborted = true
  self.aborted:resolve()
end

-- Leased ------------------------------------------------------------------------------------------

---@return table lease without the environment of the recipe
function Container:lease_table()
  local ports, first = {}, nil
  for _, port in ipairs(self.spec.ports) do
    local key = port.container .. "/" .. port.protocol
    ports[key] = self.ports[key]
    first = first or self.ports[key]
  end
  return { name = self.name, id = self.id, host = self.host, port = first, ports = ports,
    socket = self.socket, pid = self.pid, env = {} }
end

---@param task string
function Container:begin_lease(task)
  if next(self.holders) == nil then self.leased_at = self.row and trace.now() end
  self.holders[task] = self.world.now()
end

---@param task string
---@return boolean free nobody has it any more
function Container:end_lease(task)
  self.holders[task] = nil
  if next(self.holders) ~= nil then return false end
  if self.leased_at then
    trace.span(self.row, "container", "lease " .. self.name, self.leased_at, nil,
      { id = self.id:sub(1, 12), task = task })
  end
  return true
end

-- Removed -----------------------------------------------------------------------------------------

local function remove(self)
  self:close_shell()
  local ok, message, kind = true, nil, nil
  if self.id then
    ok, message, kind = self.world.call("remove", self.id, { force = true, volumes = true })
    if not ok and kind == "no_such_container" then ok = true end
    if ok then self.world.gone(self.id) end
  end
  if ok and self.own_socket then sockets.remove(self.own_socket) end
  return ok, message, kind
end

---@async
---@return boolean? done
---@return string? message
function Container:remove()
  local ok, message = self:spanned("remove", remove)
  self:let_row_go()
  return ok, message
end

---It stays for the next run, asleep.
---@async
---@param seconds number
---@return boolean? done
---@return string? message
function Container:let_go(seconds)
  self:close_shell()
  if not self.asleep then
    local ok, message = self:pause()
    if not ok then return nil, message end
  end
  self.world.let_go(self.id, seconds)
  self:let_row_go()
  return true
end

---It is no longer one of the pool: the row of the trace may be another's.
function Container:let_row_go()
  if not self.row then return end
  local free = free_rows[self.name] or {}
  free_rows[self.name] = free
  free[#free + 1], self.row = self.row, nil
end

return M
