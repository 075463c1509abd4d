-- Whether files under git have changed since the commit that is checked out. Only git can tell, and
-- it takes longer than many a run: it is asked beside the tasks of a run that has lasted a while,
-- and given up when that is over first.
-- SPDX-License-Identifier: MIT
local process = require("ggen.core.process")
local timer = require("ggen.core.timer")

local M = {}

local AFTER = 0.1 -- seconds
local ARGV = { "git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no" }
local ENOUGH = 1 -- bytes of its output: any line means yes

---@class ggen.Dirtiness
---@field package _answer boolean? nil: not known
local Dirtiness = {}
Dirtiness.__index = Dirtiness

local function ask(self, dir)
  local env = require("ggen.core.env").all()
  env.LC_ALL, env.GIT_OPTIONAL_LOCKS = "C", "0"
  self._handle = process.run({ argv = ARGV, env = env, cwd = dir, capture = ENOUGH },
    function(result)
      self._handle = nil
      if result.code == 0 and not self._closed then self._answer = result.stdout ~= "" end
    end)
end

---@param dir string absolute
---@return ggen.Dirtiness
function M.watch(dir)
  local self = setmetatable({}, Dirtiness)
  self._timer = timer.start(AFTER, function() ask(self, dir) end)
  return self
end

---The tasks have ended: nobody waits for the answer.
function Dirtiness:close()
  self._closed = true
  self._timer:close()
  if self._handle then self._handle:kill("KILL") end
end

---@return boolean? dirty nil when it is not known
function Dirtiness:answer() return self._answer end

return M
