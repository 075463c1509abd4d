-- The contract of observers: told of the moments of a run in the order in which they may come, and
-- asked at the end. What they show, write and send is theirs; none of it may be lost in silence.
-- SPDX-License-Identifier: MIT
local graphs = require("ggen.contract.graphs")
local values = require("ggen.contract.values")
local world = require("ggen.contract.world")

local M = { order = { "on_run_start", "on_task_fresh", "on_task_start", "on_task_log",
  "on_task_retry", "on_service_ready", "on_task_end", "on_task_skip", "on_note", "on_tick",
  "on_run_gate", "on_run_end" } }

-- What programs print and people write: anything.
local TEXTS = { "compiling main.c\n", "done", "", "\27[31mred\27[0m\n", "a\0b\n", "\255\254\n",
  "no end of line", "]]>&<b>\"'\n", "::error::not ours\n", ("x"):rep(500) .. "\n", "üñí\r\n" }

local function text_of(draw) return draw:pick(TEXTS) end

local function log_of(draw)
  local log = require("ggen.core.output").log({})
  for _ = 1, draw:int(1, 4) do log:write(draw:once_in(3) and "err" or "out", text_of(draw)) end
  return log
end

local function result_of(draw, task)
  local failed = draw:once_in(4)
  local cache = failed and "miss" or draw:pick({ "miss", "restored", "bypass" })
  local seconds = draw:int(0, 90000) / 1000
  local result = { status = failed and "failed" or "ok", code = failed and draw:int(1, 130) or 0,
    duration = seconds, attempts = draw:once_in(5) and 2 or 1, cache = cache,
    reason = draw:once_in(2) and text_of(draw) or "first run",
    usage = { wall = seconds, user = seconds / 2, sys = seconds / 8,
      peak_memory = draw:once_in(3) and draw:int(2 ^ 20, 2 ^ 30) or nil } }
  if cache == "restored" then result.saved = draw:int(0, 90000) / 1000 end
  if failed and draw:once_in(3) then result.message = text_of(draw) end
  if failed and draw:once_in(5) then result.signal, result.code = "KILL", 137 end
  if failed and draw:once_in(5) then result.timed_out, result.code = true, 124 end
  if failed and draw:once_in(4) then result.optional = true end
  if task.spec.service then result.service = true end
  return result
end

-- The record ------------------------------------------------------------------------------------

local function entry_of(task, result, start)
  local status = result.optional and "optional" or result.status
  return { id = task.id, workspace = task.workspace, status = status,
    cache = result.cache == "bypass" and "off" or result.cache, reason = result.reason,
    start = start, duration = result.duration,
    ran = result.cache == "restored" and 0 or result.duration, user = result.usage.user,
    sys = result.usage.sys, peak_memory = result.usage.peak_memory, code = result.code,
    attempts = result.attempts, worker = 1, needs = {}, message = result.message,
    signal = result.signal, saved = result.saved }
end

local function count_of(list, status)
  local count = 0
  for _, entry in ipairs(list) do if entry.status == status then count = count + 1 end end
  return count
end

---@param run table of play()
---@return table record of docs/run-record.schema.json
local function record_of(run)
  local wall, path = 0, {}
  for _, entry in ipairs(run.tasks) do
    wall = math.max(wall, entry.start + entry.duration)
    if #path < 3 and entry.duration > 0 then path[#path + 1] = entry.id end
  end
  local failed, fresh = count_of(run.tasks, "failed"), #run.fresh
  local restored = 0
  for _, entry in ipairs(run.tasks) do
    if entry.cache == "restored" then restored = restored + 1 end
  end
  local ran = #run.tasks - restored - count_of(run.tasks, "skipped")
  local id = "20270115T080000.000-" .. run.draw:hex(6)
  return { schema = "ggen-run", version = 1, id = id, session = id,
    time = "2027-01-15T08:00:00.000Z", ggen = require("ggen.version"), pipeline = "contract",
    command = { "run" }, machine = "linux-x86_64/2 cpus/4 GiB/contract", jobs = run.jobs,
    git = run.draw:once_in(2) and { commit = run.draw:hex(40), branch = "main", dirty = false }
      or nil,
    code = failed > 0 and 1 or 0, status = failed > 0 and "failed" or "ok",
    totals = { wall = wall, cpu = wall / 2, critical_path = wall, tasks = #run.tasks + fresh,
      ok = #run.tasks - failed, fresh = fresh, restored = restored, ran = ran, failed = failed,
      optional = count_of(run.tasks, "optional"), skipped = count_of(run.tasks, "skipped"),
      not_run = 0, hit_rate = ran + restored + fresh > 0 and (restored + fresh)
        / (ran + restored + fresh) or nil, misses = ran, saved = 0, hashed = 0, read = 0,
      written = 0, restored_bytes = 0, outputs = { bytes = 0, files = 0 },
      peak_memory = 2 ^ 20 },
    critical_path = path, phases = {}, tasks = run.tasks, fresh = run.fresh, notes = {} }
end

-- A run -----------------------------------------------------------------------------------------

local Run = {}

function Run:record()
  self._record = self._record or record_of(self._story)
  return self._record
end

function Run:keep_record()
  self._story.world:did("keeps the record")
end

function Run:critical_path()
  local list, duration = {}, 0
  for _, entry in ipairs(self._story.tasks) do
    if #list < 3 and entry.duration > 0 then
      list[#list + 1] = { id = entry.id, duration = entry.duration }
      duration = duration + entry.duration
    end
  end
  if #list == 0 then return nil end
  return { tasks = list, duration = duration, share = 0.5, ran = #list, more = {} }
end

function Run:time_left() return self._story.left end

local function totals_of(made)
  return { tasks = made.project:count(), ok = 0, fresh = 0, restored = 0, saved = 0, failed = 0,
    optional = 0, skipped = 0, not_run = 0, wall = 0, code = 0 }
end

-- What a run is to an observer, and what has happened in it so far.
local function story_of(suite, draw, tasks)
  local our_world = suite.world
  local made = graphs.draw(draw, suite.dir, tasks)
  local story = { draw = draw, made = made, jobs = made.jobs, tasks = {}, fresh = {},
    world = our_world, left = draw:once_in(2) and draw:int(1, 100) or nil }
  story.run = setmetatable({ project = made.project, totals = totals_of(made), _story = story,
    options = { jobs = made.jobs, keep_going = false, dry_run = false, output = "grouped",
      single = false, verbose = false, yes = false },
    events = setmetatable({}, { __name = "ggen.Events", __index = {
      note = function(_, level, text)
        our_world:did(("note: %s: %s"):format(tostring(level), tostring(text)))
      end } }) }, { __name = "ggen.Run", __index = Run })
  return story
end

function M.scene(suite, draw, size)
  return world.outside(function()
    local story = story_of(suite, draw, size == "large" and 500 or draw:int(3, 8))
    local project = story.made.project
    local task, service = project:task(1), project:task(2)
    service.spec.service = true
    local log = log_of(draw)
    local result = result_of(draw, task)
    result.log = log
    story.tasks[1] = entry_of(task, result, 0.01)
    story.fresh[1] = project:id(3)
    for i = 4, project:count() do
      story.tasks[i - 2] = entry_of(project:task(i), result_of(draw, project:task(i)), i / 100)
    end
    return { story = story, run = story.run, task = task, log = log, result = result,
      service = service, other = project:task(3), text = text_of(draw) }
  end)
end

M.calls = {
  on_run_start = function(scene) return { scene.run } end,
  on_task_fresh = function(scene) return { scene.other } end,
  on_task_start = function(scene) return { scene.task } end,
  on_task_log = function(scene) return { scene.task, scene.log } end,
  on_task_retry = function(scene)
    return { scene.task, { status = "failed", code = 3, duration = 1, attempts = 1 }, 1, 2 }
  end,
  on_service_ready = function(scene)
    return { scene.service, { status = "ok", code = 0, duration = 0.5, attempts = 1,
      service = true } }
  end,
  on_task_end = function(scene) return { scene.task, scene.result } end,
  on_task_skip = function(scene) return { scene.other, scene.text } end,
  on_note = function(scene)
    return { scene.draw:pick({ "info", "warning", "error" }), scene.text,
      scene.draw:once_in(2) and scene.task or nil, n = 3 }
  end,
  on_tick = function() return {} end,
  on_run_gate = function(scene) return { scene.run } end,
  on_run_end = function(scene) return { scene.run, scene.run.totals } end,
}

M.answers = {
  on_run_gate = function(results)
    if results[1] ~= nil and type(results[1]) ~= "string" then
      return "nothing, or what keeps the run from passing as a text"
    end
  end,
}

-- What is sent goes out beside the run, while others are called.
function M.beside(effect) return effect:find("^%u+ https?://") or effect:find("^a timer") end

-- A whole run -----------------------------------------------------------------------------------

-- Plays the moments of a run for an observer, as account.lua has them; says which call raised.
local function play(suite, instance, draw, tasks)
  local story = world.outside(function() return story_of(suite, draw, tasks) end)
  local project, totals = story.made.project, story.run.totals
  local problem, log_text, logs = nil, {}, {}
  local function tell(method, ...)
    if problem or type(instance.impl[method]) ~= "function" then return nil end
    local args = { n = select("#", ...), ... }
    local outcome = suite:call(instance, method, args)
    log_text[#log_text + 1] = method .. " " .. suite:came(outcome)
    if not outcome.ok then
      problem = suite:problem(suite:shown(method, args), suite:came(outcome),
        "an observer bears what happens in a run: one that raises is left out")
    end
  end
  tell("on_run_start", story.run)
  local running = {}
  for i = 1, project:count() do
    local task = project:task(i)
    local fate = draw:int(1, 6)
    if fate == 1 then
      story.fresh[#story.fresh + 1] = task.id
      totals.fresh, totals.ok = totals.fresh + 1, totals.ok + 1
      tell("on_task_fresh", task)
    elseif fate == 2 then
      totals.skipped = totals.skipped + 1
      story.tasks[#story.tasks + 1] = { id = task.id, status = "skipped", reason = "x failed",
        start = suite.world:monotonic() - 1000, duration = 0, needs = {} }
      tell("on_task_skip", task, text_of(draw))
    else
      tell("on_task_start", task)
      running[#running + 1] = { task = task, start = i / 10 }
    end
    if draw:once_in(5) then tell("on_tick") end
    if draw:once_in(7) then
      tell("on_note", draw:pick({ "info", "warning", "error" }), text_of(draw))
    end
    -- Some of those that run have come to their end.
    while #running > 0 and (#running >= story.jobs or i == project:count()) do
      local its = table.remove(running, draw:int(1, #running))
      local result = result_of(draw, its.task)
      if draw:once_in(2) then
        result.log = log_of(draw)
        logs[#logs + 1] = result.log
        tell("on_task_log", its.task, result.log)
      end
      if result.attempts > 1 then tell("on_task_retry", its.task, result, 1, 0.5) end
      suite.world:turn(draw:int(0, 900) / 100)
      story.tasks[#story.tasks + 1] = entry_of(its.task, result, its.start)
      local name = result.optional and "optional" or result.status
      totals[name] = totals[name] + 1
      tell("on_task_end", its.task, result)
    end
  end
  totals.code = totals.failed > 0 and 1 or 0
  totals.wall = 10
  tell("on_run_gate", story.run)
  tell("on_run_end", story.run, totals)
  for _, log in ipairs(logs) do log:close() end
  return problem, log_text
end

function M.schedule(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local problem, log = play(suite, instance, draw, draw:int(1, 8))
  suite:close(instance)
  return table.concat(log, "\n") .. (problem or "") .. table.concat(suite.world.effects, "\n")
end

-- Laws ------------------------------------------------------------------------------------------

local ROUNDS = 25

local function bears_every_run(suite)
  for round = 1, ROUNDS do
    local problem = suite:play(function()
      local draw = suite:draw("laws", round)
      local instance = suite:set_up_otherwise(draw)
      if not instance then return nil end
      local found = play(suite, instance, draw, draw:int(1, 12))
      suite:close(instance)
      return found
    end)
    if problem or suite.hung then return problem end
  end
end

-- Nothing to do, an empty selection, Ctrl-C at once.
local function bears_an_empty_run(suite)
  return suite:play(function()
    local instance = suite:set_up()
    if not instance then return nil end
    local story = world.outside(function() return story_of(suite, suite:draw("empty"), 1) end)
    local problem
    for _, call in ipairs({ { "on_run_start", story.run }, { "on_run_gate", story.run },
      { "on_run_end", story.run, story.run.totals } }) do
      if not problem and type(instance.impl[call[1]]) == "function" then
        local args = { n = #call - 1, unpack(call, 2) }
        local outcome = suite:call(instance, call[1], args)
        if not outcome.ok then
          problem = suite:problem(suite:shown(call[1], args) .. ", with no task between,",
            suite:came(outcome), "a run in which nothing happens is one as well")
        end
      end
    end
    suite:close(instance)
    return problem
  end)
end

-- A note is told to all observers: one that says something of it is told that, too.
local function notes_no_notes(suite)
  local instance = suite:set_up()
  if not instance or type(instance.impl.on_note) ~= "function" then return nil end
  local scene, problem = suite:scene(suite:draw("notes")), nil
  if instance.impl.on_run_start then
    suite:call(instance, "on_run_start", { n = 1, scene.run })
  end
  for _, level in ipairs({ "info", "warning", "error" }) do
    local args = { n = 3, level, "what was said", nil }
    local outcome = suite:call(instance, "on_note", args)
    for _, effect in ipairs(outcome.effects) do
      if effect:find("^note: ") then
        problem = problem or suite:problem(suite:shown("on_note", args), "said: " .. effect,
          "a note about each note never ends")
      end
    end
  end
  suite:close(instance)
  return problem
end

local function files_below(dir)
  return world.outside(function()
    local fs, list = require("ggen.core.fs"), {}
    for _, path in ipairs(fs.glob(dir, { "**/*" }) or {}) do list[path] = true end
    return list
  end)
end

local function empty(dir)
  world.outside(function()
    local fs = require("ggen.core.fs")
    for _, entry in ipairs(fs.list(dir) or {}) do
      fs.remove(dir .. "/" .. entry.name, { recursive = true })
    end
  end)
end

local function says_what_it_writes(suite)
  empty(suite.dir)
  return suite:play(function()
    local instance = suite:set_up()
    if not instance then return nil end
    local said = {}
    for _, path in ipairs(type(instance.impl.writes) == "table" and instance.impl.writes or {}) do
      said[tostring(path):gsub("^%./", "")] = true
    end
    play(suite, instance, suite:draw("writes"), 6)
    suite:close(instance)
    for path in require("ggen.sorted").pairs(files_below(suite.dir)) do
      if not said[path] and not path:find("^%.ggen/") then
        return suite:problem("a run", "left the file " .. values.show(path),
          "files that it writes in the project are named in `writes`: they are no inputs of tasks")
      end
    end
  end)
end

M.laws = {
  { name = "bears every run", run = bears_every_run },
  { name = "bears an empty run", run = bears_an_empty_run },
  { name = "says what it writes", run = says_what_it_writes },
  { name = "makes no notes of notes", run = notes_no_notes },
}

return M
