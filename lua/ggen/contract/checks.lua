-- What holds for plugins of every kind. Each check says what is wrong, or nothing.
-- SPDX-License-Identifier: MIT
local left_behind = require("ggen.contract.left_behind")
local methods = require("ggen.contract.methods")
local sorted = require("ggen.sorted")
local values = require("ggen.contract.values")

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

return {
  { name = "setup", run = sets_up },
  { name = "options", run = takes_options },
  { name = "answers", run = answers },
  { name = "budget", run = is_quick },
  { name = "waits", run = does_not_wait },
  { name = "arguments", run = require("ggen.contract.untouched") },
  { name = "purity", run = require("ggen.contract.purity") },
  { name = "instances", run = require("ggen.contract.two_instances") },
  { name = "errors", run = surfaces_errors },
  { name = "globals", run = left_behind.globals },
  { name = "leaks", run = left_behind.open },
  { name = "schedules", run = require("ggen.contract.schedules") },
}
