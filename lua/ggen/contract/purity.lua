-- Whether what is pure is: the same answer when it is asked again, later and of another instance,
-- and nothing asked but its arguments.
-- SPDX-License-Identifier: MIT
local methods = require("ggen.contract.methods")
local values = require("ggen.contract.values")

local ROUNDS = 5

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

---@param suite ggen.contract.Suite
---@return string? problem
return function(suite)
  local instance = suite:set_up()
  if not instance then return nil end
  for _, method in ipairs(suite:methods_of(instance)) do
    if methods.of(suite.plugin.kind, method).pure then
      for round = 1, ROUNDS do
        local calls = pure_calls(suite, method, round)
        local problem = calls and impure(suite, method, calls)
        if problem or suite.hung then return problem end
      end
    end
  end
end
