-- The contract of hooks: each hook of a moment is called once, what one raises is raised when the
-- others have ended, and whoever is cancelled begins no more.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local registry = require("ggen.registry")
local values = require("ggen.contract.values")

local M = { order = { "run" }, needs = { "run" } }

local MOST_SECONDS = 30

-- Hooks that can be told apart; `after` names earlier ones only, as a graph without a cycle does.
local function hooks_of(draw, count)
  local list = {}
  for i = 1, count do
    local fields = { name = draw:word() .. i, index = not draw:once_in(3) and i or nil,
      after = {}, outputs = {}, exclusive = draw:once_in(8) and "db" or draw:once_in(8) or false }
    if i > 1 and draw:once_in(3) then fields.after[1] = list[draw:int(1, i - 1)].name end
    if draw:once_in(3) then fields.outputs[1] = "gen/" .. draw:word() .. ".c" end
    list[i] = setmetatable({}, { __name = "ggen.Hook", __index = fields,
      __newindex = function(_, key) error("a hook is read-only: " .. tostring(key), 2) end })
  end
  return list
end

-- Hooks with a call() that takes its time, and a log of what was done with them.
local function moment_of(suite, draw, count)
  local moment = { hooks = hooks_of(draw, count), begun = {}, ended = {}, live = 0, log = {},
    seconds = {}, fails = {} }
  for i, hook in ipairs(moment.hooks) do
    moment.seconds[hook] = draw:once_in(4) and 0 or draw:int(1, MOST_SECONDS * 10) / 10
    moment.number = moment.number or {}
    moment.number[hook] = i
  end
  local our_world = suite.world
  function moment.call(hook)
    local number = moment.number[hook]
    if not number then error("call: this is none of the hooks that run() was given", 2) end
    if our_world.failing then error(our_world:refuse("its hook " .. hook.name .. " failed"), 0) end
    moment.begun[hook] = (moment.begun[hook] or 0) + 1
    moment.log[#moment.log + 1] = "begin " .. number
    moment.live = moment.live + 1
    local ok, problem = pcall(async.sleep, moment.seconds[hook])
    moment.live = moment.live - 1
    moment.ended[hook] = (moment.ended[hook] or 0) + 1
    moment.log[#moment.log + 1] = "end " .. number
    if not ok then error(problem, 0) end
    if moment.fails[hook] then error(("its hook %s failed"):format(hook.name), 0) end
  end
  return moment
end

function M.scene(suite, draw, size)
  return { moment = moment_of(suite, draw, size == "large" and 200 or draw:int(0, 6)) }
end

M.calls = {
  run = function(scene) return { scene.moment.hooks, scene.moment.call } end,
}

M.answers = {}
M.at_once = { run = "the method raises" }

function M.schedule(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local moment = moment_of(suite, draw, draw:int(0, 8))
  for _, hook in ipairs(moment.hooks) do moment.fails[hook] = draw:once_in(5) or nil end
  local outcome = suite:call(instance, "run", { n = 2, moment.hooks, moment.call })
  suite:close(instance)
  return table.concat(moment.log, "\n") .. "\n" .. suite:came(outcome)
end

-- Laws ------------------------------------------------------------------------------------------

local ROUNDS = 60

-- Lets the plugin run a moment: `prepare` may make hooks fail. Then `look` says what is wrong.
local function in_moments(prepare, look)
  return function(suite)
    for round = 1, ROUNDS do
      local draw = suite:draw("laws", round)
      local instance = suite:set_up_otherwise(draw)
      if not instance then return nil end
      local moment = moment_of(suite, draw, draw:int(1, 7))
      prepare(moment, draw)
      local args = { n = 2, moment.hooks, moment.call }
      local outcome = suite:call(instance, "run", args)
      local problem = look(suite, moment, outcome, suite:shown("run", args))
      suite:close(instance)
      if problem or suite.hung then return problem end
    end
  end
end

local function none_fails() end

local function calls_each_once(suite, moment, outcome, called)
  if not outcome.ok then return nil end -- said by the answers
  for i, hook in ipairs(moment.hooks) do
    local times = moment.begun[hook] or 0
    if times ~= 1 then
      return suite:problem(called, ("called hook %d of %d %d times"):format(i, #moment.hooks,
        times), "each hook is called once")
    end
  end
end

local function one_fails(moment, draw)
  moment.bad = draw:pick(moment.hooks)
  moment.fails[moment.bad] = true
end

local function raises_failures(suite, moment, outcome, called)
  if not moment.ended[moment.bad] then return nil end -- it never had its turn
  called = ("%s, of which %s fails,"):format(called, moment.bad.name)
  local named = not outcome.ok and tostring(outcome.message):find(moment.bad.name, 1, true)
  if not named then
    return suite:problem(called, suite:came(outcome), "what call raises is raised on")
  end
end

local function waits_for_all(suite, moment, outcome, called)
  if moment.live == 0 or outcome.stuck then return nil end
  return suite:problem(called, ("%s while %d of the hooks still ran"):format(suite:came(outcome),
    moment.live), "it ends when all that it began has ended")
end

local function ends_when_cancelled(suite)
  for round = 1, ROUNDS do
    local draw = suite:draw("cancelled", round)
    local instance = suite:set_up_otherwise(draw)
    if not instance then return nil end
    local moment, ended = moment_of(suite, draw, draw:int(2, 6)), false
    for hook in pairs(moment.seconds) do moment.seconds[hook] = 5 end
    local thread = async.run(function()
      registry.call(instance, "run", moment.hooks, moment.call)
    end, function() ended = true end)
    local begun = values.text({ n = #moment.log, unpack(moment.log) })
    if not ended then
      local count = #moment.log
      thread:cancel()
      suite.world:run_until(function() return ended and moment.live == 0 end)
      local called = suite:shown("run", { n = 2, moment.hooks, moment.call })
        .. ", cancelled while hooks ran,"
      for i = count + 1, #moment.log do
        if moment.log[i]:find("^begin") then
          suite:close(instance)
          return suite:problem(called, ("went on with: %s (%s had begun)"):format(moment.log[i],
            begun), "nothing new begins after it: a pcall that sees ggen.async.CANCELLED raises it"
            .. " again")
        end
      end
      if not ended then
        suite:close(instance)
        return suite:problem(called, "goes on", "what is cancelled ends")
      end
    end
    suite:close(instance)
  end
end

M.laws = {
  { name = "calls each hook once", run = in_moments(none_fails, calls_each_once) },
  { name = "raises failures", run = in_moments(one_fails, raises_failures) },
  { name = "waits for all", run = in_moments(one_fails, waits_for_all) },
  { name = "ends when cancelled", run = ends_when_cancelled },
}

return M
