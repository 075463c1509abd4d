-- One run, from a plan to an exit code: what drives the plan, and what stands around it. The life
-- of a task is in flow.lua, the states of the tasks belong to the engine's plan, decisions to
-- plugins, what is told to the account.
-- SPDX-License-Identifier: MIT
local account = require("ggen.account")
local async = require("ggen.async")
local budget = require("ggen.budget")
local clock = require("ggen.core.clock")
local events = require("ggen.events")
local fault = require("ggen.fault")
local headroom = require("ggen.headroom")
local hooks = require("ggen.hooks")
local plan = require("ggen.plan")
local run_record = require("ggen.core.run_record")
local scheduling = require("ggen.scheduling")
local services = require("ggen.services")
local slots = require("ggen.slots")
local timings = require("ggen.timings")
local timer = require("ggen.core.timer")
local waits = require("ggen.waits")
local workers = require("ggen.workers")

local M = {}

local TICK = 0.1 -- seconds between on_tick

---@class ggen.RunOptions
---@field jobs integer how many tasks run at once
---@field io_jobs integer? so many that wait rather than compute run beside these (workers.lua)
---@field memory number? bytes that the tasks may take at once
---@field keep_going boolean go on after a failure with what does not depend on it
---@field dry_run boolean
---@field timeout number? seconds for the whole run
---@field output "stream"|"grouped"|"errors"|"none"
---@field verbose boolean
---@field script ggen.StrictScript? what runs, instead of the selection
---@field together boolean? hooks of one moment of a make.toml may run at the same time
---@field cache ggen.CacheOptions? nil: every task runs, and nothing is kept
---@field choice ggen.Choice? what of the selection takes part (choice.lua)
---@field jobserver ggen.Jobserver? whom the slots come from
---@field share "pipe"|"fifo"|nil how our own slots are shared with the programs of tasks
---@field aside boolean? it is a measurement: no time and no failure of it is remembered
---@field track boolean? record the run even where the pipeline turned that off

---@class ggen.Run
---@field project ggen.Project
---@field options ggen.RunOptions
---@field totals ggen.Totals
---@field events ggen.Events
---@field account ggen.Account
---@field began number? monotonic seconds, once it has begun
---@field waits ggen.Waits
---@field cache ggen.Cache?
---@field slots ggen.Slots
---@field leases ggen.Leases? of a run with tasks that lease something
---@field executors ggen.Instance[]
---@field plugins ggen.Registry
---@field scheduling ggen.Scheduling
---@field timings ggen.Timings what the tasks took in their last runs
---@field headroom ggen.Headroom
---@field later { plan: userdata, numbers: integer[]? }[] the plans that ran behind it; numbers: of
---the tasks, where it has a graph of its own
---@field main userdata? the plan of all but the `finally` tasks, once the run has begun
---@field refused boolean? a gate said no
---@field dirtiness ggen.Dirtiness? of a run that has something to do
---@field outcomes table<ggen.Pipeline, "on_error"|"on_success">? what runs at its end, by file
---@field rows ggen.PhaseRow[]? the phases of a make.toml, in their order
---@field script ggen.StrictScript? of a run with compat = "strict"
---@field recorder ggen.Recorder? of a project with phases of a make.toml
---@field moments ggen.Moments? hooks of a make.toml that run at the same time
local Run = { __name = "ggen.Run" }
Run.__index = Run

-- The services that were asked for by name.
local function asked_services(project, selection)
  local list, asked = project:survey().services, {}
  if #list == 0 then return asked end
  local is_service = {}
  for _, index in ipairs(list) do is_service[index] = true end
  for _, index in ipairs(selection) do
    if is_service[index] then asked[#asked + 1] = index end
  end
  return asked
end

---@param project ggen.Project
---@param selection integer[] indices of tasks
---@param options ggen.RunOptions
---@param plugins ggen.Registry
---@return ggen.Run
function M.new(project, selection, options, plugins)
  local self = setmetatable({
    project = project, options = options, plugins = plugins,
    events = events.new(plugins:all("observer")),
    handler = fault.handler(options.verbose), executors = plugins:all("executor"),
    running = 0, waits = waits.new(), later = {},
  }, Run)
  self.timings = timings.open(project.dir)
  self.account = account.new(self.events)
  self.left_out = options.choice and options.choice.left_out
  self.totals = self.account.totals
  self.services = services.new(self)
  self.hooks = hooks.new(self, plugins:get("hooks"))
  -- A script has its order already.
  self.scheduling = scheduling.new(not options.script and plugins or nil, project,
    function() return self:view() end,
    function(message) self.events:note("warning", message) end)
  self:_divide(selection)
  if options.cache then
    self.cache = require("ggen.cache").open(project, plugins, self.events, options.cache)
  end
  self.headroom = headroom.new({ now = clock.monotonic, start_timer = timer.start,
    machine = function() return require("ggen.machine").new() end,
    pump = function() self:_pump() end,
    on_short = function()
      self.events:note("warning", "the machine has no memory left: one task at a time until it has")
    end })
  self.slots = slots.new(self, self.plan, function() self:_pump() end)
  if #project:survey().leasing > 0 and not options.dry_run and not self.script then
    self.leases = require("ggen.leases").new(self, plugins:get("containers"))
    self.scheduling.leases = self.leases
  end
  plugins:attach(self.events)
  if options.dry_run then self.executors = { self.executors[#self.executors] } end
  if plan.has_lifecycle(project) and not options.dry_run and not options.aside then
    self.recorder = require("ggen.lifecycle.record").new(self)
    self.events:listen("lifecycle state", self.recorder)
  end
  -- One task alone needs no name before its lines.
  options.single = options.single and self.totals.tasks == 1
  if not self.script then
    self.totals.tasks = self.totals.tasks + self.hooks:expect(self.plan, self.finals)
  end
  self.asked_services = asked_services(project, selection)
  return self
end

---@return ggen.View that has not entered a plan
function Run:view()
  return require("ggen.view").new({ jobs = self.options.jobs, now = clock.monotonic,
    project = self.project, timings = self.timings, left_out = self.left_out,
    machine = require("ggen.machine").new(self.options.memory) })
end

-- Tasks marked `finally` do not take part in the plan: they have one of their own, at the end.
function Run:_divide(selection)
  local script = self.options.script
  if script then
    self.script, self.plan, self.finals, self.totals.tasks = script, script.plan, {}, #script.tasks
    return
  end
  local main, finals = plan.divide(self.project, selection)
  self.plan, self.rows = plan.plan(self.project, main, self.options.together)
  self:_find_moments(self.rows)
  -- One failing workspace does not keep the others from their end.
  if self.rows and self.rows.side_by_side then self.options.keep_going = true end
  self.finals = finals(self.plan)
  if self.options.choice then self.finals = self.options.choice:take_finals(self.finals) end
  self.totals.tasks = plan.count(self.project, self.plan, self.left_out) + #self.finals
end

-- Hooks of a make.toml that take turns. Without a plugin for them they have the order of the plan.
function Run:_find_moments(rows)
  self.moments = rows and self.options.together
    and require("ggen.lifecycle.moments").new(self, rows, self.hooks:plugin()) or nil
end

-- Driving the plan -----------------------------------------------------------------------------

-- The task of an id of the plan: its index, but for the plan of the `finally` tasks.
function Run:_task(id)
  if self.script then return self.script.tasks[id] end
  return self.project:task(self.indices and self.indices[id] or id)
end

-- Starts what may start. Tasks that end at once come back here through _ended, while the loop
-- below is still on: they must not start a second one.
function Run:_pump()
  if self._pumping then return end
  self._pumping = true
  self.scheduling:ask_again()
  repeat
    while self.slots:room() and not self._alone do
      local id = self.scheduling:next(self.plan, self.running)
      if not id then break end
      local task = self:_task(id)
      -- A hook that has a turn waits for it first.
      if workers.is_alone(task) and not (self.moments and self.moments:has(task)) then
        self._alone = { id = id, task = task }
      else
        self:_start(id, task)
      end
    end
    -- A task that wants to be alone waits until the others have ended; meanwhile none starts.
    if self._alone and self.plan:stopped() then self._alone = nil end
    local at_work = self.running - (self.moments and self.moments.waiting or 0)
    local alone = at_work == 0 and self._alone
    if alone then self:_start(alone.id, alone.task) end
  until not alone or self._alone
  self.slots:settle()
  self._pumping = false
  -- Nothing runs and nothing may start: the plan is finished, or it was stopped.
  if self.running == 0 and self._idle then self._idle:resolve() end
end

local flow -- ggen.flow: of no use to a run with nothing to do

-- What a task's coroutine runs: its flow, and the end of it in the plan.
local function life(self, task, id)
  flow = flow or require("ggen.flow")
  local run_it = self.left_out and self.left_out[task.index] and flow.pass
    or self.hooks:is_hook(task) and self.hooks.run_planned
    or self.script and self.script.flow or flow.flow
  local moments = self.moments and self.moments:has(task) and self.moments
  local ok, result, started = pcall(moments and moments.take_part or run_it, moments or self, task,
    run_it)
  if not ok then
    result = { status = "failed", code = 1,
      message = result == async.CANCELLED and "interrupted" or tostring(result) }
  end
  return self:_ended(task, id, result, started)
end

function Run:_start(id, task)
  self.running = self.running + 1
  self.slots:started(task)
  self.scheduling:started(task)
  async.spawn(life, self, task, id)
end

function Run:_ended(task, id, result, started)
  self.running = self.running - 1
  self.slots:ended(task, true)
  if self._alone and self._alone.id == id then self._alone = nil end
  local skipped, ready
  if result.status == "failed" and not task.spec.optional then
    self.failed = true
    local beside = self.moments and self.moments:beside(task)
    -- Without an engine all goes on that needs none.
    local go_on = self.options.keep_going or beside or result.kind == "no_engine"
    if not go_on then self:_stop() end
    skipped, ready = self.plan:fail(id)
    if beside and not self.options.keep_going then self.moments:go_on_with(beside) end
  elseif result.not_run then
    ready = self.plan:skip(id)
  else
    ready = self.plan:done(id)
  end
  self:_tell(task, result, started)
  if self.moments then self.moments:ended(task, result) end
  if skipped then self:skip(skipped, task.id .. " failed") end
  self.scheduling:ready(ready)
  self:_pump()
end

-- From here on no task starts.
function Run:_stop()
  self.plan:stop()
  if self.moments then self.moments:close() end
end

function Run:_tell(task, result, started)
  if task.phase and not result.told then
    self.account:phase_node(task, result)
    if result.status == "failed" then self.hooks:phase_failed(task, result) end
  elseif result.service and result.status == "ok" then
    self.account:service_ready(task, result, started)
  elseif not result.told then
    self.account:finish(task, result, started)
  end
  self.scheduling:ended(task, result)
end

---Tells that tasks of the plan will not run.
---@param ids integer[]
---@param reason string
function Run:skip(ids, reason)
  for _, id in ipairs(ids) do
    local task = self:_task(id)
    if self.moments then self.moments:skipped(task.index) end
    if not (self.left_out and self.left_out[task.index]) then self.account:skip(task, reason) end
  end
end

-- Runs a plan until nothing of it can go on.
function Run:_drive(some_plan, indices)
  self.plan, self.indices = some_plan, indices
  if some_plan ~= self.main and self.account.rows then
    self.account.rows:begin_stage()
    table.insert(self.later, { plan = some_plan, numbers = indices })
  end
  self.slots:begin(some_plan, not indices and not self.script)
  self.scheduling:begin(some_plan, function(id) return self:_task(id) end, indices)
  if self.leases then self.leases:begin(some_plan) end
  self._idle = async.future()
  self:_pump()
  self._idle:wait()
  self._idle, self.moments = nil, nil
end

-- The whole ------------------------------------------------------------------------------------

---A service ended too early: what still needs it is not started any more.
---@param task ggen.Task
---@param result ggen.TaskResult
---@param started number monotonic seconds
function Run:service_died(task, result, started)
  self.account:service_ended(task, result, started)
  if not task.spec.optional then
    self.failed = true
    if not self.options.keep_going then self:_stop() end
    for _, id in ipairs(self.indices and {} or self.project.graph:dependents(task.index)) do
      self:give_up(id, task.id .. " ended")
    end
  end
  if self.running == 0 and self._idle then self._idle:resolve() end
end

---A task that has not started will not, and neither will what needs it.
---@param id integer
---@param reason string
function Run:give_up(id, reason)
  local state = self.plan:state(id)
  if state ~= "want" and state ~= "ready" and state ~= "queued" then return end
  local skipped = self.plan:fail(id)
  self:skip({ id }, reason)
  if skipped then self:skip(skipped, reason) end
end

function Run:_announce_interrupt(name, again)
  if again or not self.waits.at_end then self:_stop() end
  if again then return end
  local what = name == "timeout" and "the time of the run is over" or "interrupted"
  self.events:note("warning", self.waits.at_end
    and what .. ": what runs at the end goes on (once more kills it)"
    or what .. ": ending what runs" .. (name == "timeout" and "" or " (once more kills it)"))
end

-- Who asks for a service by name wants it to stay.
function Run:_hold_services()
  if #self.asked_services == 0 or self.failed or self.waits.interrupted then return end
  if self.services:count() == 0 then return end
  self.events:note("info", "what was asked for is running; Ctrl-C ends it")
  self._idle = async.future()
  self._idle:wait()
  self._idle = nil
end

---@alias ggen.RunStatus "ok"|"failed"|"gate"|"interrupted"|"timeout"

---How the run ended, as far as it is known: a gate may still say no.
---@return ggen.RunStatus
---@return integer code exit code of the program
function Run:status()
  if self.waits.interrupted == "timeout" then return "timeout", 124 end
  if self.waits.interrupted then return "interrupted", 130 end
  if self.failed then return "failed", 1 end
  if self.refused then return "gate", 3 end
  return "ok", 0
end

-- What is up to date from the start takes no part in the run.
function Run:_judge()
  if not self.cache then return end
  local found = self.cache:judge(self.project, self.plan, self.asked_services, self.left_out)
  local totals = self.totals
  totals.tasks = totals.tasks - found.idle
  totals.fresh, totals.saved, totals.ok = found.fresh, found.saved, found.fresh
end

function Run:_tell_fresh()
  if not self.cache or not self.events:wants("on_task_fresh") then return end
  for _, id in ipairs(self.cache:fresh_tasks(self.plan)) do
    if not (self.left_out and self.left_out[id]) then
      self.events:emit("on_task_fresh", self.project:task(id))
    end
  end
end

-- on_error and on_success.
function Run:_drive_outcome()
  local outcome, count = require("ggen.lifecycle.outcome"), #self.finals
  self.finals = outcome.finals(self, self.finals)
  self.totals.tasks = self.totals.tasks - count + #self.finals
  local phases, again = outcome.phases(self)
  if #phases == 0 then return end
  local before, later, rows = self.plan, plan.plan(self.project, phases, self.options.together)
  for _, id in ipairs(later:wanted()) do
    local task = self.project:task(id)
    local state = before:state(id) or self.hooks:state(task)
    if state == "done" and not again[id] then
      later:satisfy(id)
    elseif not state or state == "done" or state == "failed" or state == "skipped" then
      self.totals.tasks = self.totals.tasks + 1
      self.hooks:forget(task)
    end
  end
  self.options.keep_going = true
  self:_find_moments(rows)
  self:_drive(later)
end

-- A run with nothing to do needs nobody to share with.
function Run:_share_slots()
  local options = self.options
  if not options.share or self.totals.tasks == self.totals.fresh then return end
  local message
  options.jobserver, message = require("ggen.jobserver").serve(options.jobs, options.share)
  if not options.jobserver then return self.events:note("warning", "no jobserver: " .. message) end
  self.slots:share(options.jobserver)
end

-- For the record, which a run with nothing to do does without.
function Run:_watch_files()
  if not self.options.dry_run and self.totals.tasks > self.totals.fresh then
    self.dirtiness = require("ggen.dirtiness").watch(self.project.dir)
  end
end

function Run:_run_all()
  self:_judge()
  -- Until here a signal just ends the program: while files are looked at nobody would hear of it.
  self.waits:listen(function(name, again) self:_announce_interrupt(name, again) end,
    function() self:_pump() end, self.options.timeout, self.began)
  self:_share_slots()
  self.events:emit("on_run_start", self)
  require("ggen.registry").begun(self.events)
  self:_tell_fresh()
  if self.options.choice then self.options.choice:tell(self.events) end
  if self.rows and self.options.dry_run then require("ggen.lifecycle.admission").tell(self) end
  local main = self.plan
  self.main = main
  self:_watch_files()
  self:_drive(main)
  if self.script then require("ggen.lifecycle.strict").conclude(self) end
  if self.rows then
    require("ggen.lifecycle.outcome").tell_untouched(self)
    self:_drive_outcome()
  end
  if #self.finals > 0 and not self.waits.killed then
    self.options.keep_going, self.waits.at_end = true, true
    self:_drive(plan.finals_plan(self.project, self.finals))
  end
  self:_hold_services()
  for _, service in ipairs(self.services:stop_all()) do
    local result = { status = "ok", code = 0, service = true, usage = service.result.usage }
    self.account:service_ended(service.task, result, service.started)
  end
  if self.leases then self.leases:close() end
  -- The steps of a script are no tasks that one could ask for.
  if not (self.options.dry_run or self.options.aside or self.script) then
    self:_remember_failures(main)
  end
end

---For observers, whenever they like: costs next to nothing.
---@return number? seconds until all is done, by what the tasks took in their last runs
function Run:time_left() return require("ggen.run_times").left(self) end

---For observers, in on_run_gate and on_run_end: what is written down of the run.
---@return table? record as in docs/run-record.schema.json, the same one each time; nil in a dry run
function Run:record()
  return self.account.rows and require("ggen.recording").table(self) or nil
end

---For the observer that keeps the history, in on_run_end. What cannot be written is one warning;
---where nothing may be written at all (a read-only checkout) only with --verbose.
---@param limits { runs: integer, lines: integer, age: number }
function Run:keep_record(limits)
  if not self.account.rows then return end
  local ok, message, kind = require("ggen.recording").write(self, limits)
  if ok or kind == "permission" and not self.options.verbose then return end
  self.events:note("warning", "the run is not recorded: " .. message)
end

---For observers, in on_run_end.
---@return ggen.CriticalPath? path nil when no task of the run took any time
function Run:critical_path() return require("ggen.run_times").critical_path(self) end

-- For --failed of a later run.
function Run:_remember_failures(main)
  local plans = { { main }, self.indices and { self.plan, self.indices } }
  require("ggen.last_failures").update(self.project.dir, self.failed or self.waits.interrupted,
    function(tell)
      for _, entry in ipairs(plans) do
        for _, id in ipairs(entry[1]:wanted()) do
          local index = entry[2] and entry[2][id] or id
          local passed = self.left_out and self.left_out[index]
          if not passed and not self.project:task(index).phase then
            tell(self.project:id(index), entry[1]:state(id) == "done")
          end
        end
      end
    end)
end

-- A directory that cannot be written is said by those who lose something by it.
function Run:_save_timings()
  local ok, message = self.timings:save(self.account.rows:samples())
  if not ok and self.options.verbose then
    self.events:note("warning", "the times of the tasks are not kept: " .. message)
  end
end

---Runs everything.
---@async
---@return integer code exit code of the program
function Run:execute()
  self.began = clock.monotonic()
  if not self.options.dry_run then self.account.rows = run_record.new(self.began) end
  if self.events:wants("on_tick") then
    self.waits:every(TICK, function() self.events:emit("on_tick") end)
  end
  local ok, problem = xpcall(self._run_all, self.handler, self)
  self.waits:close() -- whatever happened: open handles would keep the program alive
  if self.dirtiness then self.dirtiness:close() end
  self.headroom:close()
  if not ok then error(problem, 0) end
  local _, code = self:status()
  if self.cache and not self.options.dry_run then self.cache:close(code) end
  if self.options.dry_run then
    self.totals.estimate = require("ggen.run_times").estimate(self)
  elseif not self.options.aside then
    self:_save_timings()
  end
  if self.recorder then self.recorder:save() end
  self.totals.tasks = self.totals.tasks - self.hooks:uncalled()
  self.account:close(clock.monotonic() - self.began, code)
  if self.cache and self.options.cache.stats and not self.options.dry_run then
    self.totals.cache = require("ggen.cache_totals").stats(self.cache, self.totals)
  end
  budget.report(self.events)
  if not self.options.dry_run and self.events:wants("on_run_gate") then
    self.refused = not self.events:gate(self)
    _, self.totals.code = self:status()
  end
  self.events:emit("on_run_end", self, self.totals)
  return self.totals.code
end

return M
