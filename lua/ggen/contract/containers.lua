-- The contract of what tasks lease: names that are known before anything runs, leases that belong
-- to one task until it gives them back, and an end after which nothing is left. No container engine
-- is there: a plugin that needs one says so.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local graphs = require("ggen.contract.graphs")
local registry = require("ggen.registry")
local sorted = require("ggen.sorted")
local values = require("ggen.contract.values")

-- Once: nothing is given back between two.
local M = { order = { "check", "warm", "acquire", "release", "drain", "hurry" }, tries = 1,
  needs = { "acquire" } }

-- The names that tasks may lease with the params of the suite; no service: none.
local function names_of(suite)
  local ok, checked = pcall(registry.params, suite.plugin, suite.name, suite:written(), {})
  if not ok or type(suite.plugin.services) ~= "function" then return {} end
  local good, services = pcall(suite.plugin.services, checked)
  return good and type(services) == "table" and sorted.keys(services) or {}
end

function M.scene(suite, draw)
  local names = names_of(suite)
  return { names = names, name = names[1] and draw:pick(names),
    task = graphs.task(draw, draw:int(1, 9), suite.dir), shared = draw:once_in(4) }
end

M.calls = {
  check = function(scene) return { scene.names } end,
  warm = function(scene)
    local wants = {}
    if scene.name then
      wants[1] = { task = scene.task, services = { scene.name }, shared = {}, start = 0,
        duration = 2, known = false }
    end
    return { wants }
  end,
  acquire = function(scene)
    if not scene.name then return nil end
    return { { name = scene.name, task = scene.task, shared = scene.shared } }
  end,
  release = function(scene) return scene.lease and { scene.lease, { ok = true } } end,
  drain = function() return { { interrupted = false } } end,
  hurry = function() return {} end,
}

M.own = { release = { true } } -- the lease is what it returned itself

function M.after(scene, method, _, outcome)
  if method == "acquire" and outcome.ok and type(outcome.results[1]) == "table" then
    scene.lease = outcome.results[1]
    scene.lease.name = scene.lease.name or scene.name -- as the host does
  end
end

local function is_port(value)
  return type(value) == "number" and value % 1 == 0 and value > 0 and value < 65536
end

local function wrong_lease(lease)
  for _, field in ipairs({ "host", "socket", "name", "id" }) do
    if lease[field] ~= nil and type(lease[field]) ~= "string" then return field .. " is a text" end
  end
  if lease.port ~= nil and not is_port(lease.port) then return "port is the number of a port" end
  if lease.ports ~= nil and type(lease.ports) ~= "table" then
    return 'ports is a table by their names in the container: { ["5432/tcp"] = 32768 }'
  end
  for _, port in pairs(lease.ports or {}) do
    if not is_port(port) then return "ports are numbers of ports" end
  end
  if lease.env ~= nil and type(lease.env) ~= "table" then return "env is a table" end
  for name, value in pairs(lease.env or {}) do
    if type(name) ~= "string" or not name:find("^[%a_][%w_]*$")
      or type(value) ~= "string" and type(value) ~= "number" then
      return "env has names of variables, each with a text or a number"
    end
  end
end

M.answers = {
  acquire = function(results)
    local lease, message = results[1], results[2]
    if lease == nil and type(message) == "string" then return nil end
    if type(lease) ~= "table" then return "a lease, or nil and a message" end
    return wrong_lease(lease)
  end,
  check = function(results)
    if results[1] ~= nil and type(results[1]) ~= "string" then
      return "nothing, or what is missing as a text"
    end
  end,
}

function M.fails(results, method) return method == "acquire" and results[1] == nil end

M.at_once = { acquire = "it returns nil and a message, or raises" }

-- Tasks that take and give back.
function M.schedule(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local names, calls, log = names_of(suite), {}, {}
  for i = 1, names[1] and draw:int(1, 5) or 0 do
    local task, name = graphs.task(draw, i, suite.dir), draw:pick(names)
    local start, seconds = draw:int(0, 50) / 10, draw:int(1, 90) / 10
    calls[i] = function()
      async.sleep(start)
      local ok, lease, message = registry.call(instance, "acquire", { name = name, task = task,
        shared = false })
      log[#log + 1] = ("%d at %.3f: %s %s"):format(i, suite.world:monotonic(), tostring(ok),
        values.text(lease) .. values.text(message))
      if not ok or type(lease) ~= "table" then return end
      async.sleep(seconds)
      lease.name = lease.name or name
      registry.call(instance, "release", lease, { ok = true })
    end
  end
  -- Somebody may wait for good where there is little: the run would end that.
  async.race({ function() async.all(calls) end, function() async.sleep(600) end })
  registry.call(instance, "drain", { interrupted = false })
  suite:close(instance)
  return table.concat(log, "\n") .. "\n" .. table.concat(suite.world.effects, "\n")
end

-- Laws ------------------------------------------------------------------------------------------

local function is_plain(value, depth)
  if type(value) == "userdata" or type(value) == "thread" or depth > 16 then return false end
  if type(value) ~= "table" then return true end
  if getmetatable(value) then return false end
  for key, element in pairs(value) do
    if not is_plain(key, depth + 1) or not is_plain(element, depth + 1) then return false end
  end
  return true
end

local function names_its_services(suite)
  local checked = registry.params(suite.plugin, suite.name, suite:written(), {})
  local answers = {}
  for i = 1, 2 do
    suite.world.strict = true
    local outcome = suite:run("services", suite.plugin.services, checked)
    suite.world.strict = false
    local services, message = outcome.results[1], outcome.results[2]
    local called = ("services(%s)"):format(values.show(checked))
    if not outcome.ok or outcome.waited then
      return suite:problem(called, suite:came(outcome), "it is pure: it answers at once")
    end
    if outcome.effects[1] then
      return suite:problem(called, "asked the host: " .. outcome.effects[1],
        "it is pure: it asks for nothing but the params")
    end
    if type(services) ~= "table" and type(message) ~= "string" then
      return suite:problem(called, suite:came(outcome),
        "names with what of each counts for the keys of tasks, or nil and a message")
    end
    for name, value in pairs(type(services) == "table" and services or {}) do
      if type(name) ~= "string" or not is_plain(value, 1) then
        return suite:problem(called, ("returned %s = %s"):format(values.show(name),
          values.show(value)), "names as texts, each with plain data")
      end
    end
    answers[i] = values.text(services)
  end
  if answers[1] ~= answers[2] then
    return suite:problem("services", "returned something else when it was called again",
      "it is pure: the same params give the same names")
  end
end

local MOST = 6

-- Asks for leases of one name until somebody has to wait, and tells what came.
local function take_all(suite, instance, name)
  local taken, waiting = {}, nil
  for i = 1, MOST do
    local task, answer = graphs.task(suite:draw("taker", i), i, suite.dir), nil
    local thread = async.run(function()
      local ok, lease = registry.call(instance, "acquire", { name = name, task = task,
        shared = false })
      return ok and lease
    end, function(_, lease) answer = { lease } end)
    suite.world:run_until(function() return answer ~= nil or suite.world:open_timers() == 0 end)
    if not answer then
      waiting = { thread = thread, answer = function() return answer end }
      break
    end
    if type(answer[1]) ~= "table" then break end
    answer[1].name = answer[1].name or name
    taken[#taken + 1] = answer[1]
  end
  return taken, waiting
end

local function each_name(look)
  return function(suite)
    local names = names_of(suite)
    for _, name in ipairs(names) do
      local instance = suite:set_up()
      if not instance or type(instance.impl.acquire) ~= "function" then return nil end
      local taken, waiting = take_all(suite, instance, name)
      local problem = look(suite, instance, name, taken, waiting)
      if waiting then waiting.thread:cancel() end
      for _, lease in ipairs(taken) do
        if not lease.gone then suite:call(instance, "release", { n = 2, lease, { ok = true } }) end
      end
      suite:call(instance, "drain", { n = 1, { interrupted = false } })
      suite:close(instance)
      if problem or suite.hung then return problem end
    end
  end
end

local function gives_to_one(suite, _, name, taken)
  local seen = {}
  for i, lease in ipairs(taken) do
    local text = values.text(lease)
    if seen[text] then
      return suite:problem(("acquire for %d tasks, each alone with %q,"):format(i, name),
        "gave the same lease twice: " .. values.show(lease),
        "a lease that is not shared belongs to one task until it is released")
    end
    seen[text] = true
  end
end

local function wakes_who_waits(suite, instance, name, taken, waiting)
  if not waiting or not taken[1] then return nil end
  taken[1].gone = true
  suite:call(instance, "release", { n = 2, taken[1], { ok = true } })
  suite.world:run_until(function() return waiting.answer() ~= nil end)
  local answer = waiting.answer()
  if not answer then
    return suite:problem(("acquire of %q, for which somebody waits,"):format(name),
      "never ended after the release of another", "who waits is next when something is given back")
  end
  if type(answer[1]) == "table" then
    answer[1].name = answer[1].name or name
    taken[#taken + 1] = answer[1]
  end
end

local function give_back(suite, instance, lease)
  suite:call(instance, "release", { n = 2, lease, { ok = true } })
end

-- Somebody asks, and is cancelled before there is an answer.
local function ask_and_give_up(suite, instance, name)
  local answer
  local thread = async.run(function()
    local task = graphs.task(suite:draw("gone"), 9, suite.dir)
    local _, lease = registry.call(instance, "acquire", { name = name, task = task,
      shared = false })
    return lease
  end, function(ok, lease) answer = ok and lease end)
  thread:cancel()
  if type(answer) ~= "table" then return end
  answer.name = answer.name or name -- it did not wait
  give_back(suite, instance, answer)
end

-- How many leases of a name there are; `give_up`: and while it is counted some are cancelled.
local function count_leases(suite, name, give_up)
  local instance = suite:set_up()
  if not instance or type(instance.impl.release) ~= "function" then return 0 end
  if give_up then ask_and_give_up(suite, instance, name) end
  local taken, waiting = take_all(suite, instance, name)
  if waiting and give_up and taken[1] then
    -- One who waits for what others have.
    waiting.thread:cancel()
    give_back(suite, instance, table.remove(taken))
    local more
    more, waiting = take_all(suite, instance, name)
    for _, lease in ipairs(more) do taken[#taken + 1] = lease end
  end
  if waiting then waiting.thread:cancel() end
  for _, lease in ipairs(taken) do give_back(suite, instance, lease) end
  suite:call(instance, "drain", { n = 1, { interrupted = false } })
  suite:close(instance)
  return #taken
end

-- Ctrl-C, or the time-out of a task, while it waits for what it asked for: whoever comes later
-- finds as much as before.
local function loses_nothing_cancelled(suite)
  for _, name in ipairs(names_of(suite)) do
    local counts = { count_leases(suite, name, false), count_leases(suite, name, true) }
    if suite.hung then return nil end
    if counts[2] < counts[1] then
      return suite:problem(("acquire of %q, cancelled while it waited,"):format(name),
        ("left %d where %d can be had"):format(counts[2], counts[1]),
        "what nobody gets who was cancelled goes to the next one")
    end
  end
end

M.laws = {
  { name = "names its services", run = names_its_services },
  { name = "gives to one", run = each_name(gives_to_one) },
  { name = "wakes who waits", run = each_name(wakes_who_waits) },
  { name = "loses nothing to who is cancelled", run = loses_nothing_cancelled },
}

return M
