-- Runs that start one another: each changes a file, which is a reason for the next. Nobody says who
-- has written a file, so this goes by what a loop looks like: the same file changed while one run
-- after another was going on, each time as long after its beginning. People are not that regular.
-- Plain values, no clock of its own.
-- SPDX-License-Identifier: MIT
local sorted = require("ggen.sorted")

local M = {}

M.ROUNDS = 3 -- so many runs in a row
-- The same where changes end runs: there most of what people change comes while one is going on.
M.ROUNDS_ENDED = 5
-- So many without any regularity, where changes end no run: there a file is changed once in a run,
-- as far as this can tell, and nobody saves the same one in so many.
M.MOST_ROUNDS = 10

local MOST_PATHS = 50 -- of a round, with directories
local SLACK, SHARE = 0.25, 0.1 -- of two moments that are alike: seconds, and part of the later one
-- How long a file of the run's own has to be left alone before its change is taken for somebody
-- else's: seconds, and times what the run needed to write it.
local PAUSE, TIMES = 2, 2

---@class ggen.OwnChanges
---@field rounds table<string, number>[] of the last runs that changes during them led to: the
---files, and how many seconds after its beginning each changed
---@field package _ended boolean changes end runs
---@field package _began number
---@field package _own table<string, { last: number, pause: number }> of the run that is going on
local OwnChanges = {}
OwnChanges.__index = OwnChanges

---@param ends_runs boolean? changes end a run that is going on
---@param rounds table<string, number>[]? of one before
---@return ggen.OwnChanges
function M.new(ends_runs, rounds)
  return setmetatable({ rounds = rounds or {}, _ended = ends_runs or false, _began = 0, _own = {} },
    OwnChanges)
end

---A run begins.
---@param now number as the times of events
function OwnChanges:begin(now) self._began, self._own = now, {} end

---Somebody else has changed something.
function OwnChanges:forget() self.rounds = {} end

local function alike(rounds, path, count)
  local least, most = math.huge, 0
  for i = #rounds - count + 1, #rounds do
    local after = rounds[i] and rounds[i][path]
    if not after then return false end
    least, most = math.min(least, after), math.max(most, after)
  end
  return most - least <= SLACK + SHARE * most
end

local function in_each(rounds, path)
  for _, round in ipairs(rounds) do
    if not round[path] then return false end
  end
  return true
end

local function directory_of(path) return path:match("^.*/") or "./" end

-- When files changed, and the last in each directory; some of them, where there are many.
local function round_of(changes, began)
  local round = {}
  for _, event in ipairs(changes) do
    local after, dir = math.max(0, event.time - began), directory_of(event.path)
    round[event.path], round[dir] = after, math.max(after, round[dir] or 0)
  end
  local names = sorted.keys(round)
  for i = MOST_PATHS + 1, #names do round[names[i]], names[i] = nil, nil end
  return round, names
end

-- Adds the round, and says which files the runs seem to write, or else into which directories: it
-- may be a file of another name each time.
local function found_in(self, changes)
  local rounds = self.rounds
  local round, names = round_of(changes, self._began)
  rounds[#rounds + 1] = round
  if #rounds > M.MOST_ROUNDS then table.remove(rounds, 1) end
  local count = self._ended and M.ROUNDS_ENDED or M.ROUNDS
  local many = #rounds == M.MOST_ROUNDS and not self._ended
  local files, dirs = {}, {}
  for _, name in ipairs(names) do
    local is_dir = name:sub(-1) == "/"
    if alike(rounds, name, count) or many and not is_dir and in_each(rounds, name) then
      table.insert(is_dir and dirs or files, name)
    end
  end
  local found = #files > 0 and files or dirs
  for _, name in ipairs(found) do
    self._own[name] = { last = self._began + round[name], pause = PAUSE + TIMES * round[name] }
  end
  return found
end

local function own_of(self, event)
  return self._own[event.path] or self._own[directory_of(event.path)]
end

---Changes came while a run was going on.
---@param changes ggen.FileEvent[]
---@return ggen.FileEvent[] others those that count: the runs do not seem to make them
---@return string[]? own files that the runs seem to write, or directories with a "/" at the end,
---sorted: those that were not known of this run
function OwnChanges:came(changes)
  local left, known = {}, next(self._own) ~= nil
  for _, event in ipairs(changes) do
    local own = own_of(self, event)
    if own and event.time - own.last <= own.pause then
      own.last = math.max(own.last, event.time)
    else
      left[#left + 1] = event
    end
  end
  if #left == 0 then return left, nil end
  if known then
    self:forget()
    return left, nil
  end
  local found = found_in(self, left)
  if #found == 0 then return left, nil end
  local others = {}
  for _, event in ipairs(left) do
    if not own_of(self, event) then others[#others + 1] = event end
  end
  return others, found
end

return M
