-- What the tasks of a run wait for, processes and pauses, and how all of it is ended: by Ctrl-C, a
-- signal, or the time-out of the run.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local process = require("ggen.core.process")
local signal = require("ggen.core.signal")
local timer = require("ggen.core.timer")
local trace = require("ggen.core.trace")
local watchdog = require("ggen.core.watchdog")

local M = {}

-- So long may what cannot be killed go on after a second signal: files that are looked at.
local LAST_SECONDS = 3

---@class ggen.Waits
---@field interrupted string? "INT", "TERM", "HUP" or "timeout"
---@field killed boolean? a second signal came
---@field at_end boolean? the tasks that run at the end have their turn
---@field signal ggen.async.Future resolved by the first interrupt
---@field killing ggen.async.Future resolved by the second
---@field package _processes table<userdata, true> those that an interrupt is passed on to
---@field package _commands table<table, true> of these what is no process of ours
---@field package _pauses table<function, userdata> resume functions and timers
local Waits = {}
Waits.__index = Waits

---@return ggen.Waits
function M.new()
  return setmetatable({
    signal = async.future(), killing = async.future(), _processes = {}, _commands = {},
    _pauses = {}, _handles = {},
  }, Waits)
end

-- After an interrupt nothing new begins, but for the tasks that run at the end.
local function check_open(self)
  if self.killed or (self.interrupted and not self.at_end) then error(async.CANCELLED, 0) end
end

---Starts a process and waits for it.
---@async
---@param options table of ggen.core.process.run
---@param lane integer the row of the trace (lanes.lua)
---@param on_start (fun(handle: userdata))? for services: gets the handle; an interrupt is not
---passed on to these, because they end after the last task
---@return table result of ggen.core.process.run
function Waits:process(options, lane, on_start)
  check_open(self)
  local started = trace.enabled() and trace.now()
  local handle, message
  local result = async.await(function(resume)
    handle, message = process.run(options, resume)
    if not handle then
      resume({ code = 127, error = { message = message } })
      return nil
    end
    if on_start then
      on_start(handle)
    else
      self._processes[handle] = true
    end
    return handle
  end)
  if handle then self._processes[handle] = nil end
  -- The terminal is its own while it runs, and so is the Ctrl-C that was meant for both of us.
  local ctrl_c = options.interactive and result.signal == "INT"
  if ctrl_c and self._on_signal and not self.interrupted then self._on_signal("INT") end
  if started then trace.span("wait", "process", lane, started, trace.now()) end
  return result
end

-- As a process, for those that end it: with a method kill, which does not wait.
local function handle_of(command)
  return { kill = function(_, name)
    async.run(function() command.kill(name) end, function() end)
  end }
end

---Waits for the end of a command that is no process of ours (context.lua).
---@async
---@param command ggen.ForeignCommand
---@param timeout number?
---@param grace number
---@param lane integer the row of the trace
---@return ggen.Result
function Waits:command(command, timeout, grace, lane)
  check_open(self)
  local started = trace.enabled() and trace.now()
  local handle = handle_of(command)
  self._processes[handle], self._commands[handle] = true, true
  local ok, result = pcall(command.run, timeout, grace)
  self._processes[handle], self._commands[handle] = nil, nil
  if started then trace.span("wait", "command", lane, started, trace.now()) end
  if not ok then error(result, 0) end
  return result
end

---Waits for a time; an interrupt ends the pause and the task with it.
---@async
---@param seconds number
---@param lane integer the row of the trace
function Waits:sleep(seconds, lane)
  check_open(self)
  local started = trace.enabled() and trace.now()
  local entry
  local interrupted = async.await(function(resume)
    entry = resume
    self._pauses[resume] = timer.start(seconds, function() resume(false) end)
    return self._pauses[resume]
  end)
  self._pauses[entry] = nil
  if started then trace.span("wait", "pause", lane, started, trace.now()) end
  if interrupted then error(async.CANCELLED, 0) end
end

local function end_pauses(self)
  local pauses = self._pauses
  self._pauses = {}
  for resume, handle in pairs(pauses) do
    handle:close()
    resume(true)
  end
end

---Passes a signal on to what runs; the second time it kills. Tasks that run at the end are left
---alone by the first one: they are why the run goes on.
---@param name string "INT", "TERM", "HUP" or "timeout"
function Waits:interrupt(name)
  if self.interrupted then
    self.killed = true
    -- Before anybody hears of it: who waits may go on to the end of the run, and close all of this.
    if not self._last_resort then
      self._last_resort = timer.start(LAST_SECONDS, function()
        watchdog.exit(self.interrupted == "timeout" and 124 or 130)
      end)
      self._handles[#self._handles + 1] = self._last_resort
    end
    process.kill_all("KILL")
    for handle in pairs(self._commands) do handle:kill("KILL") end
    self.killing:resolve()
    return end_pauses(self)
  end
  self.interrupted = name
  self.signal:resolve()
  if self.at_end then return end
  for handle in pairs(self._processes) do handle:kill(name == "INT" and "INT" or "TERM") end
  end_pauses(self)
end

---Listens to signals until close().
---@param announce fun(name: string, again: boolean) called before it is passed on
---@param on_interrupt fun() and after that
---@param timeout number? seconds after which the run is ended
---@param began number? when the run began, on the clock of ggen.core.clock.monotonic()
function Waits:listen(announce, on_interrupt, timeout, began)
  local function interrupt(name)
    announce(name, self.interrupted ~= nil)
    self:interrupt(name)
    on_interrupt()
  end
  self._on_signal = interrupt
  for _, name in ipairs({ "INT", "TERM", "HUP" }) do
    self._handles[#self._handles + 1] = signal.start(name, function() interrupt(name) end)
  end
  watchdog.exit_on_third_signal()
  if timeout then
    local left = math.max(0, timeout - (began and clock.monotonic() - began or 0))
    self._handles[#self._handles + 1] = timer.start(left, function()
      if not self.interrupted then interrupt("timeout") end
    end)
  end
end

---Calls a function again and again until close().
---@param seconds number
---@param fn fun()
function Waits:every(seconds, fn)
  self._handles[#self._handles + 1] = timer.start(seconds, fn, { every = true })
end

function Waits:close()
  for _, handle in ipairs(self._handles) do handle:close() end
  self._handles = {}
end

return M
