-- One container of the pool: made, asked whether it is well, reset, paused, removed. Each of these
-- is a span in the row of the container. Knows no queue and no other container.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local ready = require("ggen.std.container_pool.ready")
local sockets = require("ggen.std.container_pool.sockets")
local spec_of = require("ggen.std.container_pool.spec")

local async, trace = ggen.async, ggen.trace

local M = {}

local CHECK_TIME = 3 -- seconds that a container has to answer when it is to be leased
local COMMAND_TIME = 60 -- seconds of a reset command
local JUST_NOW = 0.1 -- seconds after such an answer in which nothing is asked
local FRESH = 2 -- seconds awake for which a question that was answered counts

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

-- Does something as a span of the container's row.
local function spanned(self, what, fn, ...)
  if not self.row then return fn(self, ...) end
  local begun = trace.now()
  local result, message, kind = fn(self, ...)
  trace.span(self.row, "container", what .. " " .. self.name, begun, nil,
    { id = self.id and self.id:sub(1, 12) or "", ok = result and true or false })
  return result, message, kind
end

---Takes what a look at the container shows of where it is reached.
---@param seen table of inspect
local function take_addresses(self, seen)
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

-- It was just asked, and answered.
local function found_well(self) self.well_at = self.world.now() end

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
  take_addresses(self, seen)
  return true
end

local function become_ready(self) return ready.wait(self, self.aborted) end

local function make(self)
  for _, step in ipairs({ { "create", create }, { "start", start }, { "ready", become_ready } }) do
    if self.is_aborted then return nil, "the run ended before it was made", "aborted" end
    local ok, message, kind = spanned(self, step[1], step[2])
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
  local ok, message, kind = spanned(self, "make", make)
  if ok then found_well(self) end
  return ok, message, kind
end

---Takes over one that a former run has kept.
---@async
---@param seen table of inspect
---@return boolean usable
function Container:adopt(seen)
  self.id, self.seen = seen.id, seen
  take_addresses(self, seen)
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

-- Commands ----------------------------------------------------------------------------------------

local function shell_of(self)
  if self.shell and self.shell.closed then self.shell = nil end
  if self.shell or self.no_shell then return self.shell end
  if self.shell_coming then return self.shell_coming:wait() end
  local coming = async.future()
  self.shell_coming = coming
  local shell, _, kind = self.world.shell(self.id)
  -- An image without a shell will not have one the next time.
  if not shell and kind ~= "closed" and kind ~= "not_running" then self.no_shell = true end
  if shell and self.state == "going" then
    shell:close()
    shell = nil
  end
  self.shell, self.shell_coming = shell, nil
  coming:resolve(shell)
  return shell
end

local function in_shell(self, command, options)
  local shell, out = shell_of(self), { out = {}, err = {} }
  if not shell then return nil end
  local argv = type(command) == "table" and command or nil
  local result, message, kind
  self.one_command:with(function() -- a shell takes one at a time
    result, message, kind = shell:run({ argv = argv, command = not argv and command or nil,
      env = options.env, stdin = options.stdin, timeout = options.timeout,
      on_output = function(stream, bytes) table.insert(out[stream], bytes) end })
  end)
  if not result then
    self:close_shell()
    return nil, message, kind or "closed"
  end
  result.stdout, result.stderr = table.concat(out.out), table.concat(out.err)
  if result.timed_out or shell.tainted then self:close_shell() end
  return result
end

---Opens the shell that its reset will want, so that nobody waits for it then.
---@async
function Container:prepare()
  local how = self.spec.reset
  if type(how) == "table" or type(how) == "function" then shell_of(self) end
end

---Runs a command in the container, in a shell that stays open, or without one where the image has
---none. It has the environment of the container.
---@async
---@param command string|string[] a text is for sh
---@param options { timeout: number?, env: table?, stdin: string? }?
---@return table? result { code, stdout, stderr }
---@return string? message
---@return string? kind
function Container:command(command, options)
  options = options or {}
  local env = {}
  for _, more in ipairs({ self.world.image_env(self.spec.image), self.spec.env,
    options.env or {} }) do
    for name, value in pairs(more) do env[name] = value end
  end
  local how = { env = env, stdin = options.stdin, timeout = options.timeout or COMMAND_TIME }
  local result, message, kind = in_shell(self, command, how)
  -- The engine may have been started again since: what was to be run may be run twice.
  if kind == "closed" then result, message, kind = in_shell(self, command, how) end
  if result or kind then return result, message, kind end
  return self.world.call("exec", self.id, {
    cmd = type(command) == "table" and command or { "sh", "-c", command }, env = options.env,
    stdin = how.stdin, timeout = how.timeout, capture = 1024 * 1024,
  })
end

function Container:close_shell()
  if self.shell then self.shell:close() end
  self.shell = nil
end

-- Health ------------------------------------------------------------------------------------------

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
      if answers then found_well(self) end
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
  local ok, message, kind = spanned(self, "check", check)
  if ok then found_well(self) end
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
  return spanned(self, "check", check)
end

---@async
---@return boolean? done
function Container:pause()
  local ok, message, kind = spanned(self, "pause", function()
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
  return spanned(self, "unpause", function() return self.world.call("unpause", self.id) end)
end

-- Reset -------------------------------------------------------------------------------------------

local resets = {}

function resets.restart(self)
  self:close_shell()
  self.log_since = self.world.unix()
  local ok, message, kind = self.world.call("restart", self.id, { timeout = 1 })
  if not ok then return nil, message, kind end
  self.seen = self.world.call("inspect", self.id)
  if self.seen then take_addresses(self, self.seen) end
  return become_ready(self)
end

function resets.command(self)
  local result, message, kind = self:command(self.spec.reset, { timeout = self.spec.ready
    and self.spec.ready.timeout })
  if not result then return nil, message, kind end
  if result.code == 0 then return true end
  local said = ((result.stdout or "") .. (result.stderr or "")):match("([^\n]+)%s*$")
  return nil, ("%s: exit code %d%s"):format(table.concat(self.spec.reset, " "), result.code,
    said and ": " .. said or ""), "failed"
end

function resets.call(self)
  local ok, answer, message = pcall(self.spec.reset, self:lease_table(), self:handle())
  if not ok and answer == async.CANCELLED then error(answer, 0) end
  if not ok then return nil, tostring(answer), "failed" end
  if answer == false or answer == nil and message then
    return nil, message and tostring(message) or "its function returned false", "failed"
  end
  return true
end

---Makes it as new after a lease; not for "recreate".
---@async
---@return boolean? done
---@return string? message
---@return string? kind
function Container:reset()
  local how = self.spec.reset
  local ok, message, kind = spanned(self, "reset", how == "restart" and resets.restart
    or type(how) == "table" and resets.command or resets.call)
  -- The next one who wants it does not have to wait for this.
  if ok then ok, message, kind = self:verify() end
  return ok, message, kind
end

---What a reset function gets of the container.
---@return table
function Container:handle()
  return {
    id = self.id, name = self.name,
    exec = function(command, options)
      if type(options) ~= "table" and options ~= nil then
        error("container.exec: options are a table", 2)
      end
      return self:command(command, options)
    end,
    restart = function() return resets.restart(self) end,
  }
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
  local ok, message = spanned(self, "remove", remove)
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
