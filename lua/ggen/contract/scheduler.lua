-- The contract of schedulers: numbers for tasks, an answer whether one may start, and runs that
-- come to their end whatever they decide.
-- SPDX-License-Identifier: MIT
local graphs = require("ggen.contract.graphs")
local values = require("ggen.contract.values")
local virtual_run = require("ggen.virtual_run")

local METHODS = { "durations", "remaining", "expected", "memory", "workspace", "longest_refused" }

local M = { order = { "priorities", "priority", "admit", "observe" } }

function M.scene(suite, draw, size)
  local made = graphs.draw(draw, suite.dir, size == "large" and 300 or draw:int(1, 12))
  local moment = draw:int(1, 1e6)
  local view = graphs.view(made, draw, function() return moment end)
  return { made = made, view = view, task = made.project:task(draw:int(1, made.project:count())) }
end

function M.break_scene(scene, our_world)
  local view = scene.view
  scene.view = graphs.broken("ggen.View", { jobs = view.jobs, running = view.running,
    now = view.now, machine = view.machine }, METHODS, our_world)
end

function M.result(draw)
  local failed = draw:once_in(5)
  return { status = failed and "failed" or "ok", code = failed and 1 or 0, attempts = 1,
    duration = draw:int(0, 9000) / 1000, cache = draw:pick({ "miss", "fresh", "restored" }) }
end

M.calls = {
  priorities = function(scene) return { scene.view } end,
  priority = function(scene) return { scene.task, scene.view } end,
  admit = function(scene) return { scene.task, scene.view } end,
  observe = function(scene) return { scene.task, M.result(scene.draw) } end,
}

local function is_number(value) return type(value) == "number" and value == value end

M.answers = {
  priorities = function(results, _, scene)
    local list = results[1]
    if type(list) ~= "table" then return "a list of numbers by the index of the task" end
    for key in pairs(list) do
      if type(key) ~= "number" or key < 1 or key > scene.made.project:count() or key % 1 ~= 0 then
        return ("numbers by the index of the task, and %s is none"):format(values.show(key))
      end
    end
    for i = 1, scene.made.project:count() do
      if list[i] ~= nil and not is_number(list[i]) then
        return ("a number for each task, nil counts as 0; [%d] is none"):format(i)
      end
    end
  end,
  priority = function(results)
    if not is_number(results[1]) then return "a number: the highest starts first" end
  end,
  admit = function(results, _, scene)
    if type(results[1]) ~= "boolean" then return "true or false" end
    if results[1] == false and #scene.view.running == 0 then
      return "when nothing runs, something has to be admitted"
    end
  end,
}

-- What the view says is what a scheduler decides by: a failure of it is one of the scheduler.
M.at_once = { priorities = "the method raises", priority = "the method raises",
  admit = "the method raises" }

-- A run of a generated graph, as the host plays it.
local function play(suite, draw, options)
  local made = graphs.draw(draw, suite.dir, options and options.tasks or draw:int(1, 16))
  local instance = suite:set_up_otherwise(draw)
  if not instance then return nil end
  local warnings = {}
  local ok, result = pcall(virtual_run.run, {
    project = made.project, plan = made.project.graph:plan(),
    plugins = suite:registry(instance, made.project), timings = graphs.timings(made),
    jobs = made.jobs, io_jobs = draw:once_in(3) and draw:int(1, 3) or nil, seconds = made.seconds,
    bytes = made.bytes, memory = 2 ^ 31, fails = made.fails,
    warn = function(message) warnings[#warnings + 1] = message end,
  })
  suite:close(instance)
  if not ok then warnings[#warnings + 1] = tostring(result) end
  return ok and result or { log = {}, skipped = {} }, warnings, made
end

function M.schedule(suite, draw)
  local result, warnings = play(suite, draw)
  local lines = { table.concat(warnings or {}, "\n") }
  for i, entry in ipairs(result and result.log or {}) do
    lines[i + 1] = ("task %d from %.6f to %.6f"):format(entry.id, entry.start, entry.finish)
  end
  return table.concat(lines, "\n")
end

local RUNS = 200

-- Plays runs until `look` finds something wrong in one.
local function in_runs(look)
  return function(suite)
    for number = 1, math.min(RUNS, 20 + suite.schedules) do
      local problem = suite:play(function()
        local result, warnings, made = play(suite, suite:draw("laws", number))
        return not suite.hung and result and look(suite, result, warnings, made, number) or nil
      end)
      if problem or suite.hung then return problem end
    end
  end
end

local function run_of(made)
  return ("a run of %d tasks with -j%d"):format(made.project:count(), made.jobs)
end

local function never_starves(suite, result, warnings, made, number)
  if warnings[1] and warnings[1]:find("admits none", 1, true) then
    return suite:problem(run_of(made), "came to a halt: " .. warnings[1],
      "when nothing runs, something has to be admitted", number)
  end
  local seen = #result.log + #result.skipped
  if not warnings[1] and seen ~= made.project:count() then
    return suite:problem(run_of(made), ("ended with %d tasks that never had a turn"):format(
      made.project:count() - seen), "each task that is ready has its turn in the end", number)
  end
end

local function keeps_working(suite, _, warnings, made, number)
  if warnings[1] and not warnings[1]:find("admits none", 1, true) then
    return suite:problem(run_of(made), "left the scheduler out: " .. warnings[1],
      "a scheduler answers for every task of a run, to its end", number)
  end
end

M.laws = {
  { name = "never starves", run = in_runs(never_starves) },
  { name = "runs to the end", run = in_runs(keeps_working) },
}

return M
