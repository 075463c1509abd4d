-- What holds for plugins of every kind. Each check says what is wrong, or nothing.
-- SPDX-License-Identifier: MIT
local globals = require("ggen.contract.globals")
local methods = require("ggen.contract.methods")
local fs = require("ggen.core.fs")
local loop = require("ggen.core.loop")
local process = require("ggen.core.process")
local sorted = require("ggen.sorted")
local values = require("ggen.contract.values")
local world = require("ggen.contract.world")

local SCENES = 20 -- of each method
local FEW = 5
local HEALTH = 2 -- seconds that ggen-lua doctor waits
local MOST_SECONDS = 1 -- of processor time for the answers of one who is slow

-- Setup -----------------------------------------------------------------------------------------

local function setup_call(checked) return ("setup(%s, host)"):format(values.show(checked)) end

local function method_names(impl)
  local names = {}
  for name, value in pairs(impl) do
    if type(value) == "function" and type(name) == "string" then names[name] = true end
  end
  return table.concat(sorted.keys(names), " ")
end

-- What has to be there and is not, as the contract says it.
local function lacking(suite, impl)
  local needs = suite.kind.needs or {}
  if type(needs) == "function" then return needs(impl) end
  for _, name in ipairs(needs) do
    if type(impl[name]) ~= "function" then
      return ("a plugin of kind %s has the method %s"):format(suite.plugin.kind, name)
    end
  end
end

-- What is set for the whole program.
local function harmed(suite)
  local harm = suite.world.harms[1]
  return harm and suite:problem("the plugin", "called " .. harm,
    "what holds for the whole program is the host's to set")
end

local function sets_up(suite)
  local called = setup_call(suite.params)
  local first, message, outcome, checked = suite:set_up()
  if not first then
    return suite:problem(called, outcome and outcome.ok and "was refused: " .. message or message,
      "setup returns a table of methods (when params are missing, give them with --params)")
  end
  if outcome.waited and not suite.in_process then
    return suite:problem(setup_call(checked), "waited", "setup must not wait")
  end
  local problem = lacking(suite, first.impl)
  if problem then
    return suite:problem(called, "returned the methods: " .. method_names(first.impl), problem)
  end
  local change = suite.world.changes[1]
  if change then
    return suite:problem(called, "did: " .. change,
      "setup changes nothing outside: it is called for each command, and may be called again")
  end
  local fresh = require("ggen.registry").params(suite.plugin, suite.name, suite:written(), {})
  if values.text(fresh) ~= values.text(checked) then
    return suite:problem(setup_call(fresh), "changed its params to " .. values.show(checked),
      "the params belong to the host, which compares them: setup does not change them")
  end
  local second
  second, message = suite:set_up()
  if not second then
    return suite:problem(called .. " for the second time", message,
      "setup may be called again, and does the same")
  end
  if method_names(first.impl) ~= method_names(second.impl) then
    return suite:problem(called .. " for the second time", "returned the methods "
      .. method_names(second.impl) .. " and not " .. method_names(first.impl),
      "setup may be called again, and does the same")
  end
  -- A run in which nothing was left to do has closed it without a call.
  for _, instance in ipairs({ second, first }) do
    local closed = suite:close(instance)
    if closed and not closed.ok then
      return suite:problem("close(), right after setup,", suite:came(closed),
        "close ends what setup began, also when nothing was called between")
    end
  end
end

local function takes_options(suite)
  for round = 1, SCENES do
    local params = values.params(suite.plugin.params, suite:draw("options", round), true)
    for name, value in pairs(suite.params) do params[name] = value end
    local instance, message, outcome = suite:set_up(params)
    local refused = outcome and outcome.ok and type(outcome.results[2]) == "string"
    if not instance and not refused then
      return suite:problem(setup_call(params), message,
        "params that the schema allows are taken, or refused by returning nil and a message")
    end
    if instance then suite:close(instance) end
  end
end

-- Methods ---------------------------------------------------------------------------------------

-- What health() did beside saying how it is; whoever asks a server, asks.
local function wrong_health(outcome, changes)
  for _, change in ipairs(changes) do
    if not change:find("^started ") and not change:find("^connect ")
      and not change:find("^GET ") and not change:find("^HEAD ") then
      return "health changes nothing, and it did: " .. change
    end
  end
  for _, effect in ipairs(outcome.effects) do
    if effect:find("^health: ") then return nil end
  end
  return "health says how it is: report:ok(text), report:note(text) or report:problem(text, fix)"
end

local function answers(suite)
  local problem, seconds = nil, 0
  for round = 1, SCENES do
    local draw = suite:draw("answers", round)
    local instance = round % 2 == 1 and suite:set_up() or suite:set_up_otherwise(draw)
    if not instance then return nil end -- said by the check of setup
    local scene = suite:scene(draw)
    suite.world.changes = {}
    suite:exercise(instance, scene, function(method, args, outcome)
      local changes = suite.world.changes
      suite.world.changes = {}
      if problem or suite.hung then return end
      seconds = seconds + outcome.seconds
      local wrong
      if not outcome.ok then
        wrong = "a method does not raise when all that it asks for works"
      elseif method == "health" then
        wrong = wrong_health(outcome, changes)
      else
        local say = suite.kind.answers[method]
        wrong = say and say(outcome.results, args, scene)
      end
      if wrong then
        problem = suite:problem(suite:shown(method, args), suite:came(outcome), wrong)
      end
    end)
    local closed = suite:close(instance)
    if closed and not closed.ok and not problem then
      problem = suite:problem("close()", suite:came(closed), "close ends what setup began")
    end
    if problem or suite.hung or seconds > MOST_SECONDS then return problem end
  end
end

-- Calls of a pure method with equal arguments, on one instance and on another.
local function pure_calls(suite, method, round)
  local first, second = suite:set_up(), suite:set_up()
  if not first or not second or type(first.impl[method]) ~= "function" then return nil end
  local list = {}
  for i, instance in ipairs({ first, first, second }) do
    local draw = suite:draw("purity", method, round)
    local args = suite:args_of(method, suite:scene(draw))
    if not args then break end
    suite.world:turn(3 * 86400) -- what is pure does not know what time it is
    suite.world.strict = true
    local outcome = suite:call(instance, method, args)
    suite.world.strict = false
    list[i] = { args = args, outcome = outcome,
      added = suite.kind.added and suite.kind.added(method, args) or "" }
  end
  suite:close(second)
  suite:close(first)
  return list
end

local function impure(suite, method, calls)
  local first = calls[1]
  for i, call in ipairs(calls) do
    local called, outcome = suite:shown(method, call.args), call.outcome
    if outcome.effects[1] then
      return suite:problem(called, "asked the host: " .. outcome.effects[1],
        "it is pure: it asks for nothing but its arguments")
    end
    if values.texts(outcome.results) .. call.added
      ~= values.texts(first.outcome.results) .. first.added then
      return suite:problem(called, ("%s, and %s%s"):format(suite:came(first.outcome),
        suite:came(outcome), i == 2 and " when it was called again" or " from another instance"),
        "it is pure: the same arguments give the same answer")
    end
  end
end

local function is_pure(suite)
  local instance = suite:set_up()
  if not instance then return nil end
  for _, method in ipairs(suite:methods_of(instance)) do
    if methods.of(suite.plugin.kind, method).pure then
      for round = 1, FEW do
        local calls = pure_calls(suite, method, round)
        local problem = calls and impure(suite, method, calls)
        if problem or suite.hung then return problem end
      end
    end
  end
end

local function does_not_wait(suite)
  local problem
  for round = 1, FEW do
    local draw = suite:draw("waits", round)
    local instance = suite:set_up_otherwise(draw)
    if not instance then return nil end
    suite:exercise(instance, suite:scene(draw), function(method, args, outcome)
      if problem or not outcome.waited then return end
      if method == "health" and outcome.elapsed > HEALTH then
        problem = suite:problem(suite:shown(method, args), ("took %.1f s"):format(outcome.elapsed),
          ("health says what it knows within %d s"):format(HEALTH))
      elseif not methods.of(suite.plugin.kind, method).waits then
        problem = suite:problem(suite:shown(method, args), "waited (" ..
          (outcome.effects[1] or "for nothing that the suite knows") .. ")",
          "it must not wait: the host needs the answer at once")
      elseif outcome.stuck then
        problem = suite:problem(suite:shown(method, args), suite:came(outcome),
          "what waits ends when what it waits for has come")
      end
    end)
    suite:close(instance)
    if problem or suite.hung then return problem end
  end
end

-- Two of them -----------------------------------------------------------------------------------

-- All that came of a call, and all that it did.
local function text_of(suite, method, args, outcome)
  return table.concat({ method, values.texts(outcome.results), tostring(outcome.message),
    suite.kind.added and suite.kind.added(method, args) or "",
    table.concat(outcome.effects, "\n") }, "\n")
end

-- What an instance answers, method by method; between two calls `beside` has its turn.
local function log_of(suite, instance, draw, beside)
  local log = {}
  local scene = suite:scene(draw)
  suite:exercise(instance, scene, function(method, args, outcome)
    local own = { ok = outcome.ok, results = outcome.results, stuck = outcome.stuck,
      message = outcome.message, effects = {} }
    for _, effect in ipairs(outcome.effects) do
      if not (suite.kind.beside and suite.kind.beside(effect)) then
        table.insert(own.effects, effect)
      end
    end
    log[#log + 1] = { called = suite:shown(method, args), came = suite:came(outcome),
      text = text_of(suite, method, args, own) }
    if beside then beside(#log) end
  end)
  return log
end

-- Calls of another instance, one at each turn.
local function other_calls(suite, instance, draw)
  local scene, names = suite:scene(draw), suite:methods_of(instance)
  return function(turn)
    local method = names[(turn - 1) % #names + 1]
    local args = suite:args_of(method, scene)
    if args then suite:call(instance, method, args) end
  end
end

-- Calls fn in another project: what two of them make of one file is no state of theirs.
local function elsewhere(suite, fn)
  local dir = suite.dir
  suite.dir = dir .. "/other"
  world.outside(function() return fs.mkdir(suite.dir) end)
  local ok, value = pcall(fn)
  suite.dir = dir
  if not ok then error(value, 0) end
  return value
end

local function shares_no_state(suite)
  for round = 1, FEW do
    local alone, beside
    suite:inside(function()
      local instance = suite:set_up()
      if not instance then return end
      alone = log_of(suite, instance, suite:draw("instances", round))
      suite:close(instance)
    end)
    suite:inside(function()
      local instance = suite:set_up()
      local other, calls
      elsewhere(suite, function()
        other = suite:set_up_otherwise(suite:draw("instances", "other", round))
        calls = other and other_calls(suite, other, suite:draw("instances", "another", round))
      end)
      if not instance or not other then return end
      local function turn(count) elsewhere(suite, function() calls(count) end) end
      turn(1)
      beside = log_of(suite, instance, suite:draw("instances", round), turn)
      elsewhere(suite, function() suite:close(other) end)
      suite:close(instance)
    end)
    if suite.hung or not beside then return nil end
    for i, entry in ipairs(alone) do
      local now = beside[i]
      if now.text ~= entry.text then
        local came = now.came ~= entry.came and now.came or "did something else"
        return suite:problem(entry.called, ("%s beside an instance with other options, where it %s"
          .. " alone"):format(came, entry.came),
          "what one instance does is nothing to another: state lives in what setup returns")
      end
    end
  end
end

-- Failures --------------------------------------------------------------------------------------

local function mentions(value, text, depth)
  if type(value) == "string" then return value:find(text, 1, true) ~= nil end
  if type(value) ~= "table" or depth > 3 then return false end
  for _, element in pairs(value) do
    if mentions(element, text, depth + 1) then return true end
  end
  return false
end

local function is_named(outcome, refusals)
  for _, refusal in ipairs(refusals) do
    if mentions(outcome.message, refusal, 1) or mentions(outcome.results, refusal, 1)
      or mentions(outcome.effects, refusal, 1) then
      return true
    end
  end
  return false
end

-- The host refuses everything; whether somebody is told.
local function surfaces_errors(suite)
  for round = 1, FEW do
    local instance = suite:set_up()
    if not instance then return nil end
    local scene = suite:scene(suite:draw("errors", round))
    if suite.kind.break_scene then suite.kind.break_scene(scene, suite.world) end
    suite.world.failing = true
    local late -- of a method that may say it later, or in close()
    for i, method in ipairs(suite:methods_of(instance)) do
      suite.world:at(i)
      suite.world.refusals = {}
      local args = suite:args_of(method, scene)
      local outcome = args and suite:call(instance, method, args)
      local refusals = suite.world.refusals
      if suite.hung then return nil end
      if outcome and refusals[1] and not is_named(outcome, refusals) then
        local at_once = suite.kind.at_once and suite.kind.at_once[method]
        local failed = not outcome.ok or suite.kind.fails and suite.kind.fails(outcome.results,
          method)
        local problem = suite:problem(suite:shown(method, args),
          ("%s, and %s failed"):format(suite:came(outcome), refusals[1]),
          failed and "an error names what failed"
            or "what fails is not passed over in silence: " .. (at_once or "somebody is told"))
        if at_once or not outcome.ok then return problem end
        late = late or { problem = problem, refusals = refusals }
      elseif outcome and late and is_named(outcome, late.refusals) then
        late = nil
      end
    end
    suite.world:at(100)
    local closed = suite:close(instance)
    if late and not (closed and is_named(closed, late.refusals)) then return late.problem end
  end
end

-- What is left behind ---------------------------------------------------------------------------

local function writes_no_globals(suite)
  local modules = globals.now() -- with those of ggen that have been loaded meanwhile
  local instance = suite:set_up()
  if instance then
    suite:exercise(instance, suite:scene(suite:draw("globals")))
    suite:close(instance)
  end
  local harm = harmed(suite)
  if harm then return harm end
  local changed = modules:changed() or suite.globals:changed()
  if changed then
    return suite:problem("the plugin", ("set %s"):format(changed),
      "a plugin writes no global variable, and nothing into the libraries of Lua and into ggen")
  end
end

local function descriptors()
  local list = fs.list("/proc/self/fd")
  return list and #list or 0
end

local function left_open(suite, before)
  world.outside(function() require("ggen.async").sleep(0) end)
  local now = { handles = loop.alive(), children = process.live(), files = descriptors() }
  local timers, live = suite.world:open_timers(), suite.world:live()
  local left = {}
  local function add(count, what) if count > 0 then left[#left + 1] = count .. " " .. what end end
  add(timers, "timer(s)")
  add(live, "process(es) that still run")
  add(now.handles - before.handles, "open handle(s) of the loop")
  add(now.children - before.children, "child process(es)")
  add(now.files - before.files, "open file(s)")
  return #left > 0 and table.concat(left, ", ") or nil
end

local function leaves_nothing_open(suite)
  local names
  local function once(round)
    local instance = suite:set_up()
    if not instance then return false end
    names = table.concat(suite:methods_of(instance), ", ")
    suite:exercise(instance, suite:scene(suite:draw("leaks", round)))
    suite:close(instance)
    return true
  end
  if not once(1) then return nil end -- what the host keeps open from its first use on is its own
  world.outside(function() require("ggen.async").sleep(0) end)
  collectgarbage()
  collectgarbage("stop") -- what only the collector closes was left open
  local left
  local before = { handles = loop.alive(), children = process.live(), files = descriptors() }
  local ok, problem = pcall(suite.inside, suite, function()
    once(2)
    left = left_open(suite, before)
  end)
  collectgarbage("restart")
  if not ok then error(problem, 0) end
  if left and not suite.hung then
    return suite:problem(("setup, %s and close"):format(names), "left behind: " .. left,
      "after close() nothing of the plugin is open")
  end
end

-- Time ------------------------------------------------------------------------------------------

local TRIES = 3

local function is_quick(suite)
  if suite.hung then
    local called, came = suite.hung:match("^(.*) (did not end.*)$")
    return suite:problem(called, came,
      "a call is over within its budget")
  end
  local instance = suite:set_up()
  if not instance then return nil end
  for _, method in ipairs(suite:methods_of(instance)) do
    local times, args = {}, nil
    for i = 1, suite.kind.tries or TRIES do
      local scene = suite:scene(suite:draw("budget", method, i), "large")
      args = suite:args_of(method, scene)
      if not args then break end
      times[i] = suite:call(instance, method, args).seconds
    end
    table.sort(times)
    local usual, budget = times[math.ceil(#times / 2)], methods.of(suite.plugin.kind, method).budget
    if usual and usual > budget then
      return suite:problem(suite:shown(method, args), ("took %.0f ms of processor time"):format(
        usual * 1000), ("its budget is %.0f ms"):format(budget * 1000))
    end
  end
  suite:close(instance)
end

-- Schedules -------------------------------------------------------------------------------------

-- Where nothing else is known of a kind: its methods, in an order of their own.
local function play(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local log, scene = {}, suite:scene(draw)
  for _, method in ipairs(draw:shuffle(suite:methods_of(instance))) do
    local args = suite:args_of(method, scene)
    if args then
      local outcome = suite:call(instance, method, args)
      log[#log + 1] = method .. " " .. suite:came(outcome) .. text_of(suite, method, args, outcome)
    end
  end
  suite:close(instance)
  return table.concat(log, "\n")
end

-- The first line in which two texts differ.
local function difference(a, b)
  local other = b:gmatch("([^\n]*)\n?")
  for line in a:gmatch("([^\n]*)\n?") do
    local its = other()
    if line ~= its then return line, its or "" end
  end
  return "", ""
end

local function repeats_schedules(suite)
  local schedule = suite.kind.schedule or play
  for number = 1, suite.schedules do
    local logs = {}
    for i = 1, 2 do
      logs[i] = suite:play(function()
        return schedule(suite, suite:draw("schedule", number), number):gsub("0x%x+", "0x")
      end, number)
      if suite.hung then return nil end
    end
    if logs[1] ~= logs[2] then
      local first, second = difference(logs[1], logs[2])
      return suite:problem(("schedule %d, played twice,"):format(number),
        ("gave\n  %s\nand then\n  %s"):format(first:sub(1, 200), second:sub(1, 200)),
        "the same seed gives the same log: chance and the clock of the machine decide nothing",
        number)
    end
  end
end

return {
  { name = "setup", run = sets_up },
  { name = "options", run = takes_options },
  { name = "answers", run = answers },
  { name = "budget", run = is_quick },
  { name = "waits", run = does_not_wait },
  { name = "arguments", run = require("ggen.contract.untouched") },
  { name = "purity", run = is_pure },
  { name = "instances", run = shares_no_state },
  { name = "errors", run = surfaces_errors },
  { name = "globals", run = writes_no_globals },
  { name = "leaks", run = leaves_nothing_open },
  { name = "schedules", run = repeats_schedules },
}
