-- `ggen-lua watch`: files are watched, and each time that a change counts, a run begins. A run is
-- a process of its own: our program with `run` and the same options, which decides by itself what
-- is out of date. Here is when it begins and when it ends; which changes count is in scope.lua and
-- with the plugin of kind watch.
--
-- Changes of the configuration start this program anew, in its place: outputs, plugins and their
-- params are those that a new start finds.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local batches_of = require("ggen.watch.batches")
local clock = require("ggen.core.clock")
local command_line = require("ggen.watch.command_line")
local fault = require("ggen.fault")
local own_changes = require("ggen.watch.own_changes")
local process = require("ggen.core.process")
local signal = require("ggen.core.signal")
local timer = require("ggen.core.timer")

local M = {}

local QUIET = 0.05 -- seconds without a change after which changes are looked at
local LONGEST = 1 -- seconds after the first one at the latest
local GRACE = 10 -- seconds that a run gets to end by itself when changes end it

---@class ggen.Watch
---@field package _args table
---@field package _again ggen.WatchAgain? of a start in the place of another
---@field package _watched ggen.Watched
---@field package _own ggen.OwnChanges
---@field package _came table[] batches that nobody has looked at, each with `by_run`
---@field package _run userdata? the process of the run that is going on
---@field package _signal string? that ends us
---@field package _lost string? why nothing is told any more
---@field package _resume fun()? of the wait that is going on
local Watch = {}
Watch.__index = Watch

---@class ggen.WatchAgain what a start in the place of another is told
---@field said string what has changed
---@field root string of the project as it was
---@field rounds table<string, number>[] of own_changes.lua

-- What is said ------------------------------------------------------------------------------------

-- Nobody is there to read it: the end, as of a run whose output nobody reads.
local BROKEN = {}

local function say(self, text)
  local out = self._args.json and io.stderr or io.stdout
  local said = out:write(text, "\n") and out:flush()
  if not said then error(BROKEN, 0) end
end

local function warn(self, text) say(self, self._style:yellow("warning: ") .. text) end

local function plural(count, what)
  return ("%d %s"):format(count, count == 1 and what or what:gsub("y$", "ie") .. "s")
end

local function said_of(changes)
  local first = changes[1]
  local text = ("%s %s"):format(require("ggen.harmless").line(first.path), first.kind)
  return #changes > 1 and ("%s; %d more"):format(text, #changes - 1) or text
end

local function say_waiting(self)
  require("ggen.budget").report({ note = function(_, _, text) warn(self, text) end })
  local count = self._watched.files:directories()
  for _, problem in ipairs(self._watched.files:problems()) do warn(self, problem) end
  say(self, self._style:dim(("waiting for changes (%s; Ctrl-C ends it)"):format(
    plural(count, "directory"))))
end

local function say_own(self, paths)
  local names, count = {}, self._args.restart and own_changes.ROUNDS_ENDED or own_changes.ROUNDS
  for i = 1, math.min(3, #paths) do names[i] = require("ggen.harmless").line(paths[i]) end
  local more = #paths > #names and (" and %d more"):format(#paths - #names) or ""
  warn(self, ("%s%s changed in %d runs in a row, by the runs themselves as it seems: nothing"
    .. " starts until something else changes (what a task writes belongs in its outputs, or into"
    .. " .gitignore)"):format(table.concat(names, ", "), more, count))
end

-- Waiting -----------------------------------------------------------------------------------------

-- Until a batch, a signal or the end of the run.
local function wait(self)
  async.await(function(resume) self._resume = resume end)
end

local function wake(self)
  local resume = self._resume
  self._resume = nil
  if resume then resume() end
end

local function on_batch(self, events, message)
  if not events then
    self._lost = message
  else
    events.by_run = self._run ~= nil
    self._came[#self._came + 1] = events
  end
  wake(self)
end

local function listen(self)
  local handles = {}
  for i, name in ipairs({ "INT", "TERM", "HUP" }) do
    handles[i] = signal.start(name, function()
      self._signal = self._signal or name
      -- Its second one kills what it runs.
      if self._run then self._run:kill(name == "INT" and "INT" or "TERM") end
      wake(self)
    end)
  end
  require("ggen.core.watchdog").exit_on_third_signal()
  return handles
end

-- The run -----------------------------------------------------------------------------------------

local function start(self, on_end)
  local fs = require("ggen.core.fs")
  local argv = command_line.words(self._args.argv, self._runs > 0 or self._again ~= nil)
  -- The file may have been replaced by a newer one; it is ours nevertheless.
  table.insert(argv, 1, fs.realpath("/proc/self/exe") or "/proc/self/exe")
  self._runs = self._runs + 1
  self._own:begin(clock.unix())
  self._run = fault.check(process.run({ argv = argv, env = command_line.environment(),
    stdin = "inherit", interactive = true }, on_end))
end

-- Changes end the run. What does not listen is killed.
local function stop(self)
  local run = self._run
  run:kill("TERM")
  self._stopping = timer.start(GRACE, function() run:kill("TERM") end)
end

-- Changes -----------------------------------------------------------------------------------------

---@class ggen.WatchCause
---@field said string
---@field changes ggen.FileEvent[]
---@field by_run boolean? all of it came while a run was going on
---@field configuration boolean? the program has to start anew

-- What the kernel had no room to tell.
local function unnamed_change()
  return { path = "much at once", kind = "changed", time = clock.unix() }
end

-- What of the batches counts; nil for nothing.
---@return ggen.WatchCause?
local function cause_of(self, batches)
  local watched, events, by_run, overflow = self._watched, batches_of.merged(batches), true, false
  for _, batch in ipairs(batches) do
    by_run, overflow = by_run and batch.by_run, overflow or batch.overflow
  end
  local configured = watched:reads(events, overflow)
  if configured then
    return { said = said_of({ configured }), changes = { configured }, by_run = by_run,
      configuration = true }
  end
  local changes = watched:counting(events)
  if #changes == 0 and overflow then changes = { unnamed_change() } end
  if #changes == 0 then return nil end
  return { said = said_of(changes), changes = changes, by_run = by_run }
end

-- What has come meanwhile as a cause, unless the runs do it themselves.
local function next_cause(self)
  local batches = self._came
  self._came = {}
  local cause = #batches > 0 and cause_of(self, batches) or nil
  if not cause then return nil end
  if not cause.by_run then
    self._own:forget()
    return cause
  end
  local left, own = self._own:came(cause.changes)
  if own then say_own(self, own) end
  if #left == 0 then
    self._watched.doubtful = cause.configuration
    return nil
  end
  if not cause.configuration then cause.changes, cause.said = left, said_of(left) end
  return cause
end

-- One run. A change may end it (--restart); it is then the cause of the next.
---@return table outcome of ggen.core.process.run
---@return ggen.WatchCause? cause
local function run_once(self)
  local outcome, cause
  start(self, function(result)
    outcome = result
    wake(self)
  end)
  while not outcome do
    wait(self)
    if self._args.restart and not outcome and not cause and not self._signal then
      cause = next_cause(self)
      if cause then stop(self) end
    end
  end
  if self._stopping then self._stopping:close() end
  self._stopping = nil
  if not outcome.started then fault.raise(outcome.error.message) end
  -- What it wrote at its very end is still its own.
  self._watched.files:flush()
  self._run = nil
  -- The next run begins after all of this.
  if cause and #self._came > 0 then self._came, self._watched.doubtful = {}, true end
  return outcome, cause
end

-- The whole ---------------------------------------------------------------------------------------

-- Does not return.
local function start_anew(self, cause)
  self._watched:close()
  local env = command_line.environment()
  env[command_line.VARIABLE] = require("ggen.core.json").encode({ said = cause.said,
    root = self._watched.root, rounds = self._own.rounds })
  io.stdout:flush()
  local argv = { "ggen-lua", unpack(self._args.argv) }
  local _, message = process.replace({ argv = argv, env = env })
  fault.raise("watch cannot start anew: " .. message)
end

---Somebody may be in the midst of something when a run ends, such as git with a checkout: the same
---pause as before any other run.
---@async
---@param self ggen.Watch
function M.settle(self)
  local quiet, ends = self._quiet, clock.monotonic() + self._longest
  local count = 0
  while #self._came > count and not self._signal and clock.monotonic() < ends
    and clock.unix() - batches_of.newest(self._came) < quiet do
    count = #self._came
    local pause = timer.start(quiet, function() wake(self) end)
    wait(self)
    pause:close()
    self._watched.files:flush()
  end
end

-- Until something counts, or a signal.
local function wait_for_cause(self)
  M.settle(self)
  local cause = next_cause(self)
  if cause then return cause end
  say_waiting(self)
  while not cause and not self._signal and not self._lost do
    wait(self)
    cause = next_cause(self)
  end
  if self._lost and not cause then fault.raise("watch: " .. self._lost) end
  return cause
end

local CLEAR = "\27[H\27[2J\27[3J"

local function announce(self, cause)
  if self._args.clear and self._on_terminal then io.stdout:write(CLEAR) end
  if cause then say(self, self._style:cyan(cause.said)) end
end

local INTERRUPTED = 130

local function serve(self)
  local cause = self._again and { said = self._again.said }
  if self._watched.moved then start_anew(self, { said = self._watched.moved .. " changed" }) end
  while not self._signal do
    announce(self, cause)
    local problem = self._watched.problem
    cause = nil
    if problem then
      fault.print(problem, require("ggen.cli").use_color(self._args.color, 2))
    else
      local outcome
      outcome, cause = run_once(self)
      -- The terminal's Ctrl-C comes to the run alone.
      if outcome.code == INTERRUPTED and not cause then return INTERRUPTED end
    end
    if self._signal then break end
    cause = cause or wait_for_cause(self)
    if cause and cause.configuration then start_anew(self, cause) end
  end
  return INTERRUPTED
end

-- Anybody may set a variable.
local function again_of(text)
  if not text or text == "" then return nil end
  local shape = { type = "record", fields = {
    said = { type = "string", required = true }, root = { type = "string", required = true },
    rounds = { type = "list", of = { type = "map", of = { type = "number" } }, required = true },
  } }
  local ok, again = pcall(require("ggen.core.json").decode, text)
  return ok and require("ggen.schema").check(shape, again) or nil
end

---@async
---@param args table
---@return integer code
function M.run(args)
  if args.performance_history then
    fault.raise("--performance-history runs nothing, so there is nothing to watch for")
  end
  local cli = require("ggen.cli")
  local again = again_of(os.getenv(command_line.VARIABLE))
  local self = setmetatable({ _args = args, _again = again, _came = {}, _runs = 0,
    _quiet = args.debounce or QUIET, _longest = math.max(LONGEST, args.debounce or 0),
    _own = own_changes.new(args.restart, again and again.rounds),
    _on_terminal = not args.json and require("ggen.core.fs").is_tty(1),
    _style = require("ggen.style").new(cli.use_color(args.color, args.json and 2 or 1)) }, Watch)
  self._watched = require("ggen.watch.watched").open(args, {
    quiet = self._quiet, longest = self._longest,
    on_batch = function(events, message) on_batch(self, events, message) end,
    warn = function(text) warn(self, text) end, again = again,
  })
  collectgarbage()
  local handles = listen(self)
  local ok, code = pcall(serve, self)
  for _, handle in ipairs(handles) do handle:close() end
  if self._run then self._run:close() end
  self._watched:close()
  if ok then return code end
  if code == BROKEN then return 1 end
  error(code, 0)
end

return M
