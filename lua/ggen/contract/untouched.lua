-- Whether a plugin leaves what it was given as it was: its params, the host, and the arguments of
-- its methods. Others see the same tables, and what the host remembers is made of them.
-- SPDX-License-Identifier: MIT
local picture = require("ggen.contract.picture")
local values = require("ggen.contract.values")

local ROUNDS = 5
local CONTRACT = "what the host hands out stays as it is: others see the same tables"

-- What a method was given, and what goes on being the host's while it runs.
local function given_to(suite, instance, host, method, args)
  local named = { { "params", instance.params }, { "host", host } }
  local own = suite.kind.own and suite.kind.own[method] or {}
  for i = 1, args.n do
    if not own[i] then named[#named + 1] = { picture.name_of(args[i], i), args[i] } end
  end
  return named
end

local function round_of(suite, draw)
  local host = suite:host()
  local before = picture.take({ { "host", host } })
  local instance, _, _, params = suite:set_up(nil, host)
  if not instance then return nil end
  local change, problem = picture.change(before), nil
  if change then
    problem = suite:problem(("setup(%s, host)"):format(values.show(params)), change, CONTRACT)
  end
  suite:exercise(instance, suite:scene(draw), function(method, args)
    change = not problem and picture.change(before)
    if change then problem = suite:problem(suite:shown(method, args), change, CONTRACT) end
  end, function(method, args)
    before = picture.take(given_to(suite, instance, host, method, args))
  end)
  suite:close(instance)
  return problem
end

---@param suite ggen.contract.Suite
---@return string? problem
return function(suite)
  for round = 1, ROUNDS do
    local problem = round_of(suite, suite:draw("arguments", round))
    if problem or suite.hung then return problem end
  end
end
