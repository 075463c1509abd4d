-- Straight code that waits: coroutines resumed by the loop. This is the only file that yields.
--
-- A waiting coroutine yields a function that takes the resume callback and may return a handle; the
-- handle is closed when the wait is cancelled. Errors belong to whoever waits for the coroutine.
-- SPDX-License-Identifier: MIT
local at_once = require("ggen.at_once")
local plugin_clock = require("ggen.core.plugin_clock")
local fork_call, leave_call, switch_call = plugin_clock.fork, plugin_clock.leave,
  plugin_clock.switch
local is_held, raised = plugin_clock.held, plugin_clock.raised

local M = {}

---What a cancelled wait raises. It has no text of its own: nobody should print it.
M.CANCELLED = setmetatable({}, { __tostring = function() return "cancelled" end })

local CANCELLED = M.CANCELLED
local RAISED = {} -- resumes a coroutine whose wait could not begin; the error follows
local FREE = {} -- yielded by a worker coroutine that wants its next function

---@class ggen.async.Thread
---@field status "running"|"done"|"failed"
---@field package _co thread
---@field package _wait (table|false)? the wait that it is in: { handle }; false: it has waited
---@field package _on_done fun(ok: boolean, ...)?
---@field package _call number? the plugin's call that it is in, on the clock of plugins
local Thread = { __name = "ggen.async.Thread" }
Thread.__index = Thread

local threads = setmetatable({}, { __mode = "k" }) -- coroutine -> Thread
local idle = {} -- worker coroutines to use again: making one costs more than running a short task

local function worker(fn, a, b, c)
  while true do
    fn, a, b, c = coroutine.yield(FREE, fn(a, b, c))
  end
end

local spare = {} -- Threads that nobody can hold any more

local step

-- Ends the program with the name of the plugin whose function has raised, unless it is still being
-- started: who resumed it has nothing to do with it.
local function blame(thread, call, problem)
  if call and thread._wait == false then raised(call, tostring(problem)) end
end

-- Tells of the end in the call that the function was started in, whoever it was that resumed it:
-- what follows is the plugin's that has started it, or nobody's.
local function tell(thread, call, ok, ...)
  local outer = switch_call(call)
  local good, problem = pcall(thread._on_done, ok, ...)
  if not good then blame(thread, call, problem) end
  switch_call(outer)
  if call then leave_call(call) end
  if not good then error(problem, 0) end
end

local function finish(thread, outer, ok, ...)
  thread.status = ok and "done" or "failed"
  threads[thread._co] = nil
  if ok then
    if #idle < 64 then idle[#idle + 1] = thread._co end
  else
    thread.error = (...)
  end
  thread._co = nil
  local call = thread._call
  thread._call = nil
  if thread._on_done then
    if call or outer then return tell(thread, call, ok, ...) end
    return thread._on_done(ok, ...)
  end
  if not ok and (...) ~= CANCELLED then
    blame(thread, call, ...)
    if call then leave_call(call) end
    error((...), 0)
  end
  if call then leave_call(call) end
  if thread._spawned and #spare < 64 then spare[#spare + 1] = thread end
end

-- One turn of a coroutine: it has ended, failed, or waits for something.
local function after_resume(thread, outer, ok, first, ...)
  if not ok then
    thread._call = switch_call(outer)
    local co = thread._co
    if first ~= CANCELLED and type(first) == "string" then
      thread.traceback = debug.traceback(co)
    end
    return finish(thread, outer, false, first)
  end
  if first == FREE then
    thread._call = switch_call(outer)
    return finish(thread, outer, true, ...)
  end
  local wait = { }
  thread._wait = wait
  local answered, answer, count
  local function resume(...)
    if thread._wait ~= wait then return end -- cancelled, or a second answer
    if answered == nil then -- within start(): go on when it has returned
      answered, answer, count = true, { ... }, select("#", ...)
      return
    end
    thread._wait = false
    return step(thread, ...)
  end
  local good, handle = pcall(first, resume)
  thread._call = switch_call(outer) -- what a wait begins with is still of the call that waits
  if not good then
    -- A wait that cannot begin is an error of the code that waits.
    thread._wait = nil
    return step(thread, RAISED, handle)
  end
  wait.handle = handle
  if answered then
    thread._wait = nil
    return step(thread, unpack(answer, 1, count))
  end
  answered = false
end

step = function(thread, ...)
  return after_resume(thread, switch_call(thread._call), coroutine.resume(thread._co, ...))
end

---Starts a function in a coroutine of its own, at once, until its first wait.
---@param fn fun(a: any, b: any, c: any): ...
---@param on_done (fun(ok: boolean, ...))? called once with the results, or with the error; without
---it an error is raised out of the loop
---@param a any? first argument of fn
---@param b any? second argument of fn
---@param c any? third argument of fn
---@return ggen.async.Thread
function M.run(fn, on_done, a, b, c)
  local co = table.remove(idle)
  local thread = setmetatable({ status = "running", _on_done = on_done }, Thread)
  if not co then co = coroutine.create(worker) end
  thread._co, thread._call = co, fork_call()
  threads[co] = thread
  step(thread, fn, a, b, c)
  return thread
end

---Starts a function whose end nobody waits for: no handle, and an error is raised out of the loop.
---The way to start something 100,000 times.
---@param fn fun(a: any, b: any, c: any)
---@param a any? first argument of fn
---@param b any? second argument of fn
---@param c any? third argument of fn
function M.spawn(fn, a, b, c)
  local thread = table.remove(spare)
  if not thread then thread = setmetatable({ status = "running", _spawned = true }, Thread) end
  thread.status, thread._wait = "running", nil
  local co = table.remove(idle) or coroutine.create(worker)
  thread._co, thread._call = co, fork_call()
  threads[co] = thread
  step(thread, fn, a, b, c)
end

---Ends the wait that the thread is in: its handle is closed, and await() raises CANCELLED there.
function Thread:cancel()
  if self.status ~= "running" then return end
  local wait = self._wait
  self._wait = false
  if wait and wait.handle and wait.handle.close then wait.handle:close() end
  step(self, CANCELLED)
end

-- Whether the coroutine is in the midst of what must not wait: `setup`, or a method.
local function must_not_wait(co) return at_once.holds(co) or is_held() end

---@return boolean in a coroutine that may wait
function M.can_wait()
  local co = coroutine.running()
  return co ~= nil and threads[co] ~= nil and not must_not_wait(co)
end

local function resumed(first, ...)
  if first == CANCELLED then error(CANCELLED, 0) end
  if first == RAISED then error((...), 0) end
  return first, ...
end

---Waits: calls `start(resume)` and returns what resume is called with.
---@async
---@param start fun(resume: fun(...)): table? returns a handle with close(), for cancelling
---@return ...
function M.await(start)
  if not M.can_wait() then
    local co = coroutine.running()
    if co and must_not_wait(co) then error("this waits, and the method must not", 0) end
    error("this waits, and only code that runs as part of a task may wait", 2)
  end
  return resumed(coroutine.yield(start))
end

---Turns a function with a callback as its argument number `argc` into one that waits.
---@param argc integer
---@param fn function
---@return function
function M.wrap(argc, fn)
  return function(...)
    local args = { ... }
    return M.await(function(resume)
      args[argc] = resume
      return fn(unpack(args, 1, argc))
    end)
  end
end

---@async
---@param seconds number
function M.sleep(seconds)
  local timer = require("ggen.core.timer")
  M.await(function(resume) return timer.start(seconds, function() resume() end) end)
end

---Runs functions at the same time and waits for all of them.
---@async
---@param fns (fun(): any)[]
---@return any[] results the first result of each; the first error is raised when all have ended
function M.all(fns)
  local results, left, failure = {}, #fns, nil
  if left == 0 then return results end
  local children = {}
  M.await(function(resume)
    for i, fn in ipairs(fns) do
      children[i] = M.run(fn, function(ok, value)
        if ok then results[i] = value elseif not failure then failure = { value } end
        left = left - 1
        if left == 0 then resume() end
      end)
    end
    return {
      -- The last one first: who waits for what another one has is not to get it now.
      close = function()
        for i = #fns, 1, -1 do
          if children[i] then children[i]:cancel() end
        end
      end,
    }
  end)
  if failure then error(failure[1], 0) end
  return results
end

---Runs functions at the same time, returns the result of the first that ends, cancels the others.
---@async
---@param fns (fun(): any)[]
---@return any result, integer index
function M.race(fns)
  local children, won = {}, nil
  local function cancel_others()
    for i, child in ipairs(children) do
      if i ~= won then child:cancel() end
    end
  end
  local ok, value, index = M.await(function(resume)
    for i, fn in ipairs(fns) do
      if won then break end
      children[i] = M.run(fn, function(good, result)
        if won then return end
        won = i
        resume(good, result, i)
      end)
    end
    return { close = cancel_others }
  end)
  cancel_others()
  if not ok then error(value, 0) end
  return value, index
end

---@class ggen.async.Semaphore
local Semaphore = { __name = "ggen.async.Semaphore" }
Semaphore.__index = Semaphore

---@param size integer how many may hold it at once
---@return ggen.async.Semaphore
function M.semaphore(size)
  return setmetatable({ _free = size, _queue = {}, _first = 1 }, Semaphore)
end

---@async
function Semaphore:acquire()
  if self._free > 0 then
    self._free = self._free - 1
    return
  end
  M.await(function(resume)
    local entry = { resume = resume }
    self._queue[#self._queue + 1] = entry
    return { close = function() entry.resume = nil end }
  end)
end

function Semaphore:release()
  while self._queue[self._first] do
    local entry = self._queue[self._first]
    self._queue[self._first] = nil
    self._first = self._first + 1
    if entry.resume then return entry.resume() end
  end
  self._queue, self._first = {}, 1
  self._free = self._free + 1
end

---Holds the semaphore while fn runs, whatever its end.
---@async
---@param fn fun(): any
---@return any
function Semaphore:with(fn)
  self:acquire()
  local ok, value = pcall(fn)
  self:release()
  if not ok then error(value, 0) end
  return value
end

---@class ggen.async.Future a value that comes later; any number may wait for it
local Future = { __name = "ggen.async.Future" }
Future.__index = Future

---@return ggen.async.Future
function M.future()
  return setmetatable({ _waiting = {} }, Future)
end

---@param ... any
function Future:resolve(...)
  if self._values then return end
  self._values, self._count = { ... }, select("#", ...)
  local waiting = self._waiting
  self._waiting = nil
  for _, resume in ipairs(waiting) do resume(...) end
end

---@async
function Future:wait()
  if self._values then return unpack(self._values, 1, self._count) end
  return M.await(function(resume) self._waiting[#self._waiting + 1] = resume end)
end

return M
