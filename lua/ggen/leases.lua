-- The leases of a run: what its tasks have of the containers plugin, from before the first command
-- until after the last one. Nobody waits for a lease while others wait for what he has: names are
-- taken in their order, who waits for a hook task has given back what he had, and who waits for a
-- lease has given up his slot. Knows no container: what a lease is, is the plugin's to say.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local lanes = require("ggen.lanes")
local leasable = require("ggen.leasable")
local registry = require("ggen.registry")
local trace = require("ggen.core.trace")
local units = require("ggen.units")

local M = {}

-- What else helps is for the pipeline to say.
local NO_ENGINE = "%s; or give it a fallback, which needs none"

---@class ggen.Leases
---@field package _run ggen.Run
---@field package _plugin ggen.Instance
---@field package _held table<ggen.Task, table> what a task has
---@field package _waited table<ggen.Task, number> seconds for which it waited
---@field package _used boolean? the plugin was asked for something
---@field package _releasing integer calls of release() that have not ended
---@field package _waiting integer tasks that wait for a lease, without a slot
local Leases = {}
Leases.__index = Leases

---@param run ggen.Run
---@param plugin ggen.Instance
---@return ggen.Leases
function M.new(run, plugin)
  return setmetatable({ _run = run, _plugin = plugin, _held = {}, _waited = {}, _kinds = {},
    _releasing = 0, _waiting = 0 }, Leases)
end

local function failure_of(name, message, kind)
  if kind == "no_engine" then message = NO_ENGINE:format(message) end
  return { code = kind == "task_timeout" and 124 or 1, kind = kind,
    timed_out = kind == "task_timeout" or nil,
    message = ("its service %s: %s"):format(name, message) }
end

-- Giving back ------------------------------------------------------------------------------------

local function release(self, lease, ok)
  self._releasing = self._releasing + 1
  async.run(function()
    return registry.call_in(lanes.HOST, self._plugin, "release", lease, { ok = ok })
  end, function(ended, good, message)
    self._releasing = self._releasing - 1
    if ended and not good then self._run.events:note("warning", message) end
    if self._releasing == 0 and self._released then self._released:resolve() end
  end)
end

-- Nothing of it is the task's any more.
local function give_back(self, entry, ok)
  local list = entry.list
  entry.list, entry.leases, entry.env, entry.own_env = nil, nil, nil, nil
  for i = list and #list or 0, 1, -1 do release(self, list[i], ok) end
end

-- Taking -----------------------------------------------------------------------------------------

-- Waits for a call of the plugin, for as long as the task has a reason to.
local function wait_for(self, task, done, deadline)
  local waits = self._run.waits
  local ways = { function() done:wait() end }
  if not waits.interrupted then
    ways[2] = function() waits.signal:wait() end
  else
    ways[2] = function() waits.killing:wait() end
  end
  if deadline then
    ways[3] = function() async.sleep(math.max(0, deadline - clock.monotonic())) end
  end
  local function wait()
    local _, first = async.race(ways)
    return first
  end
  -- Alone in its slot there is nobody to start meanwhile, and the order stays what it is.
  local options = self._run.options
  if options.jobs == 1 and not options.io_jobs then return wait() end
  self._waiting = self._waiting + 1
  return self._run.slots:without(task, false, function()
    self._run.slots.pump() -- somebody else may use the slot that was given up
    local ok, first = pcall(wait)
    self._waiting = self._waiting - 1
    if not ok then error(first, 0) end
    return first
  end)
end

-- What acquire() answered, or why it did not.
local function take(self, task, want, deadline)
  local answer
  local done = async.future()
  local thread = async.run(function()
    return registry.call_in(lanes.of(task), self._plugin, "acquire",
      { name = want.name, task = task, shared = want.shared })
  end, function(ended, ...)
    answer = ended and { ... } or { false, tostring((...)) }
    done:resolve()
  end)
  if answer then return answer end
  local ok, first = pcall(wait_for, self, task, done, deadline)
  if ok and first == 1 then return answer end
  thread:cancel()
  -- It may have come in the moment in which it was given up.
  if answer and answer[1] and type(answer[2]) == "table" then release(self, answer[2], true) end
  if ok and first == 3 then
    return { true, nil, "it was not there within " .. units.format_duration(task.spec.timeout)
      .. ", the time-out of the task", "task_timeout" }
  end
  error(ok and async.CANCELLED or first, 0)
end

local function is_port(value) return type(value) == "number" and value % 1 == 0 and value > 0 end

-- What is wrong with a lease, if something is.
local function wrong_with(lease)
  if type(lease) ~= "table" then return "it returned a " .. type(lease) end
  if lease.host ~= nil and type(lease.host) ~= "string" then return "host is no text" end
  if lease.port ~= nil and not is_port(lease.port) then return "port is no number of a port" end
  if lease.socket ~= nil and type(lease.socket) ~= "string" then return "socket is no text" end
  if lease.env ~= nil and type(lease.env) ~= "table" then return "env is no table" end
  for name, value in pairs(lease.env or {}) do
    if type(name) ~= "string" or type(value) ~= "string" and type(value) ~= "number" then
      return ("env has no text for %s"):format(tostring(name))
    end
  end
end

local function acquire(self, task, want, deadline)
  local answer = take(self, task, want, deadline)
  if not answer[1] then return nil, { code = 1, message = answer[2] } end
  local lease = answer[2]
  if lease == nil and type(answer[3]) == "string" then
    return nil, failure_of(want.name, answer[3], answer[4])
  end
  local wrong = wrong_with(lease)
  if type(lease) == "table" then lease.name = lease.name or want.name end
  if wrong then
    if type(lease) == "table" then release(self, lease, true) end
    return nil, { code = 1, message = ("plugin %q, method acquire: a lease, or nil and a message"
      .. " expected: %s"):format(self._plugin.name, wrong) }
  end
  return lease
end

-- Variables of a task --------------------------------------------------------------------------

local function put(env, name, value)
  if value ~= nil then env[name] = tostring(value) end
end

local function add_variables(env, lease)
  local prefix = lease.name:upper():gsub("[^%w]", "_"):gsub("^%d", "_%0")
  put(env, prefix .. "_HOST", lease.host)
  put(env, prefix .. "_PORT", lease.port and ("%d"):format(lease.port))
  put(env, prefix .. "_SOCKET", lease.socket)
  for name, value in pairs(lease.env or {}) do put(env, name, value) end
end

-- What the env(lease) of the task says.
local function ask_env(self, want, lease, env)
  local ok, own = xpcall(want.env, self._run.handler, lease)
  local wrong = not ok and tostring(own)
    or type(own) ~= "table" and "it must return a table, it returned " .. type(own) or nil
  for name, value in pairs(not wrong and own or {}) do
    local good = type(name) == "string" and name ~= "" and not name:find("[=%z]")
      and (type(value) == "string" or type(value) == "number")
    if not good then wrong = ("%s is no variable with a text"):format(tostring(name)) end
    if good then env[name] = tostring(value) end
  end
  return wrong and { code = 1, message = ("env of its service %s: %s"):format(lease.name, wrong) }
end

---Adds to the environment of a task what its leases give. What the task says of a variable itself
---goes before what the lease says, its env(lease) before all.
---@param task ggen.Task
---@param env table<string, string>
function Leases:add_env(task, env)
  local entry = self._held[task]
  if not entry or not entry.leases then return end
  local declared = task.spec.env or {}
  for name, value in pairs(entry.env) do
    if declared[name] == nil then env[name] = value end
  end
  for name, value in pairs(entry.own_env) do env[name] = value end
end

-- All that the task asks for, or nothing.
local function acquire_all(self, task, entry)
  local waits, spec = self._run.waits, task.spec
  if waits.killed or waits.interrupted and not waits.at_end then error(async.CANCELLED, 0) end
  self._used = true
  local began, span = clock.monotonic(), trace.enabled() and trace.now()
  local deadline = spec.timeout and began + spec.timeout
  local leases, env, own_env, failure = {}, {}, {}, nil
  entry.list = {}
  local wants = leasable.leases(spec)
  local ok, problem = pcall(function()
    for _, want in ipairs(wants) do
      local lease
      lease, failure = acquire(self, task, want, deadline)
      if not lease then break end
      leases[want.name], entry.list[#entry.list + 1] = lease, lease
      add_variables(env, lease)
      if want.env then failure = ask_env(self, want, lease, own_env) end
      if failure then break end
    end
  end)
  self._waited[task] = (self._waited[task] or 0) + clock.monotonic() - began
  if span then
    local names = {}
    for i, want in ipairs(wants) do names[i] = want.name end
    trace.span("wait", "lease " .. table.concat(names, ", "), lanes.of(task), span, trace.now())
  end
  if not ok or failure then
    give_back(self, entry, true)
    if not ok then error(problem, 0) end
    self._kinds[task] = failure.kind
    return failure
  end
  entry.leases, entry.env, entry.own_env = leases, env, own_env
end

-- The task uses its leases from here on; those that come at the same time share them.
local function enter(self, task)
  local entry = self._held[task] or { users = 0, away = 0 }
  self._held[task] = entry
  entry.users = entry.users + 1
  if entry.leases then return entry end
  local failure
  if entry.coming then
    failure = entry.coming:wait()
  else
    local coming, ok = async.future()
    entry.coming = coming
    ok, failure = pcall(acquire_all, self, task, entry)
    entry.coming = nil
    coming:resolve(not ok and { code = 1, message = "interrupted" } or failure)
    if not ok then
      entry.users = entry.users - 1
      error(failure, 0)
    end
  end
  if not failure then return entry end
  entry.users = entry.users - 1
  return nil, failure
end

local function leave(self, entry)
  entry.users = entry.users - 1
  if entry.users == 0 and entry.away > 0 then give_back(self, entry, true) end
end

---Calls fn with the leases of a task, which are taken when it has none.
---@async
---@param task ggen.Task
---@param fn fun(a: any, b: any): ggen.Result
---@param a any
---@param b any
---@return ggen.Result result of fn, or a failure
function Leases:with(task, fn, a, b)
  local entry, failure = enter(self, task)
  if not entry then return failure end
  local ok, result = pcall(fn, a, b)
  leave(self, entry)
  if not ok then error(result, 0) end
  return result
end

---The task waits for another one: meanwhile it has no leases, unless a function of it uses them.
---@param task ggen.Task
function Leases:step_back(task)
  local entry = self._held[task] or { users = 0, away = 0 }
  self._held[task] = entry
  entry.away = entry.away + 1
  if entry.users == 0 then give_back(self, entry, true) end
end

---@param task ggen.Task
function Leases:come_back(task)
  local entry = self._held[task]
  if entry then entry.away = entry.away - 1 end
end

---@param task ggen.Task
---@return table<string, ggen.Lease> leases that it has now, by name
function Leases:of(task)
  local entry = self._held[task]
  return entry and entry.leases or {}
end

---@param task ggen.Task
---@return number? seconds for which it waited for its leases
function Leases:waited(task) return self._waited[task] end

---@return boolean crowded so many tasks wait already that no more of their kind are to begin
function Leases:crowded() return self._waiting >= math.max(2, self._run.options.jobs) end

---The task has ended, or begins anew.
---@param task ggen.Task
---@param ok boolean
---@return string? kind of the failure, if it had not got its leases
function Leases:let_go(task, ok)
  local entry, kind = self._held[task], self._kinds[task]
  self._held[task], self._kinds[task] = nil, nil
  if entry then give_back(self, entry, ok) end
  return kind
end

-- The run ----------------------------------------------------------------------------------------

---The first plan begins.
---@param plan userdata
function Leases:begin(plan) self._plan = self._plan or plan end

---A task runs that was not to be had otherwise. With the first one it is told to the plugin who
---will want leases, and when; it may go on with that beside the tasks. Before, all may turn out to
---be restored, and nobody to want any.
function Leases:something_runs()
  if self._begun then return end
  self._begun = true
  if not self._plugin.impl.warm then return end
  self._warming = async.run(function()
    local wants = require("ggen.lease_wants").of(self._run, self._plan)
    if #wants == 0 then return true end
    self._used = true
    return registry.call(self._plugin, "warm", wants)
  end, function(ended, ok, message)
    self._warming = nil
    if ended and not ok then self._run.events:note("warning", message) end
  end)
  if self._warming and self._warming.status ~= "running" then self._warming = nil end
end

-- Waits for something, unless the run is killed meanwhile.
local function until_killed(self, fn)
  local waits = self._run.waits
  if waits.killed then return end
  async.race({ fn, function() waits.killing:wait() end })
end

-- The plugin ends what it has; a Ctrl-C that comes meanwhile makes it hurry.
local function drain(self)
  local waits, hurrying = self._run.waits, nil
  local interrupted = waits.interrupted ~= nil
  if not interrupted and self._plugin.impl.hurry then
    hurrying = async.run(function()
      waits.signal:wait()
      return registry.call(self._plugin, "hurry")
    end, function(ended, ok, message)
      if ended and not ok then self._run.events:note("warning", message) end
    end)
  end
  local ok, message = registry.call(self._plugin, "drain", { interrupted = interrupted })
  -- It may be what has just ended drain().
  if hurrying and not waits.interrupted then hurrying:cancel() end
  if not ok then self._run.events:note("warning", message) end
end

---The last task has ended.
---@async
function Leases:close()
  if not self._used then return end
  for task in pairs(self._held) do self:let_go(task, true) end -- of services
  until_killed(self, function()
    if self._releasing > 0 then
      self._released = async.future()
      self._released:wait()
    end
    drain(self)
  end)
  if self._warming then self._warming:cancel() end
end

return M
