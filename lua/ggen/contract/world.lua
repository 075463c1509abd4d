-- The world in which a plugin is tested: a clock that is turned, processes that run nothing, a
-- network that nobody is on. What the plugin does to it is written down, and all of it can be made
-- to fail. The engine's own functions are replaced once, for good; while no world is entered they
-- do what they always do.
-- SPDX-License-Identifier: MIT
local Draw = require("ggen.contract.draw")
local async = require("ggen.async")
local library = require("ggen.contract.library")
require("ggen.isolation.link") -- goes by the real clock, also when that is turned here

local M = {}

---@class ggen.contract.World
---@field effects string[] what was done, in order
---@field refusals string[] what was made to fail since begin_failing
---@field failing boolean
---@field strict boolean also looks at files and at the clock, and chance, count as effects
---@field changes string[] what of that changes something outside: files, processes, other machines
---@field harms string[] what was done to the whole program
---@field http_answer (fun(request: table): table)? instead of the server that keeps what it is sent
---@field process_answer (fun(options: table): table)?
---@field package _now number seconds since it began
---@field package _timers table[]
local World = {}
World.__index = World

local EPOCH = 1.8e9 -- seconds since 1970, when it begins
local LOOK = 1e-5 -- seconds that a look at the clock takes: who waits for it in a loop gets on
local PATIENCE = 2 -- seconds for one thing that really takes time, as files on threads
local LESS = 0.02 -- seconds, once something never came

local current -- the world that is entered
local real = {}

---@param seed integer
---@param patience { lost: boolean? }? shared by several worlds: something never came
---@return ggen.contract.World
function M.new(seed, patience)
  return setmetatable({ effects = {}, changes = {}, harms = {}, refusals = {}, failing = false,
    strict = false, _now = 0, _seed = seed, _timers = {}, _numbers = 0, _live = 0, _kept = {},
    _written = {}, _patience = patience or {}, _waiting = {}, _draw = Draw.new(seed, "world") },
    World)
end

---@param what string
function World:did(what) self.effects[#self.effects + 1] = what end

-- The same of what changes something outside.
local function changed(self, what)
  self.changes[#self.changes + 1] = what
  self:did(what)
end

---Something was done to the whole program.
---@param what string
function World:harm(what)
  self.harms[#self.harms + 1] = what
  self:did(what)
end

---Somebody looks at a file, or changes it.
---@param what string
---@param path any
---@param writes boolean?
---@return string? refused
function World:touches(what, path, writes)
  if writes then
    if self.failing then return self:refuse(what) end
    self:wrote(path)
    self.changes[#self.changes + 1] = what
  end
  if self.strict then self:did(what) end
end

---Something that the host was asked for does not work.
---@param what string
---@return string message
function World:refuse(what)
  local message = ("%s: refused by the contract suite (%d)"):format(what, #self.refusals + 1)
  self.refusals[#self.refusals + 1] = message
  return message
end

---From here on everything is as it was at this moment in any other world with the same seed.
---@param moment integer
function World:at(moment)
  self._now = math.max(self._now, moment * 1000)
  self._draw = Draw.new(self._seed, "world", moment)
  ;(real.randomseed or math.randomseed)(self._seed * 1000 + moment)
end

---@return number seconds since 1970
function World:unix() return EPOCH + self._now end

---@return number seconds
function World:monotonic() return 1000 + self._now end

---@param seconds number
function World:turn(seconds) self._now = self._now + seconds end

function World:looked()
  if self.strict then self:did("a look at the clock") end
  self._now = self._now + LOOK
end

-- What was written is not there for the next one.
function World:wrote(path)
  if type(path) == "string" and self._written[path] == nil then
    self._written[path] = real.fs_stat(path) ~= nil and "changed" or "new"
  end
end

---Removes the files that were made in it.
---@param below string only what lies in this directory
function World:clear(below)
  for path, how in pairs(self._written) do
    local stat = how == "new" and path:sub(1, #below + 1) == below .. "/" and real.fs_stat(path)
    if stat and stat.type ~= "directory" then real.fs_remove(path) end
  end
  self._written = {}
end

-- Time ------------------------------------------------------------------------------------------

local Timer = {}
Timer.__index = Timer

function Timer:close() self.fn = nil end

---@param seconds number
---@param fn fun()
---@param every boolean?
---@return table handle
function World:timer(seconds, fn, every)
  self._numbers = self._numbers + 1
  local timer = setmetatable({ at = self._now + seconds, number = self._numbers, fn = fn,
    every = every and math.max(seconds, 0.001) or nil }, Timer)
  self._timers[#self._timers + 1] = timer
  self:wake()
  return timer
end

---@return integer timers that are open
function World:open_timers()
  local count = 0
  for _, timer in ipairs(self._timers) do
    if timer.fn then count = count + 1 end
  end
  return count
end

---@return integer processes that run
function World:live() return self._live end

-- Turns the clock to the next timer and fires it.
local function fire_next(self)
  local first, at
  for i = #self._timers, 1, -1 do
    local timer = self._timers[i]
    if not timer.fn then table.remove(self._timers, i) end
  end
  for i, timer in ipairs(self._timers) do
    if not first or timer.at < first.at or (timer.at == first.at and timer.number < first.number)
    then
      first, at = timer, i
    end
  end
  if not first then return false end
  self._now = math.max(self._now, first.at)
  local fn = first.fn
  if first.every then
    first.at = first.at + first.every
  else
    first.fn = nil
    table.remove(self._timers, at)
  end
  fn()
  return true
end

local MOST_TURNS = 20000

---Something has happened that whoever really waits may have waited for.
function World:wake()
  local waiting = self._waiting
  self._waiting = {}
  for _, resume in ipairs(waiting) do resume(true) end
end

-- Waits for what really takes time, until somebody calls wake().
local function really_wait(self)
  local patience = self._patience
  if not async.can_wait() then return false end
  local woken = async.await(function(resume)
    local timer
    timer = real.timer_start(patience.lost and LESS or PATIENCE, function() resume(false) end)
    self._waiting[#self._waiting + 1] = function(answer)
      timer:close()
      resume(answer)
    end
    return timer
  end)
  patience.lost = patience.lost or not woken
  return woken
end

---Turns the clock until something has come true; what really takes time is waited for. Who makes it
---come true calls wake().
---@async
---@param is_over fun(): boolean
---@return boolean came false: it never will
function World:run_until(is_over)
  local turns = 0
  while not is_over() do
    turns = turns + 1
    if turns > MOST_TURNS then return false end
    if not fire_next(self) and not really_wait(self) then return is_over() end
  end
  return true
end

-- Processes -------------------------------------------------------------------------------------

local SIGNALS = { HUP = 1, INT = 2, KILL = 9, TERM = 15 }

local function command_of(options)
  return options.shell or table.concat(options.argv or {}, " ")
end

---As ggen.core.process.run: takes a while (`sleep` takes its time) and ends with 0, unless a kind
---has it otherwise.
---@param options table
---@param resume fun(result: table)
---@return table? handle, string? message
function World:process(options, resume)
  local command = command_of(options)
  if self.failing then return nil, self:refuse("starting " .. command) end
  changed(self, "started " .. command)
  local answer = self.process_answer and self.process_answer(options) or {}
  local seconds = answer.seconds or tonumber(command:match("^sleep (%d+)$"))
    or self._draw:int(1, 5000) / 1000
  self._live = self._live + 1
  local handle, over = { id = self._live }, false
  local function finish(code, more)
    if over then return end
    over = true
    self._live = self._live - 1
    local result = { code = code, bytes = #(answer.out or ""),
      usage = { wall = seconds, user = seconds, sys = 0 } }
    if options.capture then result.stdout, result.stderr = answer.out or "", answer.err or "" end
    for name, value in pairs(more or {}) do result[name] = value end
    self:did(("ended %s: %d"):format(command, code))
    resume(result)
  end
  local limit = options.timeout
  if limit and limit < seconds then
    self:timer(limit, function() finish(124, { timed_out = true }) end)
  else
    self:timer(seconds, function() finish(answer.code or 0) end)
  end
  function handle.kill(_, name)
    self:did(("sent %s to %s"):format(name, command))
    finish(128 + (SIGNALS[name] or 15), { signal = name })
    return true
  end
  function handle.pid() return 100000 + self._numbers end
  function handle.close()
    if over then return end
    over = true
    self._live = self._live - 1
    self:did("killed " .. command)
  end
  return handle
end

-- Network ---------------------------------------------------------------------------------------

local function read_file(path)
  local file = real.io_open(path, "rb")
  local bytes = file and file:read("*a")
  if file then file:close() end
  return bytes
end

-- A server that gives back what it was sent.
local function keep(self, request)
  local body = request.body_file and read_file(request.body_file) or request.body or ""
  if request.method == "PUT" then
    local known = self._kept[request.url] ~= nil
    self._kept[request.url] = body
    return { status = known and 200 or 201, body = "" }
  elseif request.method == "DELETE" then
    self._kept[request.url] = nil
    return { status = 204, body = "" }
  elseif request.method == "POST" then
    return { status = 200, body = "ok" }
  end
  local kept = self._kept[request.url]
  if not kept then return { status = 404, body = "" } end
  return { status = 200, body = request.method == "HEAD" and "" or kept }
end

---As ggen.core.http.request.
---@param request table
---@param resume fun(response: table?, message: string?, problem: string?)
---@return table handle
function World:http(request, resume)
  local what = request.method .. " " .. request.url
  if self.failing then
    local message = self:refuse(what)
    return self:timer(0.01, function() resume(nil, message, "connect") end)
  end
  changed(self, what)
  local response = self.http_answer and self.http_answer(request) or keep(self, request)
  return self:timer(0.01, function()
    local body = response.body or ""
    if request.save then
      local file = assert(real.io_open(request.save, "wb"))
      file:write(body)
      file:close()
      body = ""
    elseif request.on_data then
      if #body > 0 and request.on_data(body) == false then
        return resume(nil, "taken enough", "aborted")
      end
      body = ""
    end
    resume({ status = response.status, headers = response.headers or {}, body = body })
  end)
end

-- Files -----------------------------------------------------------------------------------------

local WRITES = { write = true, mkdir = true, remove = true, rename = true }

local function around_file(name, fn)
  return function(...)
    if current then
      -- The new name of what is renamed is its second argument.
      local path = select(name == "rename" and 2 or 1, ...)
      local refused = current:touches(name .. " " .. tostring((...)), path, WRITES[name])
      if refused then return nil, refused, "io" end
    end
    return fn(...)
  end
end

-- Entering --------------------------------------------------------------------------------------

-- Functions of the engine that do something else while a world is entered. Set by rawset: the
-- library of Lua is among them.
local function replace(module, name, key, make)
  local fn = module[name]
  real[key] = fn
  rawset(module, name, make(fn))
end

local function no_connection(where)
  return function(fn)
    return function(...)
      if not current then return fn(...) end
      local args = { ... }
      local what = ("connect to %s"):format(type(args[2]) == "number" and args[1] .. ":" .. args[2]
        or args[1])
      changed(current, what)
      if current.failing then return nil, current:refuse(what), "refused" end
      return nil, what .. ": nobody is there", where
    end
  end
end

-- Whether the time is asked for by what talks to a plugin in a process of its own: its patience is
-- real. To be called from a replaced function, by a call that is no tail call.
local function is_for_a_process()
  if not package.loaded["ggen.isolation.link"] then return false end
  local caller = debug.getinfo(3, "S")
  return caller ~= nil and caller.source:find("isolation/link.lua", 1, true) ~= nil
end

local function replace_time()
  local clock = require("ggen.core.clock")
  replace(clock, "monotonic", "monotonic", function(fn)
    return function()
      if not current or is_for_a_process() then return fn() end
      current:looked()
      return current:monotonic()
    end
  end)
  replace(clock, "unix", "unix", function(fn)
    return function()
      if not current then return fn() end
      current:looked()
      return current:unix()
    end
  end)
  replace(require("ggen.core.timer"), "start", "timer_start", function(fn)
    return function(seconds, callback, options)
      if not current or is_for_a_process() then return fn(seconds, callback, options) end
      current:did(("a timer of %g s"):format(seconds))
      return current:timer(seconds, callback, options and options.every)
    end
  end)
end

local installed = false

---Puts the functions in place; what they do changes only inside of a world.
function M.install()
  if installed then return end
  installed = true
  replace_time()
  library.replace(replace, function() return current end)
  replace(require("ggen.core.process"), "run", "process_run", function(fn)
    return function(options, resume)
      if not current then return fn(options, resume) end
      return current:process(options, resume)
    end
  end)
  replace(require("ggen.core.http"), "request", "http_request", function(fn)
    return function(request, resume)
      if not current then return fn(request, resume) end
      return current:http(request, resume)
    end
  end)
  local net = require("ggen.core.net")
  replace(net, "connect", "connect", no_connection("refused"))
  replace(net, "connect_unix", "connect_unix", no_connection("not_found"))
  replace(require("ggen.random"), "hex", "hex", function(fn)
    return function(bytes)
      if not current then return fn(bytes) end
      if current.strict then current:did("a random number") end
      return current._draw:hex(2 * bytes)
    end
  end)
  local fs = require("ggen.core.fs")
  for _, name in ipairs({ "read", "write", "mkdir", "remove", "rename", "list", "glob", "stat",
    "make_temp_dir" }) do
    replace(fs, name, "fs_" .. name, function(fn) return around_file(name, fn) end)
  end
end

---Calls fn in the world; afterwards everything is as before, also when it raises.
---@async
---@param world ggen.contract.World
---@param fn fun()
function M.inside(world, fn)
  M.install()
  local outer = current
  current = world
  local ok, problem = pcall(fn)
  current = outer
  if not ok then error(problem, 0) end
end

---@return number seconds that really went by, since some moment
function M.now() return (real.monotonic or require("ggen.core.clock").monotonic)() end

---@return number seconds of processor time that really went by
function M.processor_time() return (real.clock or os.clock)() end

---What is not the plugin's doing: no effect of it is written down, and nothing of it fails.
---@generic T
---@param fn fun(): T
---@return T
function M.outside(fn)
  local world = current
  current = nil
  local ok, value = pcall(fn)
  current = world
  if not ok then error(value, 0) end
  return value
end

return M
