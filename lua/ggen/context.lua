-- What a task's run gets: ctx for executors (steps, environment, a way to start processes), and
-- ctx for the Lua functions of a pipeline (ctx.sh, ctx.log, ctx.fs, ...).
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local budget = require("ggen.budget")
local clock = require("ggen.core.clock")
local environment = require("ggen.environment")
local lanes = require("ggen.lanes")
local plugin_clock = require("ggen.core.plugin_clock")
local steps = require("ggen.steps")
local units = require("ggen.units")

local M = {}

local GRACE = 5 -- seconds, when the task does not say it
-- Seconds that an ended command is given beyond its grace before the function is given up.
local LAST_WAIT = 2
local TIMER_STEP = 0.002 -- seconds that a timer may come early

---@class ggen.Result how a step or a task ended
---@field code integer exit code; 128 + n after a signal, 124 after a time-out
---@field signal string?
---@field timed_out boolean?
---@field message string? what to tell, when the code alone does not say it
---@field usage ggen.Usage?

---@class ggen.ForeignCommand
---@field run fun(timeout: number?, grace: number): ggen.Result waits for its end, and ends it when
---so many seconds are over: with 124, and KILL when the grace is over too
---@field kill fun(signal: string) passes a signal on; it may wait

---@class ggen.Context for executors; describe(step) gives a step as text
---@field task ggen.Task
---@field steps ggen.Step[]
---@field env table<string, string>
---@field cwd string absolute
---@field package _run table
---@field package _deadline number? monotonic seconds
---@field package _over boolean? the time of its function is up
---@field package _live integer processes that run
---@field used ggen.Usage? by the processes that it started and that have ended
---@field package _last_used ggen.Usage? by the last of them
local Context = { __name = "ggen.Context", describe = steps.describe, _live = 0 }

-- Fields that are made when they are asked for: a task that is one Lua function needs few of them.
local made = {}
function made.env(self)
  local jobserver, spec = self._run.options.jobserver, self.task.spec
  local env = environment.of(spec, jobserver and spec.jobserver ~= false and jobserver:hand_on()
    or nil)
  if spec.leases and self._run.leases then self._run.leases:add_env(self.task, env) end
  return env
end
function made.cwd(self)
  local cwd, dir = self.task.spec.cwd, self.task.dir
  if not cwd then return dir end
  return cwd:sub(1, 1) == "/" and cwd or dir .. "/" .. cwd
end

Context.__index = function(self, key)
  local method = Context[key]
  if method ~= nil then return method end
  local make = made[key]
  if not make then return nil end
  local value = make(self)
  rawset(self, key, value)
  return value
end

---@param run table the run (run.lua)
---@param task ggen.Task
---@return ggen.Context
function M.new(run, task)
  local spec = task.spec
  return setmetatable({
    task = task, steps = steps.of(spec), _run = run,
    _deadline = spec.timeout and clock.monotonic() + spec.timeout or nil,
  }, Context)
end

---The sink that takes the task's output. Its log is made when it is first needed, because most
---tasks that are Lua functions print nothing.
---@return userdata
function Context:log()
  return self._run.account:sink_of(self.task)
end

local function time_out(self)
  return { code = 124, timed_out = true,
    message = "timed out after " .. units.format_duration(self.task.spec.timeout) }
end

-- Fills in what the engine leaves to us: a message for ends that a code does not explain.
local function explain(self, result)
  if result.error then
    result.message = result.error.message
  elseif result.timed_out then
    result.message = time_out(self).message
  elseif result.signal then
    result.message = "ended by signal " .. result.signal
  end
  -- What was ended from outside, as services are, had no chance to clear up.
  local cut_short = result.timed_out or self.task.spec.service or self._run.waits.interrupted
  if result.left_behind and not cut_short then
    self._run.events:note("warning",
      "it left processes running behind it; those of its process group were ended (a process that"
        .. " is to stay needs service = true)",
      self.task)
  end
  return result
end

---Starts a process and waits for its end.
---@async
---@param options table of ggen.core.process.run; env, cwd and time-out are filled in
---@param on_start (fun(handle: userdata))? for services (waits.lua)
---@return ggen.Result
function Context:process(options, on_start)
  self:check_time()
  if self._deadline then
    local left = self._deadline - clock.monotonic()
    if left <= 0 then return time_out(self) end
    options.timeout = options.timeout and math.min(options.timeout, left) or left
  end
  options.env, options.cwd = options.env or self.env, options.cwd or self.cwd
  options.grace = options.grace or self.task.spec.grace or GRACE
  self._live = self._live + 1
  local result = self._run.waits:process(options, lanes.of(self.task), on_start)
  self._live = self._live - 1
  self.used, self._last_used = self.used
    and require("ggen.usage").add(self.used, result.usage) or result.usage, result.usage
  self:check_time()
  return explain(self, result)
end

---Waits for the end of a command that is no process of ours, as executors start them elsewhere: it
---is interrupted as a process is.
---@async
---@param command ggen.ForeignCommand
---@return ggen.Result
function Context:command(command)
  self:check_time()
  local left
  if self._deadline then
    left = self._deadline - clock.monotonic()
    if left <= 0 then return time_out(self) end
  end
  self._live = self._live + 1
  local ok, result = pcall(self._run.waits.command, self._run.waits, command, left,
    self.task.spec.grace or GRACE, lanes.of(self.task))
  self._live = self._live - 1
  if not ok then error(result, 0) end
  self.used, self._last_used = self.used
    and require("ggen.usage").add(self.used, result.usage) or result.usage, result.usage
  self:check_time()
  return explain(self, result)
end

---What takes the place of the project for this task, when it may see only what it declares.
---@async
---@return ggen.CleanRoom? room
---@return string? message
function Context:clean_room() return require("ggen.clean_room").open(self._run, self.task) end

---@return table<string, ggen.Lease> leases that the task has, by name
function Context:leases() return self._run.leases and self._run.leases:of(self.task) or {} end

---The directories that the task writes its outputs to; those that are missing are made.
---@return string[]? directories absolute
---@return string? message
function Context:output_directories()
  return require("ggen.outputs").directories(self.task, self._run.project.dir)
end

---Says something of the task, beside its output.
---@param level "info"|"warning"
---@param text string
function Context:note(level, text) self._run.events:note(level, text, self.task) end

---What a task used, by its result. An executor whose programs are no processes of ours tells it
---itself; else it is what all processes used, of each step and of each function.
---@param result ggen.Result
---@return ggen.Usage?
function Context:usage_of(result)
  local told = type(result.usage) == "table" and result.usage or nil
  return told and told ~= self._last_used and told or self.used
end

---Ends a function whose time is up: it waits for nothing more.
function Context:check_time()
  if self._over then error(async.CANCELLED, 0) end
end

---@return ggen.Project
function Context:project() return self._run.project end

---Waits until the run is interrupted.
---@async
function Context:interrupted() self._run.waits.signal:wait() end

-- What a shell would do itself: its code, nil when it takes a process.
local function run_builtin(self, command)
  self:check_time()
  return require("ggen.lifecycle.builtins").run(command, function(bytes)
    self:log():write("out", bytes)
  end)
end

local function run_step(self, step)
  local spec = self.task.spec
  local interactive = spec.interactive
  if spec.lifecycle and step.shell and not step.shell_program and not interactive then
    local code = run_builtin(self, step.shell)
    if code then return { code = code } end
  end
  return self:process({
    argv = step.argv, shell = step.shell, shell_program = step.shell_program,
    interactive = interactive, output = not interactive and self:log() or nil,
    stdin = spec.stdin and { bytes = spec.stdin } or nil,
  })
end

---Runs one step, whatever it is.
---@async
---@param step ggen.Step
---@return ggen.Result
function Context:step(step)
  if step.fn then return self:call(step.fn) end
  return budget.outside(run_step, self, step)
end

local function called(call, ...)
  plugin_clock.leave(call)
  return M.function_result(...)
end

-- Its time is not that of the executor.
local function call_now(self, fn, user)
  return called(plugin_clock.enter(budget.OUTSIDE), xpcall(fn, self._run.handler, user))
end

-- Calls a function that has to end in time.
local function call_until_deadline(self, fn, user)
  local left = self._deadline - clock.monotonic()
  local ended, result = pcall(async.race, {
    function() return call_now(self, fn, user) end,
    function() -- a limit, and no poll: when the function ends first, this is given up
      async.sleep(math.max(left, 0))
      self._over = true
      -- Its commands have the same end of time: TERM, grace, KILL. To give the function up would
      -- kill them at once.
      if self._live > 0 then async.sleep((self.task.spec.grace or GRACE) + LAST_WAIT) end
    end,
  })
  if self._over or ended and clock.monotonic() > self._deadline - TIMER_STEP then
    return time_out(self)
  end
  if not ended then error(result, 0) end
  return result
end

---Runs a Lua function of the pipeline with its own ctx. An error that it raises is its failure.
---@async
---@param fn function
---@return ggen.Result
function Context:call(fn)
  local user = M.user(self)
  if self._deadline then return call_until_deadline(self, fn, user) end
  return call_now(self, fn, user)
end

---@param ok boolean
---@param value any what the function returned or raised
---@return ggen.Result
function M.function_result(ok, value)
  if not ok then
    if value == async.CANCELLED then error(value, 0) end
    return { code = value.exit_code or 1, message = tostring(value), traceback = value.traceback }
  end
  if value == false then return { code = 1, message = "the function returned false" } end
  -- With the fields that are filled in later: one allocation, not four.
  return { code = 0, status = "ok", duration = 0, attempts = 1, began = 0, ran = 0 }
end

-- ctx of the pipeline's functions ----------------------------------------------------------------

---@class ggen.UserContext what run = function(ctx) gets
---@field task { id: string, name: string, workspace: string?, matrix: table? }
---@field matrix table
---@field services table<string, ggen.Lease> what the task leases, by name
---@field env table<string, string>
---@field cwd string
---@field log { info: fun(...), warn: fun(...), error: fun(...) }
---@field fs table files relative to cwd
---@field sh fun(command: string|string[], options: table?): ggen.Result
---@field sleep fun(seconds: number|string)

local parts = {}

function parts.task(inner)
  local task = inner.task
  return { id = task.id, name = task.name, workspace = task.workspace, matrix = task.matrix }
end

function parts.matrix(inner) return inner.task.matrix or {} end
function parts.services(inner)
  local task = inner.task
  local held = inner._run.leases and inner._run.leases:of(task) or {}
  return setmetatable({}, { __index = function(_, name)
    if held[name] then return held[name] end
    local names = {}
    for _, lease in ipairs(require("ggen.leasable").leases(task.spec)) do
      names[#names + 1] = lease.name
    end
    error(("ctx.services has no %q%s; the task leases %s"):format(tostring(name),
      require("ggen.suggest").hint(tostring(name), names),
      #names > 0 and table.concat(names, ", ") .. (next(held) and "" or " (not yet)") or "nothing"),
      2)
  end })
end
-- A copy, which the commands of this function get from here on: tasks that declare nothing share
-- their environment.
function parts.env(inner)
  local copy = {}
  for name, value in pairs(inner.env) do copy[name] = value end
  rawset(inner, "env", copy)
  return copy
end
function parts.cwd(inner) return inner.cwd end

function parts.log(inner)
  local function writer(stream, prefix)
    return function(...)
      local words = {}
      for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
      inner:log():write(stream, prefix .. table.concat(words, " ") .. "\n")
    end
  end
  return { info = writer("out", ""), warn = writer("err", "warning: "), error = writer("err",
    "error: ") }
end

function parts.fs(inner)
  local fs = require("ggen.core.fs")
  local function absolute(path)
    if type(path) ~= "string" or path:sub(1, 1) == "/" then return path end
    return inner.cwd .. "/" .. path
  end
  -- All but these have one path, and it comes first.
  local own = {
    cwd = function() return inner.cwd end,
    remove = function(path, options)
      local recursive = type(options) == "table" and options.recursive
      return fs.remove(absolute(path), { recursive = recursive,
        keep = inner._run.project.dir })
    end,
    rename = function(from, to) return fs.rename(absolute(from), absolute(to)) end,
    match = fs.match, is_tty = fs.is_tty, temp_dir = fs.temp_dir, make_temp_dir = fs.make_temp_dir,
  }
  return setmetatable(own, { __index = function(_, name)
    local fn = fs[name]
    if fn == nil then
      error(("ctx.fs has no function %q%s"):format(tostring(name),
        require("ggen.suggest").hint(tostring(name), fs)), 2)
    end
    return function(path, ...) return fn(absolute(path), ...) end
  end })
end

function parts.sleep(inner)
  return function(time)
    local seconds, message = units.duration(time)
    if not seconds then error("ctx.sleep: " .. message, 2) end
    inner:check_time()
    inner._run.waits:sleep(seconds, lanes.of(inner.task))
  end
end

-- ctx.sh("make all"), ctx.sh({ "cc", "-c", file }, { capture = true })
function parts.sh(inner)
  return function(command, options)
    options = options or {}
    local request = {
      argv = type(command) == "table" and command or nil,
      shell = type(command) == "string" and command or nil,
      shell_program = options.shell or inner.task.spec.shell,
      timeout = options.timeout and assert(units.duration(options.timeout)) or nil,
      stdin = options.stdin and { bytes = options.stdin } or nil,
      cwd = options.cwd and (options.cwd:sub(1, 1) == "/" and options.cwd or inner.cwd .. "/"
        .. options.cwd) or nil,
    }
    if request.timeout == 0 then error("ctx.sh: the timeout must be above zero", 2) end
    if not request.argv and not request.shell then
      error("ctx.sh: a command (text) or an argv (list of texts) expected, got " .. type(command),
        2)
    end
    if options.env then
      request.env = {}
      for name, value in pairs(inner.env) do request.env[name] = value end
      for name, value in pairs(options.env) do request.env[name] = tostring(value) end
    end
    if options.capture then
      request.capture = type(options.capture) == "number" and options.capture or 16 * 1024 * 1024
    else
      request.output = inner:log()
    end
    local result = inner:process(request)
    if result.code ~= 0 and options.check ~= false then
      local why = result.message or ("exit code %d"):format(result.code)
      local last = result.stderr and result.stderr:match("([^\n]+)\n?$")
      local failure = require("ggen.fault").new({
        message = ("%s: %s%s"):format(steps.describe(request),
          why,
          last and ": " .. last or ""),
      })
      failure.exit_code = result.code
      failure.file, failure.line = require("ggen.fault").where(2)
      error(failure, 0)
    end
    return result
  end
end

local User = {}
User.__index = function(self, key)
  local make = parts[key]
  if not make then
    error(("ctx has no field %q%s"):format(tostring(key),
      require("ggen.suggest").hint(tostring(key), parts)), 2)
  end
  local value = make(rawget(self, "_context"))
  rawset(self, key, value)
  return value
end

---@param context ggen.Context
---@return ggen.UserContext
function M.user(context)
  return setmetatable({ _context = context }, User)
end

return M
