-- A shell that stays: commands in a container without an exec for each. Scripts go to a POSIX shell
-- (busybox ash, dash, bash) by its standard input, one at a time; what they print comes back by its
-- two streams, between marks that nobody can guess: a mark goes by the standard input of the shell,
-- and is in no argument and no environment. In shell/: what somebody asks for (command.lua), what
-- is sent (script.lua), what comes back (marks.lua), what commands leave behind
-- (left_behind.lua).
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local clock = require("ggen.core.clock")
local command = require("ggen.std.docker.shell.command")
local left_behind = require("ggen.std.docker.shell.left_behind")
local marks = require("ggen.std.docker.shell.marks")
local script = require("ggen.std.docker.shell.script")

local async = ggen.async

---@class ggen.docker.shell
local M = {}

local LAST_WAIT = 5 -- seconds for the end after a KILL
local TICKS = 100 -- of /proc/*/stat, a second: USER_HZ

local SIGNALS = { [1] = "HUP", [2] = "INT", [3] = "QUIT", [4] = "ILL", [5] = "TRAP", [6] = "ABRT",
  [7] = "BUS", [8] = "FPE", [9] = "KILL", [10] = "USR1", [11] = "SEGV", [12] = "USR2",
  [13] = "PIPE", [14] = "ALRM", [15] = "TERM", [24] = "XCPU", [25] = "XFSZ", [31] = "SYS" }

---A shell that waits for its next command. A command that is cancelled is killed, and the shell is
---closed with it.
---@class ggen.docker.Shell
---@field closed boolean? it takes no more commands: it was closed, or it has ended
---@field tainted boolean? what was left behind may still write: better open another one
---@field package _stream ggen.docker.ShellStream
---@field package _send fun(text: string): true?, string? runs a script beside it
---@field package _job table? what is going on
---@field package _traits table what kind of shell it is (script.lua)
---@field package _left_behind ggen.docker.LeftBehind
---@field package _user number? ticks of its commands so far
---@field package _sys number?
local Shell = { __name = "ggen.docker.Shell" }
Shell.__index = Shell

---What a shell talks through: as of engine:exec_stream.
---@class ggen.docker.ShellStream
---@field read fun(self): "out"|"err"|nil, string?
---@field write fun(self, bytes: string): true?, string?
---@field close fun(self)

---@class ggen.docker.ShellCommand
---@field argv? string[] program and arguments
---@field command? string for `sh -c`; one of argv and command
---@field env? table<string, string|number> all that it gets (nothing)
---@field cwd? string absolute ("/")
---@field stdin? string bytes (none)
---@field on_output? fun(stream: "out"|"err", bytes: string) called as it comes; it must not wait
---@field capture? integer so many bytes of each stream are kept for the result
---@field timeout? ggen.Duration then TERM to its process group, and after the grace KILL
---@field grace? ggen.Duration (5 s)

---@class ggen.docker.ShellResult
---@field code integer exit code; 128 + n after a signal, 124 after a time-out
---@field signal? string for 128 + n: a shell cannot tell a signal from such an exit code
---@field timed_out? boolean
---@field left_behind? boolean it left processes behind, which were ended
---@field usage { wall: number, user?: number, sys?: number } seconds
---@field message? string what to tell when the code alone does not say it
---@field stdout? string with capture
---@field stderr? string with capture

-- What comes from the shell ----------------------------------------------------------------------

local function resolve(job, ended_well)
  local over = job.over
  job.over = nil
  if over then over:resolve(ended_well) end
end

-- Reads for as long as the shell is there, also between two commands: so its end is known at once.
local function read_all(self)
  while not self.closed do
    self._reading = true
    local which, bytes = self._stream:read()
    self._reading = false
    local job = self._job
    if not which then
      self:close()
      if job then resolve(job, false) end
      return
    end
    if job then
      marks.feed(job, which, bytes)
      if marks.is_over(job) then resolve(job, true) end
    end
  end
end

-- What goes to the shell -------------------------------------------------------------------------

-- Sends a script and waits until both of its ends were told. False: the shell has ended.
local function converse(self, job, text_of)
  local before = self._job
  local hex = ggen.random.hex(16)
  marks.begin(job, hex)
  job.over = async.future()
  local over = job.over
  self._job = job
  local good = not self.closed and self._stream:write(text_of(hex)) and over:wait()
  self._job = before
  if not good then self:close() end
  return good
end

-- What a question answers; nil when the shell has ended. What comes meanwhile is of `before`.
local function ask(self, text_of, before)
  local job = { before = before }
  return converse(self, job, text_of) and (job.ending or "") or nil
end

---Sends a signal to the command that runs, with its process group.
---@async
---@param signal string "TERM", "INT", ...
---@return true?
---@return string? message
function Shell:kill(signal)
  if type(signal) ~= "string" or not signal:find("^%u[%u%d]*$") then
    error("kill: the name of a signal expected, as in \"TERM\"", 2)
  end
  local pid = self._job and self._job.pid
  if not pid then return nil, "no command runs" end
  return self._send(script.kill(signal, pid, self._traits))
end

-- The shell is given up with its command.
local function give_up(self, job)
  if job.pid and not job.ending then
    local text = script.kill("KILL", job.pid, self._traits)
    async.run(function() self._send(text) end, function() end)
  end
  self:close()
end

local function seconds_of(ticks, before)
  return ticks and before and math.max(0, ticks - before) / TICKS or nil
end

local function result_of(self, job, began)
  local code, user, sys, orphans = (job.ending or ""):match("^(%d+) (%S+) (%S+) ?(.*)$")
  user, sys = tonumber(user), tonumber(sys)
  local result = { code = tonumber(code), message = job.message, timed_out = job.timed_out,
    usage = { wall = clock.monotonic() - began, user = seconds_of(user, self._user),
      sys = seconds_of(sys, self._sys) } }
  self._user, self._sys = user or self._user, sys or self._sys
  local left, tainted = self._left_behind:finish(job, orphans)
  result.left_behind, self.tainted = left, tainted or self.tainted
  if job.timed_out then
    result.code = 124
    result.message = "timed out after " .. ggen.units.format_duration(job.timeout)
  elseif not job.message and result.code > 128 then
    result.signal = SIGNALS[result.code - 128]
    result.message = result.signal and "ended by signal " .. result.signal
  end
  if job.kept then
    result.stdout, result.stderr = table.concat(job.kept.out), table.concat(job.kept.err)
  end
  return result
end

-- Waits for the end of the command as long as it may take. "late": it did not even end when killed.
local function until_over(self, job, text_of)
  if not job.timeout then return converse(self, job, text_of) end
  return (async.race({
    function() return converse(self, job, text_of) end,
    function()
      async.sleep(job.timeout)
      job.timed_out = true
      self:kill("TERM")
      async.sleep(job.grace)
      self:kill("KILL")
      async.sleep(LAST_WAIT)
      return "late"
    end,
  }))
end

---Runs a command and waits for its end; one at a time. When the shell itself has ended: nil, a
---message and "closed"; whoever called opens another one.
---@async
---@param options ggen.docker.ShellCommand
---@return ggen.docker.ShellResult?
---@return string? message
---@return "closed"? kind
function Shell:run(options)
  local job = command.job(options)
  if self._job then error("run: this shell runs another command: one at a time", 2) end
  if self.closed then return nil, "the shell in the container has ended", "closed" end
  local began = clock.monotonic()
  local ok, good = pcall(until_over, self, job, function(mark)
    return script.command(mark, job, self._traits)
  end)
  self._job = job -- what it left behind still writes for it
  if not ok then
    give_up(self, job)
    error(good, 0)
  end
  if good == "late" then
    give_up(self, job)
    self._job = nil
    return { code = 124, timed_out = true, usage = { wall = clock.monotonic() - began },
      message = ("timed out after %s, and did not end when it was killed"):format(
        ggen.units.format_duration(job.timeout)) }
  end
  if not good then
    self._job = nil
    return nil, "the shell in the container ended while a command ran", "closed"
  end
  local done, result = pcall(result_of, self, job, began)
  self._job = nil
  if not done then
    give_up(self, job)
    error(result, 0)
  end
  return result
end

---Ends the shell, which is not asked for its consent: a command that runs goes on without anybody.
function Shell:close()
  if self.closed then return end
  self.closed = true
  self._stream:close()
  if self._reading then
    self._reading = false
    self._reader:cancel()
  end
end

---A shell on a stream that somebody else has made. What is behind it must be what script.lua
---starts.
---@async
---@param stream ggen.docker.ShellStream
---@param send fun(text: string): true?, string? runs a script beside it; it may wait
---@return ggen.docker.Shell?
---@return string? message
---@return "closed"? kind
function M.over(stream, send)
  local self = setmetatable({ _stream = stream, _send = send, _user = 0, _sys = 0 }, Shell)
  self._reader = async.run(read_all, function() end, self)
  local answer = ask(self, script.hello)
  if not answer then return nil, "no shell answers in the container", "closed" end
  local traits, orphans = script.traits(answer)
  self._traits = traits
  self._left_behind = left_behind.new(traits, orphans, function(text_of, job)
    return ask(self, text_of, job)
  end)
  return self
end

---Starts a shell in a container that runs.
---@async
---@param engine ggen.docker.Engine
---@param id string
---@param options? { user?: string, program?: string } program: of the shell ("/bin/sh")
---@return ggen.docker.Shell?
---@return string? message
---@return ggen.docker.Kind? kind
function M.open(engine, id, options)
  options = options or {}
  local program = options.program or "/bin/sh"
  local stream, message, kind = engine:exec_stream(id, { cmd = script.start(program),
    user = options.user, stdin = true })
  if not stream then return nil, message, kind end
  local shell
  shell, message, kind = M.over(stream, function(text)
    local result, problem = engine:exec(id, { cmd = { program, "-c", text }, user = options.user,
      timeout = LAST_WAIT })
    if not result then return nil, problem end
    if result.code ~= 0 then return nil, (result.stderr:gsub("%s+$", "")) end
    return true
  end)
  if not shell then
    return nil, ("%s in container %s: %s"):format(program, id:sub(1, 12), message), kind
  end
  return shell
end

return M
