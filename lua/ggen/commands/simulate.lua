-- ggen-lua simulate: the accesses of past runs, replayed against cache policies, and their tasks,
-- replayed under schedulers.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

local M = {
  summary = "Replay past runs against cache policies or schedulers",
  description = "With --cache: replays the accesses that the cache's journal recorded against each"
    .. " policy, and prints what each would have served and saved. With --sched: replays the tasks"
    .. " of the pipeline, with the times that they took in their last runs, under each scheduler.",
}

local DEFAULT_POLICIES = "lru,size,cost,ttl,none"

function M.configure(parser)
  parser:option("--cache", "Policies to compare, with commas between: names of cache plugins, or"
    .. " files that begin with ./."):argname("POLICIES")
  parser:option("--sched", "Schedulers to compare, with commas between: names of scheduler plugins,"
    .. " or files that begin with ./."):argname("SCHEDULERS")
  parser:argument("tasks", "With --sched: tasks to run, as `run` takes them."):args("*")
    :argname("TASK")
  parser:option("-j --jobs", "With --sched: how many tasks run at once (default: as for run).")
    :argname("N"):convert(units.jobs)
  parser:option("--memory", "With --sched: the memory of the machine (default: enough).")
    :argname("SIZE"):convert(function(value)
      local bytes, message = units.size(value)
      if not bytes then return nil, "--memory: " .. message end
      return bytes
    end)
  parser:option("--seed", "With --sched: a task takes one of its last times, drawn by this number,"
    .. " instead of what is expected of it."):argname("N"):convert(units.whole("--seed", 0))
  parser:flag("--log", "With --sched: print when each task starts and ends.")
  parser:option("--limit", "Size of the cache, instead of each policy's own limit.")
    :argname("SIZE"):convert(function(value)
      local bytes, message = units.size(value)
      if not bytes then return nil, "--limit: " .. message end
      return bytes
    end)
  parser:flag("--json", "Print the results as JSON.")
end

-- "lru" -> "cache.lru"; files and full names stay.
local function plugin_name(word)
  if word:find("/", 1, true) or word:find(".", 1, true) then return word end
  return "cache." .. word
end

local function policies(args, dir)
  local registry = require("ggen.registry")
  local list = {}
  for word in (args.cache or DEFAULT_POLICIES):gmatch("[^,%s]+") do
    local plugins = registry.new({ options = {},
      project_dir = require("ggen.locate").find(dir) or dir })
    local instance = plugins:use(plugin_name(word), {}, { dir = dir })
    if instance.plugin.kind ~= "cache" then
      fault.raise(("plugin %q is of kind %s, not cache"):format(word, instance.plugin.kind))
    end
    instance.name = word
    list[#list + 1] = instance
  end
  if #list == 0 then fault.raise("--cache: name at least one policy") end
  return list
end

local function read_accesses()
  local async = require("ggen.async")
  local core = require("ggen.core.cache")
  local path = fault.check(core.default_path())
  local cache, message, kind = core.open(path)
  if not cache and kind == "not_found" then
    return { count = 0, keys = 0, key = {}, time = {}, bytes = {}, duration = {}, task = {} }
  end
  if not cache then fault.raise(message) end
  return fault.check(async.await(function(resume) return cache:accesses(resume) end))
end

local function print_table(accesses, results)
  if accesses.count == 0 then
    io.write("no accesses are recorded yet: run something first\n")
    return
  end
  io.write(("%d access%s to %d result%s\n"):format(accesses.count,
    accesses.count == 1 and "" or "es", accesses.keys, accesses.keys == 1 and "" or "s"))
  local rows = { { "policy", "limit", "hit rate", "hits", "served", "saved", "evicted", "peak" } }
  for _, result in ipairs(results) do
    rows[#rows + 1] = {
      result.name, result.limit and units.format_size(result.limit) or "none",
      ("%.1f %%"):format(result.hit_rate * 100), tostring(result.hits),
      units.format_size(result.bytes_served), units.format_duration(result.saved),
      tostring(result.evictions), units.format_size(result.peak_bytes),
    }
  end
  io.write(require("ggen.columns").render(rows, "  "))
end

local function simulate_caches(args)
  local simulate = require("ggen.simulate")
  local instances = policies(args, cli.directory(args))
  local accesses = read_accesses()
  local results = {}
  for i, instance in ipairs(instances) do
    local result, message = simulate.run(accesses, instance, args.limit)
    if not result then fault.raise(message) end
    if result.warning then io.stderr:write("warning: ", result.warning, "\n") end
    results[i] = result
  end
  if args.json then
    local json = require("ggen.core.json")
    io.write(json.encode({ accesses = accesses.count, results = accesses.keys,
      policies = json.array(results) }, { indent = 2, invalid_utf8 = "replace" }), "\n")
  else
    print_table(accesses, results)
  end
  return 0
end

local function simulate_schedulers(args)
  local simulate, report = require("ggen.simulate_schedule"), require("ggen.schedule_report")
  local project = require("ggen.session").open(args)
  local select = require("ggen.select")
  -- Without names, all that there is to replay.
  local function all(whole)
    local phases = select.phases(whole)
    return phases and #phases > 0 and phases or nil
  end
  local work = simulate.work(project, select.tasks(project, args.tasks, nil, all), args.seed)
  local slots = require("ggen.workers").of(args, project)
  local jobs = slots.jobs
  local results = {}
  for word in args.sched:gmatch("[^,%s]+") do
    local result = simulate.run(work, word, { jobs = jobs, io_jobs = slots.io, memory = args.memory,
      dir = cli.directory(args) })
    for _, warning in ipairs(result.warnings) do io.stderr:write("warning: ", warning, "\n") end
    results[#results + 1] = result
  end
  if #results == 0 then fault.raise("--sched: name at least one scheduler") end
  if args.json then
    io.write(report.json(work, results, jobs))
  elseif work.known == 0 then
    io.write("none of these tasks has run yet: run something first\n")
  else
    local most = jobs + (#project:survey().io > 0 and slots.io or 0)
    io.write(report.table(work, results, jobs, most))
    for _, result in ipairs(args.log and results or {}) do io.write(report.log(work, result)) end
  end
  return 0
end

---@async
---@param args table
---@return integer
function M.run(args)
  if args.sched then
    if args.cache or args.limit then
      fault.raise("--cache and --sched are different questions: ask one at a time")
    end
    return simulate_schedulers(args)
  end
  if #args.tasks > 0 then
    fault.raise(("tasks go with --sched: ggen-lua simulate --sched fifo,critical-path %s"):format(
      args.tasks[1]))
  end
  return simulate_caches(args)
end

return M
