-- The slots of a run shared with what its tasks start, and with the make that started us: GNU
-- make's jobserver (process/jobserver.h). The first task that executes needs no token, as with
-- every process that takes part; each one beside it holds one.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.jobserver")

local M = {}

---@class ggen.Jobserver
---@field handed_on boolean somebody may have taken slots since the last mend()
---@field width integer? how many jobs the make that started us may run
---@field package _makeflags string
---@field package _slots userdata
---@field package _pump fun()
local Jobserver = {}
Jobserver.__index = Jobserver

local function new(slots, makeflags, width)
  local self = setmetatable({ handed_on = false, width = width, _slots = slots, _held = 0,
    _makeflags = makeflags }, Jobserver)
  self._wake = function() self._pump() end
  return self
end

---@class ggen.Makeflags what a make that started us says
---@field slots string? the words that name its jobserver, as it says them to a make
---@field width integer? how many jobs it may run
---@field dry_run boolean? -n
---@field refused "q"|"t"|nil a flag under which a make runs nothing, and which we know not

-- The words of MAKEFLAGS before the variables of the command line.
local function flag_words(makeflags)
  local words = {}
  for word in makeflags:gmatch("%S+") do
    if word == "--" then break end
    words[#words + 1] = word
  end
  return words
end

---Flags and variables of an outer make are inputs that no key has: of these only the job slots are
---for the tasks, and what keeps a make from running anything is for us.
---@param makeflags string? the variable MAKEFLAGS
---@return ggen.Makeflags
function M.parse(makeflags)
  local flags, auth, jobs = {}, nil, nil
  for i, word in ipairs(flag_words(makeflags or "")) do
    -- The flags of one letter are the first word, with no dash.
    local letters = i == 1 and word:match("^%a+$") or word:match("^%-([nqt])$") or ""
    if letters:find("n", 1, true) then flags.dry_run = true end
    flags.refused = letters:match("[qt]") or flags.refused
    if word:find("^%-%-jobserver%-%a+=.") then auth = word end
    if word:find("^%-j%d*$") then jobs = word end
  end
  if auth then
    flags.slots = (" %s %s"):format(jobs or "-j", auth)
    flags.width = jobs and tonumber(jobs:sub(3))
  end
  return flags
end

---Takes part in the jobserver of the make that started us.
---@param flags ggen.Makeflags with slots
---@return ggen.Jobserver?, string? message why it cannot be used
function M.join(flags)
  local slots, message = core.join(flags.slots)
  if not slots then return nil, message or "MAKEFLAGS names no job slots" end
  return new(slots, flags.slots, flags.width)
end

---Offers the slots of a run.
---@param jobs integer how many run at once
---@param style "pipe"|"fifo"
---@return ggen.Jobserver?, string? message
function M.serve(jobs, style)
  local slots, message = core.serve(jobs - 1, style)
  if not slots then return nil, message end
  -- The space in front says that no flags of one letter come before.
  return new(slots, (" -j%d --jobserver-auth=%s"):format(jobs, slots:auth()))
end

---Whoever pumps is called when there may be a token again.
---@param pump fun()
function Jobserver:attach(pump) self._pump = pump end

---@param active integer how many tasks execute
---@return boolean one more may
function Jobserver:may_start(active)
  if self._held >= active then return true end
  if self._slots:acquire() then
    self._held = self._held + 1
    return true
  end
  self._slots:wait(self._wake)
  return false
end

---Gives back what nobody needs now.
---@param active integer how many tasks execute
function Jobserver:settle(active)
  while self._held > 0 and self._held >= active do
    self._slots:release()
    self._held = self._held - 1
  end
end

---@return string flags what a child finds in MAKEFLAGS
function Jobserver:hand_on()
  self.handed_on = true
  return self._makeflags
end

---Nothing runs that could hold a slot: what a program died with is there again.
function Jobserver:mend()
  self._slots:mend()
  self.handed_on = false
end

---Gives everything back.
function Jobserver:close() self._slots:close() end

return M
