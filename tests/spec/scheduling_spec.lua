-- Schedulers, by runs with a virtual clock: what must hold whatever they decide, and what each of
-- them is for.
-- SPDX-License-Identifier: MIT
local graph = require("ggen.core.graph")
local registry = require("ggen.registry")
local virtual_run = require("ggen.virtual_run")
local workers = require("ggen.workers")

local PLAIN = { "fifo", "critical-path", "shortest-first", "fair", "resource" }
-- Which schedulers `resource` may stand over.
local ORDERS = { "critical-path", "fifo", "fair", "shortest-first" }

-- tasks: list of { needs = indices, after = indices, pool =, spec =, workspace = }.
local function project_of(tasks, pools)
  local g = graph.new()
  for name, size in pairs(pools or {}) do g:pool(name, size) end
  for i, task in ipairs(tasks) do
    g:add("t" .. i, task.pool)
    task.index, task.id, task.spec = i, "t" .. i, task.spec or {}
  end
  for i, task in ipairs(tasks) do
    for _, need in ipairs(task.needs or {}) do g:edge(need, i) end
    for _, need in ipairs(task.after or {}) do g:edge(need, i, "after") end
  end
  assert(g:freeze())
  return {
    graph = g, phases = {},
    task = function(_, id) return tasks[id] end,
    count = function() return #tasks end,
    survey = function()
      local io = {}
      for i, task in ipairs(tasks) do
        if workers.is_io(task) then io[#io + 1] = i end
      end
      return { services = {}, io = io, alone = {} }
    end,
  }
end

-- A history that knows exactly what each task takes.
local function knowing(seconds, bytes)
  local function durations() return seconds, #seconds, 0, bytes or {} end
  return { history = function() return { durations = durations } end }
end

local function plugins_with(scheduler, params)
  local plugins = registry.new({ project_dir = "/nowhere", options = {} })
  if type(scheduler) == "table" then
    plugins._by_kind.scheduler = { { name = "mine", plugin = { kind = "scheduler" },
      impl = scheduler } }
  else
    plugins:use("scheduler." .. scheduler, params)
  end
  return plugins
end

local function simulate(scheduler, tasks, options)
  local project = project_of(tasks, options.pools)
  return virtual_run.run({
    project = project, plan = project.graph:plan(), jobs = options.jobs or 2,
    io_jobs = options.io_jobs,
    plugins = plugins_with(scheduler, options.params), seconds = options.seconds,
    timings = options.timings or knowing(options.seconds, options.bytes), bytes = options.bytes,
    memory = options.memory, fails = options.fails, warn = options.warn,
  })
end

local function order_of(result)
  local ids = {}
  for i, entry in ipairs(result.log) do ids[i] = entry.id end
  return ids
end

describe("a scheduler", function()
  -- One long chain beside many short tasks, which are declared first.
  local function chain_and_short()
    local tasks, seconds = {}, {}
    for i = 1, 20 do tasks[i], seconds[i] = {}, 1 end
    for i = 21, 25 do tasks[i], seconds[i] = { needs = i > 21 and { i - 1 } or nil }, 4 end
    return tasks, seconds
  end

  it("critical-path starts the long chain first", function()
    local tasks, seconds = chain_and_short()
    assert.equal(30, simulate("fifo", tasks, { seconds = seconds }).makespan)
    tasks, seconds = chain_and_short()
    assert.equal(20, simulate("critical-path", tasks, { seconds = seconds }).makespan)
  end)

  it("critical-path is as good as the best of 1,000 random orders", function()
    math.randomseed(5)
    for _ = 1, 5 do
      local seconds = {}
      for i = 1, 25 do seconds[i] = i <= 20 and math.random(1, 3) or math.random(3, 6) end
      local ours = simulate("critical-path", (chain_and_short()), { seconds = seconds }).makespan
      local best = math.huge
      for _ = 1, 1000 do
        local random = { priority = function() return math.random() end }
        best = math.min(best, simulate(random, (chain_and_short()), { seconds = seconds }).makespan)
      end
      assert.is_true(ours <= 1.02 * best, ("%g against %g"):format(ours, best))
    end
  end)

  it("shortest-first starts what ends first", function()
    local result = simulate("shortest-first", { {}, {}, {} }, { seconds = { 3, 1, 2 }, jobs = 1 })
    assert.same({ 2, 3, 1 }, order_of(result))
  end)

  it("fair lets the workspaces take turns", function()
    local tasks, seconds = {}, {}
    for i = 1, 6 do tasks[i], seconds[i] = { workspace = "big" }, 1 end
    for i = 7, 8 do tasks[i], seconds[i] = { workspace = "small" }, 1 end
    local result = simulate("fair", tasks, { seconds = seconds, jobs = 1 })
    assert.same({ 1, 7, 2, 8, 3, 4, 5, 6 }, order_of(result))
  end)

  it("resource keeps the sum of the memory below the limit", function()
    local tasks, seconds, bytes = {}, {}, {}
    for i = 1, 20 do tasks[i], seconds[i], bytes[i] = {}, 1, 100 + 10 * i end
    local result = simulate("resource", tasks, { seconds = seconds, bytes = bytes, jobs = 8,
      memory = 400, params = { reserve = 0 } })
    assert.equal(20, #result.log)
    assert.is_true(result.peak_memory <= 400, tostring(result.peak_memory))
  end)

  it("resource starts what needs more than all, alone", function()
    local spec = { weight = { memory = 900, cpu = 16 } }
    local result = simulate("resource", { {}, { spec = spec }, {} }, { seconds = { 1, 1, 1 },
      memory = 400, params = { reserve = 0 } })
    assert.equal(3, #result.log)
    for _, entry in ipairs(result.log) do
      if entry.id == 2 then
        for _, other in ipairs(result.log) do
          assert.is_true(other == entry or other.finish <= entry.start
            or entry.finish <= other.start)
        end
      end
    end
  end)

  it("resource does not let small tasks overtake a large one for ever", function()
    local tasks, seconds, bytes = { {}, { spec = { weight = { memory = 390 } } } }, { 1, 1 }, { 50,
      390 }
    for i = 3, 100 do tasks[i], seconds[i], bytes[i] = {}, 1 + i % 3 / 10, 50 end
    local result = simulate("resource", tasks, { seconds = seconds, bytes = bytes, memory = 400,
      params = { over = "fifo", reserve = 0, patience = 5 } })
    local place
    for i, entry in ipairs(result.log) do
      if entry.id == 2 then place = i end
    end
    assert.is_true(place <= 10, tostring(place))
  end)

  it("resource starts nothing more while the machine has no memory left", function()
    local tasks, seconds, bytes = {}, {}, {}
    -- They say that they take 10 and take 200.
    for i = 1, 6 do tasks[i], seconds[i], bytes[i] = {}, 1, 200 end
    local result = simulate("resource", tasks, { seconds = seconds, bytes = bytes, jobs = 6,
      timings = knowing(seconds, { 10, 10, 10, 10, 10, 10 }), memory = 1000,
      params = { reserve = 0.3 } })
    assert.equal(6, #result.log)
  end)

  -- A random graph with pools, exclusive names, tasks that want to be alone, and weights.
  local function random_case()
    local tasks, seconds, bytes = {}, {}, {}
    local pools = { link = math.random(1, 2), ["exclusive:db"] = 1 }
    for i = 1, math.random(1, 14) do
      local task = { spec = {}, workspace = "w" .. math.random(3) }
      for j = 1, i - 1 do
        local dice = math.random(9)
        local list = dice == 1 and "needs" or dice == 2 and "after"
        if list then
          task[list] = task[list] or {}
          table.insert(task[list], j)
        end
      end
      local dice = math.random(8)
      if dice == 1 then task.spec.exclusive = true end
      if dice == 2 then task.pool = "link" end
      if dice == 3 then task.pool = "exclusive:db" end
      bytes[i] = math.random(0, 120)
      if math.random(2) == 1 then
        task.spec.weight = { memory = bytes[i], cpu = math.random(0, 3) }
      elseif math.random(3) == 1 then
        task.spec.weight = { io = true }
      end
      tasks[i], seconds[i] = task, math.random(0, 9)
    end
    local fails = {}
    if math.random(4) == 1 then fails[math.random(#tasks)] = true end
    return tasks, { seconds = seconds, bytes = bytes, pools = pools, jobs = math.random(1, 5),
      io_jobs = math.random(2) == 1 and math.random(1, 5) or nil, memory = 200, fails = fails }
  end

  -- A task that takes no time holds its slot at no other moment than its start.
  local function overlap(a, b) return a.start < b.finish and b.start < a.finish end

  local function check(scheduler, tasks, options, result)
    local at = {}
    for _, entry in ipairs(result.log) do
      assert.is_nil(at[entry.id], "a task ran twice")
      at[entry.id] = entry
    end
    assert.equal(#tasks, #result.log + #result.skipped)
    for i, task in ipairs(tasks) do
      for _, list in ipairs({ "needs", "after" }) do
        for _, before in ipairs(task[list] or {}) do
          if at[i] and at[before] then assert.is_true(at[before].finish <= at[i].start, list) end
        end
      end
    end
    for i, entry in ipairs(result.log) do
      local beside, in_pool, memory = 0, 0, options.bytes[entry.id]
      local task = tasks[entry.id]
      local function processors(its)
        return its.spec.weight and its.spec.weight.cpu or workers.is_io(its) and 0 or 1
      end
      local cpu, waits = processors(task), options.io_jobs and workers.is_io(task) or false
      for j, other in ipairs(result.log) do
        -- What started later does not run when this one starts, at whatever time that is.
        if j < i and other.finish > entry.start then
          local its = tasks[other.id]
          if waits == (options.io_jobs and workers.is_io(its) or false) then beside = beside + 1 end
          if its.pool and its.pool == task.pool then in_pool = in_pool + 1 end
          memory = memory + options.bytes[other.id]
          cpu = cpu + processors(its)
        end
        if other ~= entry and task.spec.exclusive then assert.is_false(overlap(entry, other)) end
      end
      assert.is_true(beside < (waits and options.io_jobs or options.jobs))
      if task.pool then assert.is_true(in_pool < options.pools[task.pool]) end
      if scheduler == "resource" and memory > options.bytes[entry.id] then
        assert.is_true(memory <= options.memory, "memory")
        assert.is_true(cpu <= options.jobs, "cpu")
      end
    end
  end

  it("never breaks an edge, a pool, an exclusive name or a budget", function()
    local seed = tonumber(os.getenv("GGEN_SEED")) or 1
    math.randomseed(seed)
    for round = 1, 2000 do
      for _, scheduler in ipairs(PLAIN) do
        local tasks, options = random_case()
        if scheduler == "resource" then
          options.params = { reserve = 0, over = ORDERS[round % #ORDERS + 1] }
        end
        options.warn = function(message) error(message) end
        local ok, problem = pcall(function()
          check(scheduler, tasks, options, simulate(scheduler, tasks, options))
        end)
        if not ok then
          error(("seed %d, round %d, %s%s: %s"):format(seed, round, scheduler,
            options.params and " over " .. options.params.over or "", tostring(problem)))
        end
      end
    end
  end)

  it("orders 100,000 tasks", function()
    for _, scheduler in ipairs(PLAIN) do
      local tasks, seconds = {}, {}
      for i = 1, 100000 do
        tasks[i], seconds[i] = { needs = i > 1000 and { i - 1000 } or nil }, i % 7
        tasks[i].workspace = "w" .. i % 10
      end
      local result = simulate(scheduler, tasks, { seconds = seconds, jobs = 8,
        warn = function(message) error(message) end })
      assert.equal(100000, #result.log)
      -- Nobody leaves a slot empty here: a row of tasks is never what a run waits for.
      assert.is_true(result.makespan <= 299995 / 8 * 1.1, scheduler .. ": " .. result.makespan)
    end
  end)

  it("gives the same log for the same input", function()
    for _, scheduler in ipairs(PLAIN) do
      math.randomseed(3)
      local first = simulate(scheduler, random_case())
      math.randomseed(3)
      assert.same(first.log, simulate(scheduler, random_case()).log)
    end
  end)
end)

describe("a scheduler that fails", function()
  local function warnings_of(impl, tasks)
    local messages = {}
    local seconds = {}
    for i = 1, #tasks do seconds[i] = 1 end
    local result = simulate(impl, tasks, { seconds = seconds, jobs = 1,
      warn = function(message) messages[#messages + 1] = message end })
    assert.equal(#tasks, #result.log)
    return messages, order_of(result)
  end

  local END = " (tasks run in the order of declaration from here on)"

  it("is named once, and the run goes on as with fifo", function()
    local broken = {
      ['plugin "mine", method priority: tests/spec/scheduling_spec.lua:1: no'] = {
        priority = function() error("tests/spec/scheduling_spec.lua:1: no", 0) end },
      ['plugin "mine", method priority: a number expected, got nan'] = {
        priority = function() return 0 / 0 end },
      ['plugin "mine", method priority: a number expected, got nil'] = {
        priority = function() end },
      ['plugin "mine", method priorities: a table expected, got 7'] = {
        priorities = function() return 7 end },
      ['plugin "mine", method priorities: a number expected for task 2, got x'] = {
        priorities = function() return { 3, "x", 5 } end },
      ['plugin "mine", method admit: a boolean expected, got yes'] = {
        admit = function() return "yes" end },
      ['plugin "mine", method admit: it admits none of the tasks that are ready, and nothing runs']
        = { admit = function() return false end },
      ['plugin "mine", method observe: gone'] = { observe = function() error("gone", 0) end },
    }
    for message, impl in pairs(broken) do
      local messages, order = warnings_of(impl, { {}, {}, {} })
      assert.same({ (message:gsub("got nan", "got " .. tostring(0 / 0))) .. END }, messages)
      assert.same({ 1, 2, 3 }, order)
    end
  end)

  it("goes back to the order of declaration for those that wait", function()
    local calls = 0
    local impl = { priority = function(_, task)
      calls = calls + 1
      if calls > 3 then error("later", 0) end
      return task.index
    end }
    local messages, order = warnings_of(impl, { {}, {}, {}, { needs = { 3 } } })
    assert.equal(1, #messages)
    assert.same({ 3, 1, 2, 4 }, order)
  end)
end)
