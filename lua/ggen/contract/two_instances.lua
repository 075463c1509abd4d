-- Whether two instances with other options know nothing of each other: what one answers alone it
-- answers beside another one.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local world = require("ggen.contract.world")

local ROUNDS = 5

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
      text = suite:text_of(method, args, own) }
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

---@param suite ggen.contract.Suite
---@return string? problem
return function(suite)
  for round = 1, ROUNDS do
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
