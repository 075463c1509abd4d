-- The account of a run: what was told to the observers and counted, and the output of each task.
-- Decides nothing.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local harmless = require("ggen.harmless")
local lanes = require("ggen.lanes")
local output = require("ggen.core.output")

local M = {}

local NONE = {}
local TEXTS = { "message", "traceback" } -- of a result, that are not ours

---@class ggen.TaskResult
---@field status "ok"|"failed"|"skipped"
---@field code integer
---@field message string? why, when the code does not say it
---@field optional boolean? it failed and that does not fail the run
---@field duration number seconds
---@field attempts integer
---@field not_run boolean? it had no turn in the end
---@field ran number? seconds of its own, without hooks and waiting; nil when nothing ran
---@field usage table?
---@field log userdata? its output, when it had any; closed after on_task_end

---@class ggen.Totals
---@field tasks integer that take part in the run
---@field ok integer with those that were up to date or restored
---@field fresh integer were up to date
---@field restored integer
---@field saved number seconds that the fresh and the restored ones took when they ran
---@field flaky { id: string, attempts: integer }[]? those that passed on a retry
---@field failed integer
---@field optional integer failures that do not count
---@field skipped integer
---@field not_run integer at the end: never had their turn
---@field estimate ggen.Estimate? of a dry run: how long the run would take
---@field wall number seconds, at the end
---@field code integer exit code, at the end

---@class ggen.Account
---@field totals ggen.Totals
---@field would_run table<integer, true> of a dry run: those that would, or may, by index
---@field rows userdata? of ggen.core.run_record: a row for each task that had a turn; nil in a
---dry run
---@field phases table<string, { begin: number?, finish: number? }> when their nodes had turns,
---monotonic seconds, by id
---@field lifecycle_phases { name: string, began: number, ended: number,
---members: integer[] }[] those of a make.toml
---@field package _events ggen.Events
---@field package _logs table<ggen.Task, userdata>
local Account = {}
Account.__index = Account

---@param events ggen.Events
---@return ggen.Account
function M.new(events)
  return setmetatable({
    totals = { tasks = 0, ok = 0, failed = 0, optional = 0, skipped = 0, fresh = 0, restored = 0,
      saved = 0 },
    would_run = {}, phases = {}, lifecycle_phases = {}, _events = events,
    _logs = {}, _recorders = {},
  }, Account)
end

---@param task ggen.Task
---@return number started monotonic seconds
function Account:start(task)
  lanes.take(task)
  local started = clock.monotonic()
  self._events:emit("on_task_start", task)
  return started
end

---The sink for a task's output, made when the task first has some: most tasks that are Lua
---functions print nothing.
---@param task ggen.Task
---@return userdata
function Account:log_of(task)
  local log = self._logs[task]
  if not log then
    log = output.log({})
    self._logs[task] = log
    self._events:emit("on_task_log", task, log)
  end
  return log
end

---From now on what the task prints goes to a second sink as well.
---@param task ggen.Task
---@param sink userdata
function Account:record(task, sink) self._recorders[task] = sink end

---Where a task's output is to be written.
---@param task ggen.Task
---@return userdata sink
function Account:sink_of(task)
  local log, recorder = self:log_of(task), self._recorders[task]
  return recorder and output.tee(log, recorder) or log
end

---Makes what others had to say of a result fit for a terminal or a log, before anybody is told.
---@param result ggen.TaskResult
---@return ggen.TaskResult result
function M.clean(result)
  for _, name in ipairs(TEXTS) do
    if type(result[name]) == "string" then result[name] = harmless.text(result[name]) end
  end
  for i, command in ipairs(result.commands or NONE) do -- of a dry run
    result.commands[i] = harmless.text(tostring(command))
  end
  return result
end

-- One call for each task: there may be very many.
local function put_down(self, task, result, started)
  local usage, spec = result.usage or NONE, task.spec
  self.rows:task(task.index, task.id, task.workspace, started or clock.monotonic(),
    result.duration, result.optional and "optional" or result.status, result.cache, result.code,
    result.attempts, result.saved, result.reason, result.message, result.signal, result.ran,
    usage.user, usage.sys, usage.peak_memory, result.service)
  if spec.lifecycle and spec.lifecycle.kind == "phase" and started then
    table.insert(self.lifecycle_phases, { name = task.id, began = started,
      ended = started + result.duration, members = { task.index } })
  end
end

-- Tells that a task has ended, and lets go of what was kept for it.
local function tell_end(self, task, result, started)
  local log = self._logs[task]
  if log then self._logs[task] = nil end
  self._recorders[task] = nil
  M.clean(result)
  result.duration = started and clock.monotonic() - started or 0
  result.attempts = result.attempts or 1
  if self.rows and not task.phase then put_down(self, task, result, started) end
  if log then result.log = log end
  lanes.release(task, result)
  self._events:emit("on_task_end", task, result)
  if log then log:close() end
end

-- What a dry run finds that would run.
local function foresee(self, task, result)
  if result.cache == "fresh" or result.prediction == "restore" then return end
  self.would_run[task.index] = true
end

---A task has ended.
---@param task ggen.Task
---@param result ggen.TaskResult duration, attempts and log are filled in
---@param started number? what start() returned
function Account:finish(task, result, started)
  local totals = self.totals
  if result.status == "skipped" then return self:skip(task, result.message) end
  if result.dry_run then foresee(self, task, result) end
  if result.status == "ok" then
    totals.ok = totals.ok + 1
    if result.cache == "fresh" then totals.fresh = totals.fresh + 1 end
    if result.cache == "restored" then totals.restored = totals.restored + 1 end
    totals.saved = totals.saved + (result.saved or 0)
    if (result.attempts or 1) > 1 then
      totals.flaky = totals.flaky or {}
      table.insert(totals.flaky, { id = task.id, attempts = result.attempts })
    end
  elseif task.spec.optional then
    result.optional = true
    totals.optional = totals.optional + 1
  else
    totals.failed = totals.failed + 1
  end
  tell_end(self, task, result, started)
end

---A service is ready. It counts as done; its end is told by service_ended.
---@param task ggen.Task
---@param result ggen.TaskResult
---@param started number
function Account:service_ready(task, result, started)
  self.totals.ok = self.totals.ok + 1
  result.duration, result.attempts = clock.monotonic() - started, result.attempts or 1
  if self.rows then self.rows:took(task.index, result.duration) end
  self._events:emit("on_service_ready", task, result)
end

---@param task ggen.Task
---@param result ggen.TaskResult failed when it ended before it was asked to
---@param started number
function Account:service_ended(task, result, started)
  if result.status == "failed" then
    self.totals.ok, self.totals.failed = self.totals.ok - 1, self.totals.failed + 1
  end
  tell_end(self, task, result, started)
end

---A phase is not a task: it is only spoken of when a hook function of it had something to say.
---@param task ggen.Task
---@param result ggen.TaskResult
function Account:phase_node(task, result)
  local id, now = task.phase.id, clock.monotonic()
  local turn = self.phases[id] or {}
  self.phases[id] = turn
  turn[task.phase.role == "end" and "finish" or "begin"] = now
  if self._logs[task] then tell_end(self, task, result) end
end

---@param task ggen.Task
---@param reason string
function Account:skip(task, reason)
  if task.phase then return end
  reason = harmless.text(reason)
  self.totals.skipped = self.totals.skipped + 1
  if self.rows then
    self.rows:task(task.index, task.id, task.workspace, clock.monotonic(), 0, "skipped", nil, 0,
      1, nil, reason)
  end
  self._events:emit("on_task_skip", task, reason)
end

---Closes the account.
---@param wall number seconds
---@param code integer exit code
function Account:close(wall, code)
  local totals = self.totals
  totals.wall, totals.code = wall, code
  totals.not_run = totals.tasks - totals.ok - totals.failed - totals.optional - totals.skipped
end

return M
