-- Pieces that observers share (public as ggen.report): how results are worded, and the blocks of
-- output that do not interleave.
-- SPDX-License-Identifier: MIT
local units = require("ggen.units")

local M = {}

---@param result ggen.TaskResult
---@return string? text why a task failed, nil for one that did not
function M.reason(result)
  if result.status ~= "failed" then return nil end
  local text = result.message or ("exit code %d"):format(result.code)
  if result.attempts > 1 then text = ("%s (%d attempts)"):format(text, result.attempts) end
  return text
end

---The line that ends a run.
---@param totals table of the run
---@return string "300 tasks: 297 up to date, 2 restored, 1 ran in 4.20 s; saved 4 m 12 s"
function M.summary(totals)
  local parts = {}
  local function add(count, word)
    if count > 0 then parts[#parts + 1] = ("%d %s"):format(count, word) end
  end
  local served = (totals.fresh or 0) + (totals.restored or 0)
  if served == 0 then
    parts[1] = ("%d ok"):format(totals.ok)
  else
    add(totals.fresh, "up to date")
    add(totals.restored, "restored")
    add(totals.ok - served, "ran")
  end
  add(totals.failed, "failed")
  add(totals.optional, "failed (optional)")
  add(totals.skipped, "skipped")
  add(totals.not_run, "not run")
  local saved = totals.saved and totals.saved >= 1
    and "; saved " .. units.format_duration(totals.saved) or ""
  return ("%d task%s: %s in %s%s"):format(totals.tasks, totals.tasks == 1 and "" or "s",
    table.concat(parts, ", "), units.format_duration(totals.wall), saved)
end

---The tasks that passed on a retry.
---@param totals table of the run
---@return string? line "flaky: e2e (3 attempts)"; nil when there was none
function M.flaky(totals)
  return totals.flaky and require("ggen.flaky").line(totals.flaky) or nil
end

-- So many tasks of a path are named in one line: the longest.
local MOST_NAMED = 5
-- Who waited less does not ask why, not even with --verbose.
local LONG, SHORT = 5, 1 -- seconds
local SMALL = 0.2 -- of the run

---Tasks that followed on each other, in one line: those that took longest, and dots for the rest.
---@param tasks { id: string, duration: number }[]
---@param most integer? how many are named (5)
---@return string "gen 0.98 s > ... > test 4.37 s"
function M.chain(tasks, most)
  local order, named = {}, {}
  for i in ipairs(tasks) do order[i] = i end
  table.sort(order, function(a, b)
    local first, second = tasks[a].duration, tasks[b].duration
    if first ~= second then return first > second end
    return a < b
  end)
  for i = 1, math.min(#order, most or MOST_NAMED) do named[order[i]] = true end
  local parts = {}
  for i, task in ipairs(tasks) do
    if named[i] then
      parts[#parts + 1] = ("%s %s"):format(task.id, units.format_duration(task.duration))
    elseif parts[#parts] ~= "..." then
      parts[#parts + 1] = "..."
    end
  end
  return table.concat(parts, " > ")
end

local function more_line(path)
  -- Where all the time went into one row of tasks nobody has to be told.
  if not path.more or #path.more == 0 and path.share >= 0.95 then return nil end
  if #path.more == 0 then return "more workers would not have made it shorter" end
  local parts = {}
  for i = 1, math.min(#path.more, 3) do
    parts[i] = ("-j%d about %s"):format(path.more[i].jobs, units.format_estimate(path.more[i].wall))
  end
  return "with more workers: " .. table.concat(parts, ", ")
end

---What a run was waiting for, when it was long enough for somebody to ask; with --verbose sooner,
---and each task of the path.
---@param run ggen.Run that has ended
---@param verbose boolean
---@return string[] lines none when there is nothing to say
function M.critical_path(run, verbose)
  local totals = run.totals
  if totals.wall < (verbose and SHORT or LONG) then return {} end
  -- Who reads of a failure has other questions.
  if totals.code ~= 0 and not verbose then return {} end
  local path = run:critical_path()
  if not path or path.ran < 2 then return {} end
  local head = ("critical path: %s, %.0f %% of the run"):format(
    units.format_duration(path.duration), path.share * 100)
  -- With little share it is not what the run was waiting for.
  local lines = { path.share < SMALL and head or head .. ": " .. M.chain(path.tasks) }
  if verbose then
    lines[1] = head
    for _, task in ipairs(path.tasks) do
      lines[#lines + 1] = ("  %9s  %s"):format(units.format_duration(task.duration), task.id)
    end
  end
  lines[#lines + 1] = more_line(path)
  return lines
end

---What the cache did in a run: the line of --cache-stats.
---@param totals table of the run, with `cache`
---@return string "cache: 299 hits (99.7 %), 1 miss; restored 1.2 MiB, stored 1 result, 1.0 KiB;..."
function M.cache_summary(totals)
  local cache = totals.cache
  local asked = cache.hits + cache.misses
  local rate = asked > 0 and (" (%.1f %%)"):format(100 * cache.hits / asked) or ""
  return ("cache: %d hit%s%s, %d miss%s; restored %s, stored %d result%s, %s; saved %s"):format(
    cache.hits, cache.hits == 1 and "" or "s", rate, cache.misses, cache.misses == 1 and "" or "es",
    units.format_size(cache.restored_bytes), cache.stored, cache.stored == 1 and "" or "s",
    units.format_size(cache.stored_bytes), units.format_duration(totals.saved))
end

---A table for people: the first column to the left, the others to the right. Cells may be coloured
---and of any writing.
---@param rows string[][] all of the same length; the first one is the heading
---@return string text with a newline after each row
function M.table(rows) return require("ggen.columns").render(rows, "") end

---@param text string
---@param columns integer
---@return string text with dots in the place of what is wider than that on a terminal
function M.cut(text, columns) return require("ggen.columns").cut(text, columns) end

-- Makes the directories above a file of an observer.
local function prepare(run, path)
  local fs = require("ggen.core.fs")
  if path:sub(1, 1) ~= "/" then path = run.project.dir .. "/" .. path end
  local ok, message = fs.mkdir(path:match("^(.+)/") or "/")
  return ok and path, message
end

-- The run itself is unharmed by what could not be written.
local function told(run, name, path, ok, message)
  if not ok then
    run.events:note("warning", ("%s: %s is not written: %s"):format(name, path, message))
  end
  return ok and true or false
end

---Writes the file of an observer, whole or not at all; the directories above it are made. What goes
---wrong is one warning of the run.
---@param run ggen.Run
---@param name string of the observer, for the warning
---@param path string relative to the project's directory, or absolute
---@param text string|fun(path: string): boolean?, string? the bytes, or who writes them
---@param shown string? the path as the warning has it
---@return boolean written
function M.write(run, name, path, text, shown)
  local full, message = prepare(run, path)
  if not full then return told(run, name, shown or path, false, message) end
  local write = type(text) == "function" and text
    or function(file) return require("ggen.core.fs").write(file, text) end
  return told(run, name, shown or path, write(full))
end

---The same, at the end of what is there; by one write, so that several programs may do it.
---@param run ggen.Run
---@param name string
---@param path string
---@param text string
---@param shown string? the path as the warning has it
---@return boolean written
function M.append(run, name, path, text, shown)
  local full, message = prepare(run, path)
  local file
  if full then file, message = io.open(full, "ab") end
  if not file then return told(run, name, shown or path, false, message) end
  file:setvbuf("full", #text + 1)
  local ok
  ok, message = file:write(text)
  local closed, problem = file:close()
  return told(run, name, shown or path, ok and closed, message or problem)
end

---@class ggen.report.Blocks writes each task's output as one block, when the task has ended
---
---A task whose output outgrows its memory may take the floor: its block is begun at once and goes
---out as it comes, while the blocks of others wait. So a task can print without end and nothing is
---kept in memory or on disk.
local Blocks = { __name = "ggen.Blocks" }
Blocks.__index = Blocks

---@param screen userdata
---@param header fun(task: ggen.Task): string
---@return ggen.report.Blocks
function M.blocks(screen, header)
  return setmetatable({ _screen = screen, _header = header, _waiting = {} }, Blocks)
end

---@param task ggen.Task
---@param log userdata
function Blocks:follow(task, log)
  log:on_overflow(function()
    if self._floor then return end
    self._floor = task
    self._screen:write(self._header(task))
    log:attach(self._screen:raw())
  end)
end

-- Large output waits in a file, and the disk may be full.
local function lost_line(lost)
  return ("warning: %s of this output are lost: no room for a temporary file (another folder:"
    .. " TMPDIR)\n"):format(units.format_size(lost))
end

local function write_block(self, task, log, footer, lost)
  if log and log:size() > 0 then
    self._screen:write(self._header(task))
    log:replay(self._screen:raw())
    lost = (lost or 0) + log:lost()
    if lost > 0 then self._screen:write(lost_line(lost)) end
  end
  self._screen:write(footer)
end

-- Somebody else has the floor. The log is closed when the moment is over: it is moved into one of
-- our own, which spills to a file when it is large.
local function wait_for_floor(self, task, log, footer)
  local copy, lost
  if log and log:size() > 0 then
    copy = require("ggen.core.output").log({})
    log:replay(copy)
    lost = log:lost()
  end
  self._waiting[#self._waiting + 1] = function()
    write_block(self, task, copy, footer, lost)
    if copy then copy:close() end
  end
end

---@param task ggen.Task
---@param log userdata?
---@param footer string
---@param footer_only boolean? the output is not wanted
function Blocks:finish(task, log, footer, footer_only)
  if self._floor == task then
    self._screen:write(footer)
    self._floor = nil
    local waiting = self._waiting
    self._waiting = {}
    for _, text in ipairs(waiting) do text() end
    return
  end
  if footer_only then log = nil end
  if self._floor then return wait_for_floor(self, task, log, footer) end
  return write_block(self, task, log, footer)
end

return M
