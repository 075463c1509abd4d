-- One plugin under test: sets it up, makes scenes for its methods, calls them as the host does, and
-- words what went wrong. Knows no kind and decides nothing about right and wrong.
-- SPDX-License-Identifier: MIT
local Draw = require("ggen.contract.draw")
local async = require("ggen.async")
local methods = require("ggen.contract.methods")
local registry = require("ggen.registry")
local values = require("ggen.contract.values")
local watchdog = require("ggen.core.watchdog")
local world = require("ggen.contract.world")

local M = {}

local HANGS = 3 -- seconds of Lua without an end

---@class ggen.contract.Suite
---@field name string as users write it
---@field plugin ggen.Plugin
---@field kind ggen.contract.Kind
---@field seed integer
---@field schedules integer
---@field params table what it is set up with, unless it is set up otherwise
---@field given table? what the user gave of these
---@field root string? absolute directory of the plugin's project, with what its specs need
---@field dir string a directory of its own, the project of the plugin
---@field world ggen.contract.World that of the check that runs
---@field in_process boolean? the plugin runs in a process of its own
---@field hung string? a method that did not end: nothing more can be tested
local Suite = {}
Suite.__index = Suite

---@class ggen.contract.Kind what the suite knows of a kind
---@field order string[]? methods in the order in which the host calls them
---@field scene fun(suite: ggen.contract.Suite, draw: ggen.contract.Draw, size: string): table
---@field calls table<string, fun(scene: table, suite: ggen.contract.Suite): table?> the arguments
---@field answers table<string, fun(results: table, args: table, scene: table): string?>
---@field after fun(scene: table, method: string, args: table, outcome: table)? looks at each call
---@field added (fun(method: string, args: table): string)? what a method added to its arguments
---@field break_scene fun(scene: table, world: ggen.contract.World)? objects of the host that fail
---@field at_once table<string, string>? what methods do that say at once what fails
---@field fails (fun(results: table, method: string): boolean)? whether an answer is a failure
---@field needs string[]|(fun(impl: table): string?)|nil methods that a plugin has to have; or says
---of what setup returned what the contract says
---@field own table<string, table<integer, true>>? arguments that the plugin may change, by their
---positions
---@field host (fun(host: ggen.Host, suite: ggen.contract.Suite))? what else the host has
---@field around (fun(suite: ggen.contract.Suite, call: fun(): ...): ...)? calls a
---method in the midst of what the host does meanwhile
---@field tries integer? how often the time of a method is taken
---@field beside (fun(effect: string): boolean)? of an effect: it may be of another instance, which
---goes on meanwhile
---@field schedule (fun(suite: ggen.contract.Suite, draw: ggen.contract.Draw): string)?
---@field laws { name: string, run: fun(suite: ggen.contract.Suite): string? }[]?

---@class ggen.contract.Outcome of one call
---@field ok boolean
---@field results table with n; of a failure the message alone
---@field message string? of a failure
---@field waited boolean it did not answer at once
---@field stuck boolean? it waits for something that never comes
---@field effects string[] what it did to the world
---@field seconds number of processor time until it answered or waited
---@field elapsed number seconds that went by in its world

---@param fields table
---@return ggen.contract.Suite
function M.new(fields) return setmetatable(fields, Suite) end

-- Lua code that does not end is ended: by an error in it where the compiler is off, else the
-- program ends, with this message.
local watched = {} -- what is called, and within that

local function watch(self, what)
  watched[#watched + 1] = self.in_process or ("plugin %q, %s: still running after %d s (seed %d)")
    :format(self.name, what, HANGS, self.seed)
  if not self.in_process then watchdog.start(HANGS, watched[#watched]) end
end

---@return boolean it had to be ended
local function unwatch(self)
  watched[#watched] = nil
  if self.in_process then return false end
  local fired = watchdog.stop()
  if watched[1] then watchdog.start(HANGS, watched[#watched]) end
  return fired
end

---Calls fn in a new world.
---@async
---@param fn fun()
function Suite:inside(fn)
  self.patience = self.patience or {}
  local outer = self.world
  self.world = world.new(self.seed, self.patience)
  local ok, problem = pcall(world.inside, self.world, fn)
  self.world:clear(self.dir)
  self.world = outer
  if not ok then error(problem, 0) end
end

---The same for what calls a plugin in the midst of the host's own code: the clock goes on when it
---waits.
---@async
---@param fn fun(): any
---@param number integer? of what is played
---@return any
function Suite:play(fn, number)
  local done, ok, value
  local what = "schedule " .. (number or "")
  watch(self, what)
  self:inside(function()
    local own = self.world
    async.run(fn, function(...)
      done, ok, value = true, ...
      own:wake()
    end)
    if not done then self.world:run_until(function() return done end) end
  end)
  if unwatch(self) then self.hung = what .. " did not end: Lua code that goes on and on" end
  if not done then error("it waits for something that does not come", 0) end
  if not ok then error(value, 0) end
  return value
end

---A stream of choices of its own.
---@param ... string|integer
---@return ggen.contract.Draw
function Suite:draw(...) return Draw.new(self.seed, ...) end

---The end of a message: how to see it again.
---@return string
function Suite:again()
  local given = self.given and next(self.given) and require("ggen.core.json").encode(self.given)
  return ("again with: ggen-lua plugin test %s --seed %d%s"):format(self.name, self.seed,
    given and " --params " .. require("ggen").std.sh.quote(given) or "")
end

---@param called string what was called with what
---@param came string what came of it
---@param contract string what is right
---@param number integer? of the schedule
---@return string
function Suite:problem(called, came, contract, number)
  return ("%s %s\nthe contract: %s\n%s%s"):format(called, came, contract, self:again(),
    number and (" (schedule %d)"):format(number) or "")
end

---@param method string
---@param args table
---@return string
function Suite.shown(_, method, args) return ("%s(%s)"):format(method, values.show_all(args)) end

---What a call brought, for a message.
---@param outcome ggen.contract.Outcome
---@return string
function Suite.came(_, outcome)
  if outcome.stuck then return "never ended: it waits for something that does not come" end
  if not outcome.ok then return "raised: " .. tostring(outcome.message) end
  if outcome.results.n == 0 then return "returned nothing" end
  return "returned " .. values.show_all(outcome.results)
end

---All that came of a call, and all that it did.
---@param method string
---@param args table
---@param outcome ggen.contract.Outcome
---@return string
function Suite:text_of(method, args, outcome)
  return table.concat({ method, values.texts(outcome.results), tostring(outcome.message),
    self.kind.added and self.kind.added(method, args) or "",
    table.concat(outcome.effects, "\n") }, "\n")
end

-- Host ------------------------------------------------------------------------------------------

local function screen_of(our_world)
  local output = require("ggen.core.output")
  local function said(_, text)
    if text then our_world:did("screen: " .. tostring(text)) end
  end
  local function sink()
    return output.callback(function(_, bytes) our_world:did("screen: " .. bytes) end)
  end
  return { write = said, status = said, is_tty = function() return false end,
    width = function() return 80 end, lines = sink, raw = sink }
end

---@param project table?
---@return ggen.Host
function Suite:host(project)
  local our_world = self.world
  local host = setmetatable({
    screen = screen_of(our_world), project_dir = self.dir, project = project or self.project,
    options = { jobs = 2, keep_going = false, dry_run = false, output = "grouped", single = false,
      cache = { read = true, write = true }, verbose = false, yes = false },
    style = require("ggen.style").new(false), output_sink = require("ggen.core.output").callback,
    note = function(level, text)
      our_world:did(("note: %s: %s"):format(tostring(level), tostring(text)))
    end,
    now = function()
      our_world:looked()
      return our_world:monotonic()
    end,
    unix = function()
      our_world:looked()
      return our_world:unix()
    end,
  }, { __name = "ggen.Host" })
  if self.kind.host then self.kind.host(host, self) end
  return host
end

-- Calls -----------------------------------------------------------------------------------------

-- Calls fn in a coroutine, until its end or its first wait.
local function begin(self, what, fn, ...)
  local own, done, outcome = self.world, nil, nil
  -- A process of its own is ended by the host, which waits for it: there the time is real.
  local now = self.in_process and world.now or world.processor_time
  watch(self, what)
  local began = now()
  async.run(fn, function(ok, ...)
    done, outcome = true, { ok = ok, results = { n = select("#", ...), ... } }
    own:wake()
  end, ...)
  local seconds = now() - began
  if unwatch(self) or self.in_process and seconds > HANGS then
    self.hung = ("%s did not end: %d s in Lua, and still running"):format(what, HANGS)
  end
  return function() return done, outcome end, seconds
end

---@param what string
---@param fn function
---@param ... any
---@return ggen.contract.Outcome
function Suite:run(what, fn, ...)
  local first, began = #self.world.effects + 1, self.world:monotonic()
  local over, seconds = begin(self, what, fn, ...)
  local done, outcome = over()
  if not done then
    self.world:run_until(function() return (over()) end)
    done, outcome = over()
    outcome = outcome or { ok = false, stuck = true, results = { n = 0 } }
    outcome.waited = true
  end
  outcome.seconds, outcome.elapsed, outcome.effects = seconds, self.world:monotonic() - began, {}
  for i = first, #self.world.effects do
    outcome.effects[#outcome.effects + 1] = self.world.effects[i]
  end
  return outcome
end

---Calls a method as the host does.
---@param instance ggen.Instance
---@param method string
---@param args table with n
---@return ggen.contract.Outcome
function Suite:call(instance, method, args)
  local function call() return registry.call(instance, method, unpack(args, 1, args.n or #args)) end
  local around = self.kind.around
  local outcome = self:run(method, around and function() return around(self, call) end or call)
  if not outcome.ok then
    outcome.message = outcome.stuck and "it never ends" or tostring(outcome.results[1])
    return outcome
  end
  -- registry.call says itself whether the method raised.
  local results = { n = outcome.results.n - 1 }
  for i = 1, results.n do results[i] = outcome.results[i + 1] end
  outcome.ok, outcome.results = outcome.results[1], results
  if not outcome.ok then outcome.message = tostring(results[1]) end
  return outcome
end

-- The parameter that takes names which are none is written as the table itself, once.
local function spread(plugin, given)
  local rest = plugin.rest and given[plugin.rest]
  if type(rest) ~= "table" then return given end
  given[plugin.rest] = nil
  for name in pairs(given) do
    if not plugin.params[name] then return given end
  end
  for name, value in pairs(rest) do given[name] = value end
  return given
end

---What a pipeline would write for these params: a table of its own.
---@param params table?
---@return table
function Suite:written(params) return spread(self.plugin, values.copy(params or self.params)) end

---@param params table? instead of those that the user gave
---@param host ggen.Host?
---@return ggen.Instance? instance
---@return string? message why there is none
---@return ggen.contract.Outcome? outcome of setup
---@return table? checked the params that it got
function Suite:set_up(params, host)
  local given = self:written(params)
  local good, checked = pcall(registry.params, self.plugin, self.name, given, {})
  if not good then return nil, tostring(checked) end
  local outcome = self:run("setup", self.plugin.setup, checked, host or self:host())
  if not outcome.ok then
    outcome.message = outcome.message or tostring(outcome.results[1])
    return nil, "setup " .. self:came(outcome), outcome, checked
  end
  local impl, refused = outcome.results[1], outcome.results[2]
  if impl == nil and type(refused) == "string" then return nil, refused, outcome, checked end
  local wrong = registry.problem_of(self.plugin.kind, impl)
  if wrong then return nil, wrong, outcome, checked end
  local instance = { name = self.name, plugin = self.plugin, impl = impl, params = checked }
  return instance, nil, outcome, checked
end

---The same with generated params; with those of the user when the plugin refuses these.
---@param draw ggen.contract.Draw
---@return ggen.Instance?
function Suite:set_up_otherwise(draw)
  local params = values.params(self.plugin.params, draw, true)
  for name, value in pairs(self.params) do params[name] = value end
  return self:set_up(params) or self:set_up()
end

---@param instance ggen.Instance
---@return string[]
function Suite:methods_of(instance)
  return methods.list(self.plugin.kind, instance.impl, self.kind.order)
end

-- A report for health(), which says what it heard.
local function health_report(our_world)
  local function said(level)
    return function(_, text, fix)
      our_world:did(("health: %s: %s (%s)"):format(level, tostring(text), tostring(fix)))
    end
  end
  return setmetatable({}, { __name = "ggen.HealthReport", __index = { ok = said("ok"),
    note = said("note"), problem = said("problem") } })
end

---@param method string
---@param scene table
---@return table? args nil when this scene has nothing for it
function Suite:args_of(method, scene)
  if method == "health" then return { n = 1, health_report(self.world) } end
  local make = self.kind.calls[method]
  local args = make and make(scene, self)
  if args and not args.n then args.n = #args end
  return args
end

---@param draw ggen.contract.Draw
---@param size "small"|"large"?
---@return table
function Suite:scene(draw, size)
  local scene = world.outside(function() return self.kind.scene(self, draw, size or "small") end)
  scene.draw, scene.world = draw, self.world
  return scene
end

---Calls each method once, in the order of the host; `each` is told.
---@param instance ggen.Instance
---@param scene table
---@param each (fun(method: string, args: table, outcome: ggen.contract.Outcome))?
---@param before (fun(method: string, args: table))?
function Suite:exercise(instance, scene, each, before)
  for i, method in ipairs(self:methods_of(instance)) do
    self.world:at(i)
    local args = self:args_of(method, scene)
    if args then
      if before then before(method, args) end
      local outcome = self:call(instance, method, args)
      if self.kind.after then self.kind.after(scene, method, args, outcome) end
      if each then each(method, args, outcome) end
    end
  end
end

---Calls close(), if there is one.
---@param instance ggen.Instance
---@return ggen.contract.Outcome?
function Suite:close(instance)
  if type(instance.impl.close) == "function" then
    return self:call(instance, "close", { n = 0 })
  end
end

---A registry as a run has it, with this plugin set up.
---@param instance ggen.Instance
---@param project table?
---@return ggen.Registry
function Suite:registry(instance, project)
  local plugins = registry.new(self:host(project))
  plugins._by_kind[self.plugin.kind], plugins._order = { instance }, { instance }
  return plugins
end

return M
