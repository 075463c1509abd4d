-- The contract of cache policies: whether a result is served and kept, and which ones go when room
-- is needed.
-- SPDX-License-Identifier: MIT
local evict = require("ggen.evict")
local graphs = require("ggen.contract.graphs")
local simulate = require("ggen.simulate")
local values = require("ggen.contract.values")

local M = { order = { "limit", "admit", "lookup", "victims" } }

local DAY = 86400
local NOW = 1.8e9

-- Rows as a survey of the cache gives them.
local function entries_of(draw, count)
  local entries = { count = count, now = NOW, key = {}, task = {}, bytes = {}, created = {},
    last_access = {}, hits = {}, duration = {} }
  local total = 0
  for i = 1, count do
    local age = draw:int(0, 60 * DAY)
    entries.key[i], entries.task[i] = draw:hex(8) .. i, draw:word()
    -- Equal ones are where orders differ.
    entries.bytes[i] = draw:once_in(4) and 4096 or draw:int(0, 2 ^ 24)
    entries.created[i], entries.last_access[i] = NOW - age, NOW - draw:int(0, age)
    entries.hits[i], entries.duration[i] = draw:int(0, 20), draw:int(0, 600000) / 1000
    total = total + entries.bytes[i]
  end
  return entries, total
end

local function entry_of(draw)
  local age = draw:int(0, math.ceil(60 * DAY / draw:pick({ 1, 50, 2000 })))
  return { key = not draw:once_in(3) and draw:hex(64) or nil, created = NOW - age, age = age,
    duration = draw:int(0, 9000) / 1000, bytes = draw:int(0, 2 ^ 24),
    last_access = draw:once_in(3) and NOW - draw:int(0, age) or nil }
end

function M.scene(suite, draw, size)
  local entries, total = entries_of(draw, size == "large" and 2000 or draw:int(0, 20))
  return { task = graphs.task(draw, 1, suite.dir), entry = entry_of(draw), entries = entries,
    budget = draw:once_in(5) and 0 or draw:int(0, total),
    result = { duration = draw:int(0, 9000) / 1000, bytes = draw:int(0, 2 ^ 24),
      key = draw:hex(64), created = NOW } }
end

M.calls = {
  limit = function() return {} end,
  lookup = function(scene) return { scene.task, scene.entry } end,
  admit = function(scene) return { scene.task, scene.result } end,
  victims = function(scene) return { scene.entries, scene.budget } end,
}

local function yes_or_no(results)
  if type(results[1]) ~= "boolean" then return "true or false" end
  local reason = results[2]
  if results[1] == false and reason ~= nil and type(reason) ~= "string" then
    return "false, and a reason as a text"
  end
  if results[1] and reason ~= nil and not (type(reason) == "number" and reason >= 0) then
    return "true, and for how many seconds that holds, as a number"
  end
end

M.answers = {
  limit = function(results)
    local limit = results[1]
    if limit ~= nil and not (type(limit) == "number" and limit >= 0) then
      return "bytes, or nothing for no limit"
    end
  end,
  lookup = yes_or_no,
  admit = yes_or_no,
  victims = function(results, args)
    -- What the host makes of the answer, by the host's own eyes.
    local answer = { name = "it", impl = { victims = function()
      return unpack(results, 1, results.n)
    end } }
    local list, message = evict.choose(answer, args[1], args[2])
    if not list then
      return "indices of entries, each once, and known reasons: "
        .. message:gsub('^plugin "it", method ', "")
    end
  end,
}

-- Accesses of past runs, as the journal has them.
local function accesses_of(draw, count)
  local accesses = { count = count, keys = 0, key = {}, time = {}, bytes = {}, duration = {},
    task = {} }
  local bytes, total, now = {}, 0, NOW
  for i = 1, count do
    local key = draw:int(1, 12)
    now = now + draw:int(0, DAY)
    if not bytes[key] then
      bytes[key] = draw:int(1, 2 ^ 20)
      total = total + bytes[key]
    end
    accesses.key[i], accesses.time[i], accesses.bytes[i] = key, now, bytes[key]
    accesses.duration[i], accesses.task[i] = draw:int(1, 9000) / 1000, "task" .. key
  end
  return accesses, total
end

-- A replay under a limit that not all of it fits into.
local function replay(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return nil end
  local accesses, total = accesses_of(draw, draw:int(1, 40))
  local result, message = simulate.run(accesses, instance, math.ceil(total / 2))
  suite:close(instance)
  return result, message, instance, total
end

function M.schedule(suite, draw)
  local result, message = replay(suite, draw)
  return result and values.text(result) or tostring(message)
end

local ROUNDS = 100

local function makes_room(suite)
  for round = 1, ROUNDS do
    local draw = suite:draw("room", round)
    local instance = suite:set_up_otherwise(draw)
    if not instance or not instance.impl.victims then return nil end
    local scene = suite:scene(draw)
    local total, freed = 0, 0
    for _, bytes in ipairs(scene.entries.bytes) do total = total + bytes end
    local outcome = suite:call(instance, "victims", { n = 2, scene.entries, scene.budget })
    suite:close(instance)
    for _, index in ipairs(outcome.ok and outcome.results[1] or {}) do
      freed = freed + scene.entries.bytes[index]
    end
    if outcome.ok and freed < math.min(scene.budget, total) then
      return suite:problem(suite:shown("victims", { n = 2, scene.entries, scene.budget }),
        ("%s: %d bytes of %d"):format(suite:came(outcome), freed, total),
        "the victims free the budget, or all that there is")
    end
  end
end

local function keeps_limit(suite)
  for round = 1, ROUNDS do
    local problem = suite:play(function()
      local result, message, _, total = replay(suite, suite:draw("limit", round))
      if not result and not message then return nil end
      if not result or result.warning then
        return suite:problem(("a replay of past runs (%d bytes, a limit of %d)"):format(total,
          math.ceil(total / 2)), "ended with: " .. (message or result.warning),
          "a policy answers to the end, and what it keeps is within its limit", round)
      end
    end)
    if problem or suite.hung then return problem end
  end
end

-- A result in place is not looked at again before that.
local function holds_as_long(suite)
  for round = 1, ROUNDS do
    local draw = suite:draw("holds", round)
    local instance = suite:set_up_otherwise(draw)
    if not instance or not instance.impl.lookup then return nil end
    local scene = suite:scene(draw)
    scene.entry.age = math.floor(scene.entry.age / draw:pick({ 1, 20, 1000 }))
    scene.entry.created = suite.world:unix() - scene.entry.age
    local first = suite:call(instance, "lookup", { n = 2, scene.task, scene.entry })
    local seconds = first.ok and first.results[1] == true and first.results[2]
    if type(seconds) == "number" and seconds > 0 then
      local later = math.min(seconds * draw:int(1, 9) / 10, 10 * 365 * DAY)
      suite.world:turn(later)
      scene.entry.age = scene.entry.age + later
      local outcome = suite:call(instance, "lookup", { n = 2, scene.task, scene.entry })
      if outcome.ok and outcome.results[1] ~= true then
        return suite:problem(suite:shown("lookup", { n = 2, scene.task, scene.entry }),
          ("%s, %.0f s after it %s"):format(suite:came(outcome), later, suite:came(first)),
          "what holds for so many seconds holds until they are over")
      end
    end
    suite:close(instance)
    if suite.hung then return nil end
  end
end

M.laws = {
  { name = "makes room", run = makes_room },
  { name = "keeps within its limit", run = keeps_limit },
  { name = "holds as long as it says", run = holds_as_long },
}

return M
