-- What the commands of a resident shell leave behind: processes of the group of a command, and
-- children of process 1 of the container. They may go on for a while, as on this machine, and are
-- ended then.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local clock = require("ggen.core.clock")
local script = require("ggen.std.docker.shell.script")

local async = ggen.async

local M = {}

local LINGER = 1 -- seconds that what was left behind may go on, as on this machine
local FAREWELL = 0.2 -- seconds that what was killed may be seen
local FIRST_LOOK, LONGEST_LOOK = 0.01, 0.1 -- seconds between two looks at that

---@class ggen.docker.LeftBehind
---@field package _traits table what kind of shell it is (script.lua)
---@field package _ask fun(text_of: (fun(mark: string): string), job: table): string? what the shell
---answers; nil when it has ended
---@field package _orphans table<string, true> the children of process 1 that are known
local LeftBehind = {}
LeftBehind.__index = LeftBehind

-- Takes the children of process 1 as known; whether there are new ones.
local function learn_orphans(self, list)
  local known, some = {}, false
  for pid in list:gmatch("%d+") do
    known[pid], some = true, some or not self._orphans[pid]
  end
  self._orphans = known
  return some
end

---@param traits table
---@param orphans string the children that process 1 has before the first command
---@param ask fun(text_of: (fun(mark: string): string), job: table): string?
---@return ggen.docker.LeftBehind
function M.new(traits, orphans, ask)
  local self = setmetatable({ _traits = traits, _ask = ask, _orphans = {} }, LeftBehind)
  learn_orphans(self, orphans)
  return self
end

-- The process group of a command that has ended is given a while, and ended then. Whether it was.
local function end_group(self, job)
  local limit, pause = clock.monotonic() + LINGER, FIRST_LOOK
  local function is_there(mark) return script.question(mark, script.group_is_there(job.pid)) end
  local function kill(mark)
    return script.question(mark, script.kill("KILL", job.pid, self._traits))
  end
  while self._ask(is_there, job) == "1" do
    if clock.monotonic() >= limit or job.timed_out then
      self._ask(kill, job)
      return true
    end
    async.sleep(pause)
    pause = math.min(pause * 2, LONGEST_LOOK)
  end
  return nil
end

---What a command leaves behind become children of process 1: without a new one nothing is asked.
---@async
---@param job table
---@param orphans string the children that process 1 has now
---@return boolean? left_behind there were processes in its group, which were ended
---@return boolean? tainted there are others that may still write
function LeftBehind:finish(job, orphans)
  local traits, before = self._traits, self._orphans
  if traits.orphans and not learn_orphans(self, orphans) then return nil end
  local left = traits.setsid and job.pid and end_group(self, job)
  if not traits.orphans then return left end
  local function list(mark) return script.question(mark, script.ORPHANS) end
  -- What was killed takes a moment to be gone.
  local limit, pause = clock.monotonic() + FAREWELL, FIRST_LOOK
  local some
  repeat
    local answer = self._ask(list, job)
    self._orphans = before
    some = answer and learn_orphans(self, answer)
    local again = some and clock.monotonic() < limit
    if again then async.sleep(pause) end
    pause = math.min(pause * 2, LONGEST_LOOK)
  until not again
  return left, some
end

return M
