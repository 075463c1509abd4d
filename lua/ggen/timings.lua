-- What the tasks of a checkout took in their last runs: read when somebody asks, written once at
-- the end of a run. Nothing depends on it but guesses: what cannot be read or written is left out.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.timings")
local fs = require("ggen.core.fs")

local M = {}

M.FILE = ".ggen/timings"

---@class ggen.Timings
---@field damaged integer? bytes of the file that are no records, once it was read
---@field package _dir string
local Timings = {}
Timings.__index = Timings

---@param project_dir string absolute
---@return ggen.Timings
function M.open(project_dir)
  return setmetatable({ _dir = project_dir }, Timings)
end

---@param project_dir string absolute
---@return boolean a run has left something
function M.exist(project_dir) return fs.stat(project_dir .. "/" .. M.FILE) ~= nil end

---@return userdata history
function Timings:history()
  if not self._history then
    self._history = core.read(self._dir .. "/" .. M.FILE) or core.none()
    self.damaged = self._history:damaged()
  end
  return self._history
end

---What the next run of a task will probably take.
---@param task ggen.Task
---@return number? wall seconds; nil when it never ran
---@return number? processor seconds
---@return number? memory bytes at its peak, the most of the last runs
function Timings:expected(task) return self:history():expected(task.id) end

---Adds what the tasks of a run took. Only what really ran counts: a result that was there says
---nothing.
---@param samples userdata of ggen.core.timings
---@return boolean? ok, string? message
function Timings:save(samples)
  if samples:count() == 0 then return true end
  local path = self._dir .. "/" .. M.FILE
  local ok, message, kind = samples:append(path, self._history)
  if not ok and kind == "not_found" and fs.mkdir(self._dir .. "/.ggen") then
    ok, message = samples:append(path, self._history)
  end
  return ok, message
end

return M
