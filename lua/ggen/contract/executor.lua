-- The contract of executors: a task's steps in their order until one fails, with a result that says
-- how it went. What they start are processes of the suite's world, which run nothing.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local context = require("ggen.context")
local graphs = require("ggen.contract.graphs")
local registry = require("ggen.registry")
local values = require("ggen.contract.values")
local waits = require("ggen.waits")

local M = { order = { "accepts", "check", "run" }, needs = { "run" } }

-- What of a run a task's context asks for.
local function run_of(suite)
  local our_world = suite.world
  local sink = require("ggen.core.output").callback(function(stream, bytes)
    our_world:did(("%s of the task: %s"):format(stream, bytes))
  end)
  return { options = { jobs = 2 }, waits = waits.new(), project = suite.project,
    account = { sink_of = function() return sink end }, handler = tostring,
    events = { note = function(_, level, text)
      our_world:did(("note: %s: %s"):format(level, text))
    end } }
end

-- Steps whose commands can be told apart, whatever they are wrapped in.
local function steps_of(draw)
  local steps = {}
  for i = 1, draw:int(1, 4) do
    steps[i] = draw:once_in(3) and { sh = "step-" .. i .. " && true" }
      or { "step-" .. i, draw:word() }
  end
  return steps
end

local function task_of(suite, draw, index)
  local task = graphs.task(draw, index, suite.dir)
  task.spec.run, task.spec.container = steps_of(draw), draw:once_in(6) and "localhost/bb:1" or nil
  return task
end

function M.scene(suite, draw)
  return { task = task_of(suite, draw, draw:int(1, 20)), run = run_of(suite) }
end

M.calls = {
  accepts = function(scene) return { scene.task } end,
  check = function(scene) return { { scene.task } } end,
  run = function(scene) return { scene.task, context.new(scene.run, scene.task) } end,
}

local function code_of(result)
  local code = type(result) == "table" and result.code
  return type(code) == "number" and code >= 0 and code % 1 == 0 and code or nil
end

M.answers = {
  accepts = function(results)
    if type(results[1]) ~= "boolean" then return "true or false" end
  end,
  check = function(results)
    if results[1] ~= nil and type(results[1]) ~= "string" then
      return "nothing, or what is missing as a text"
    end
  end,
  run = function(results)
    if not code_of(results[1]) then return "a result with a code (a whole number): { code = 0 }" end
  end,
}

function M.fails(results, method)
  return method == "run" and type(results[1]) == "table" and results[1].code ~= 0
end

M.at_once = { run = "the method raises, or its result has a code that is not 0 and a message" }

-- Several tasks at once.
function M.schedule(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local run, calls, log = run_of(suite), {}, {}
  suite.world.process_answer = function()
    return { code = draw:once_in(5) and draw:int(1, 3) or 0, seconds = draw:int(1, 900) / 100 }
  end
  for i = 1, draw:int(1, 4) do
    local task = task_of(suite, draw, i)
    calls[i] = function()
      local ok, result = registry.call(instance, "run", task, context.new(run, task))
      log[#log + 1] = ("%s at %.6f: %s %s"):format(task.id, suite.world:monotonic(), tostring(ok),
        values.text(result))
    end
  end
  async.all(calls)
  suite:close(instance)
  return table.concat(log, "\n") .. "\n" .. table.concat(suite.world.effects, "\n")
end

-- Laws ------------------------------------------------------------------------------------------

local ROUNDS = 20

-- Which of the steps of a task were begun, in order.
local function begun(effects)
  local list = {}
  for _, effect in ipairs(effects) do
    local step = effect:match("^started .-step%-(%d+)")
    if step then list[#list + 1] = tonumber(step) end
  end
  return list
end

-- A run of a task whose step number `bad` ends with a code; nil: all go well.
local function run_task(suite, draw, bad, code)
  local instance = suite:set_up()
  if not instance then return nil end
  local scene = suite:scene(draw)
  scene.task.spec.container, scene.task.spec.timeout = nil, nil
  if bad then bad = math.min(bad, #scene.task.spec.run) end
  suite.world.process_answer = function(options)
    local command = options.shell or table.concat(options.argv or {}, " ")
    local is_bad = bad and command:find("step-" .. bad, 1, true)
    return { code = is_bad and code or 0, seconds = 0.5 }
  end
  local args = M.calls.run(scene)
  args.n = 2
  local outcome = suite:call(instance, "run", args)
  suite.world.process_answer = nil
  suite:close(instance)
  return outcome, ("%s, of which step %s"):format(suite:shown("run", args), tostring(bad)),
    begun(outcome.effects), scene.task, bad
end

local function in_rounds(fn)
  return function(suite)
    for round = 1, ROUNDS do
      local problem = fn(suite, suite:draw("laws", round))
      if problem or suite.hung then return problem end
    end
  end
end

local function fails_with_a_step(suite, draw)
  local code = draw:int(1, 120)
  local outcome, called, steps = run_task(suite, draw, draw:int(1, 4), code)
  if not outcome or not outcome.ok or #steps == 0 then return nil end
  if code_of(outcome.results[1]) == 0 then
    return suite:problem(("%s ended with %d"):format(called, code), suite:came(outcome),
      "the result of a task is that of the step that failed")
  end
end

local function stops_at_a_failure(suite, draw)
  local outcome, called, steps, _, bad = run_task(suite, draw, draw:int(1, 4), 3)
  if not outcome then return nil end
  for _, step in ipairs(steps) do
    if step > bad then
      return suite:problem(called .. " ended with 3", ("began step %d after it"):format(step),
        "the steps run in their order, until one fails")
    end
  end
end

local function runs_all_steps(suite, draw)
  local outcome, called, steps, task = run_task(suite, draw, nil, 0)
  if not outcome or not outcome.ok then return nil end
  local result = outcome.results[1]
  if code_of(result) == 0 and #outcome.effects == 0 and not result.dry_run then
    return suite:problem((called:gsub(", of which.*", "")), suite:came(outcome)
      .. ", and nothing was begun, asked or written",
      "a task that says 0 has run, or says dry_run = true")
  end
  if #steps == 0 then return nil end -- elsewhere, perhaps
  local in_order = #steps == #task.spec.run
  for i, step in ipairs(steps) do in_order = in_order and step == i end
  if code_of(outcome.results[1]) ~= 0 or not in_order then
    return suite:problem(("%s fails"):format((called:gsub("step nil", "none"))),
      ("%s, and began the steps %s"):format(suite:came(outcome), table.concat(steps, ", ")),
      ("all %d steps run once, in their order, and the result says 0"):format(#task.spec.run))
  end
end

-- Tasks whose commands end with the number of the task, and take turns.
local function run_together(suite, draw, instance)
  local run, calls, codes, begun_by = run_of(suite), {}, {}, {}
  suite.world.process_answer = function(options)
    local command = options.shell or table.concat(options.argv or {}, " ")
    local number = tonumber(command:match("of%-(%d+)"))
    if number then begun_by[number] = true end
    return { code = number and command:find("last", 1, true) and number or 0,
      seconds = draw:int(1, 90) / 10 }
  end
  for i = 1, 3 do
    local task = task_of(suite, draw, i)
    task.spec.container, task.spec.timeout = nil, nil
    task.spec.run = { { "step-1", "of-" .. i }, { "step-2", "of-" .. i, "last" } }
    calls[i] = function()
      local ok, result = registry.call(instance, "run", task, context.new(run, task))
      codes[i] = ok and code_of(result)
    end
  end
  async.all(calls)
  return codes, begun_by
end

local function keeps_tasks_apart(suite, draw)
  local instance = suite:set_up()
  if not instance then return nil end
  local codes, begun_by
  suite:play(function() codes, begun_by = run_together(suite, draw, instance) end)
  suite:close(instance)
  for i = 1, 3 do
    if begun_by[i] and codes[i] ~= i and begun_by[codes[i]] then
      local called = "run, for three tasks at the same time, of which task %d ended with %d,"
      return suite:problem(called:format(i, i), ("returned { code = %d }"):format(codes[i]),
        "it is called for several tasks at the same time: each has its own result")
    end
  end
end

-- Ctrl-C, or the end of the run: whoever waits is cancelled.
local function ends_when_cancelled(suite, draw)
  local instance = suite:set_up()
  if not instance then return nil end
  local scene = suite:scene(draw)
  local args, ended = M.calls.run(scene), false
  args.n = 2
  local first = #suite.world.effects + 1
  local thread = async.run(function()
    registry.call(instance, "run", unpack(args, 1, 2))
  end, function()
    ended = true
    suite.world:wake()
  end)
  if ended then return nil end -- it waits for nothing
  local before = #suite.world.effects
  thread:cancel()
  suite.world:run_until(function() return ended and suite.world:live() == 0 end)
  local after = {}
  for i = before + 1, #suite.world.effects do after[#after + 1] = suite.world.effects[i] end
  local problem
  local called = suite:shown("run", args) .. ", cancelled while a step ran,"
  if not ended then
    problem = suite:problem(called, "goes on", "what is cancelled ends")
  elseif begun(after)[1] then
    problem = suite:problem(called, ("began step %d"):format(begun(after)[1]),
      "nothing new begins after it: a pcall that sees ggen.async.CANCELLED raises it again")
  elseif suite.world:live() > 0 then
    problem = suite:problem(called, "left a process running (" .. suite.world.effects[first] .. ")",
      "what it started ends with it")
  end
  suite:close(instance)
  return problem
end

M.laws = {
  { name = "fails with a step", run = in_rounds(fails_with_a_step) },
  { name = "stops at a failure", run = in_rounds(stops_at_a_failure) },
  { name = "runs all steps", run = in_rounds(runs_all_steps) },
  { name = "keeps tasks apart", run = in_rounds(keeps_tasks_apart) },
  { name = "ends when cancelled", run = in_rounds(ends_when_cancelled) },
}

return M
