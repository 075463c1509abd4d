-- ggen-lua run: what the command line says becomes a run.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local suggest = require("ggen.suggest")
local units = require("ggen.units")

local M = {
  summary = "Run tasks, and first what they need",
  description = "Runs tasks, and first what they need. Without names: the pipeline's default"
    .. " tasks, or all of them.",
}

function M.words() return { tag = {}, only = {}, exclude = {} } end

function M.configure(parser)
  parser:argument("tasks", "Tasks, phases or globs of names: build, api#test, 'test:*'."):args("*")
    :argname("TASK")
  parser:option("-j --jobs", "How many tasks run at once (default: `jobs` of the pipeline, else the"
    .. " number of processors, and beside these tasks that say that they wait for a disk or a"
    .. " network)."):argname("N"):convert(units.jobs)
  parser:flag("--no-parallel", "One task at a time; the same as -j1.")
  parser:mutex(
    parser:flag("-k --keep-going", "After a failure go on with all that does not depend on it."),
    parser:flag("--fail-fast", "After a failure start nothing new (default)."))
  parser:flag("-n --dry-run", "Show what would run, in which order, and run nothing.")
  require("ggen.select").configure(parser)
  parser:option("-o --output",
    "What to show of the tasks' output: stream (as it comes, with the task's name), "
    .. "grouped (whole, when a task ends), errors (of failed tasks), none."):argname("MODE")
    :choices({ "stream", "grouped", "errors", "none" })
  parser:option("--cache", "What to do with stored results: rw (serve and store, default), r (serve"
    .. " only), w (store only), off."):argname("MODE"):choices({ "rw", "r", "w", "off" })
  parser:flag("-f --force", "Run everything that is selected, and store the results; the same as"
    .. " --cache w.")
  parser:flag("--no-cache", "Run everything that is selected, and store nothing; the same as"
    .. " --cache off.")
  parser:flag("--cache-clear", "Remove all stored results of this machine first. A task whose"
    .. " outputs are in place stays up to date.")
  parser:flag("--cache-stats", "At the end print hits, misses, bytes and seconds saved of this"
    .. " run.")
  parser:flag("--json", "Events as JSON, one a line, instead of text.")
  parser:option("--timeout", "End the whole run after this time (exit code 124)."):argname("TIME")
    :convert(function(value)
      local seconds, message = units.duration(tonumber(value) or value)
      if seconds == 0 then seconds, message = nil, "must be above zero" end
      return seconds, message and "--timeout: " .. message
    end)
  parser:option("--trace", "Write a Chrome trace of the run (for Perfetto)."):argname("FILE")
  parser:option("--memory", "What the tasks that run at once may take of the memory, for schedulers"
    .. " that go by it (default: what the machine has, or a limit of the control group).")
    :argname("SIZE"):convert(function(value)
      local bytes, message = units.size(value)
      if not bytes then return nil, "--memory: " .. message end
      return bytes
    end)
  parser:option("--jobserver", "How the slots of -j are shared with make, cargo and their kind in"
    .. " tasks: pipe (default), fifo (GNU make 4.4 and later), off."):argname("STYLE")
    :choices({ "pipe", "fifo", "off" })
  parser:flag("--performance-track", "Record this run (.ggen/runs, .ggen/history.jsonl) even where"
    .. " the pipeline turns that off.")
  parser:flag("--performance-report", "At the end print where the time of this run went, as `perf"
    .. " report` does; records it as well.")
  parser:flag("--performance-history", "Print the last runs, as `perf history` does, and run"
    .. " nothing.")
  parser:flag("--fast", "The quicker form of the tasks that have one (fast = { ... }).")
  parser:option("--compat", "How the hooks of a make.toml run: default (once), or strict (as in the"
    .. " tool that the format comes from, to the letter)."):argname("MODE")
    :choices({ "default", "strict" })
  parser:flag("-y --yes", "Answer every question with yes.")
end

-- What the run may do with results: nil for nothing at all.
local function cache_options(args)
  local mode = args.no_cache and "off" or args.force and "w" or args.cache or "rw"
  if mode == "off" then return nil end
  return { read = mode:find("r") ~= nil, write = mode:find("w") ~= nil,
    stats = args.cache_stats or false }
end

-- Empties the cache that the run would use.
local function clear_cache(plugins)
  local core, directory = require("ggen.core.cache"), nil
  for _, instance in ipairs(plugins:all("store")) do
    if instance.impl.machine then directory = directory or instance.impl.directory end
  end
  local cache, message, kind = core.open(directory or fault.check(core.default_path()))
  if not cache then
    if kind ~= "not_found" then fault.raise("--cache-clear: " .. message) end
    return
  end
  local cleared
  cleared, message = require("ggen.async").await(function(resume) return cache:clear(resume) end)
  if not cleared then fault.raise("--cache-clear: " .. message) end
end

-- Better now than when all is done.
local function check_trace(path)
  local fs = require("ggen.core.fs")
  local info = fs.stat(path)
  if info and info.type == "other" then return end -- a pipe would wait for its reader
  local file, message = io.open(path, "ab")
  if not file then fault.raise(("--trace: %s"):format(message)) end
  file:close()
  if not info then os.remove(path) end
end

-- What the tasks did counts, but who reads of it has not got all.
local function check_shown(screen, code)
  local reason = screen:broken()
  if not reason then return code end
  if not reason:find("^Broken pipe") then
    io.stderr:write("ggen-lua: standard output: ", reason, "\n")
  end
  return code == 0 and 1 or code
end

-- How many tasks run at once, and who else has to do with these slots: the make that started us,
-- or else the programs of our tasks.
local function slots_of(args, project)
  local own = require("ggen.workers").of(args, project)
  if args.jobserver == "off" or args.dry_run then return own end
  local makeflags = os.getenv("MAKEFLAGS")
  local flags = makeflags and require("ggen.jobserver").parse(makeflags)
  if flags and flags.slots then
    local shared, message = require("ggen.jobserver").join(flags)
    if shared then
      -- What runs beside ours is not ours to say, and neither is how much of it waits.
      local said = args.no_parallel or args.jobs
      return { jobs = said and own.jobs or shared.width or own.jobs }, shared
    end
    io.stderr:write("ggen-lua: ", message, "; it runs jobs of its own\n")
  end
  return own, nil, args.jobserver or "pipe"
end

-- A make that runs nothing starts us all the same, from a rule that begins with +.
local function obey_make(args)
  local makeflags = os.getenv("MAKEFLAGS")
  if not makeflags or args.dry_run then return end
  local flags = require("ggen.jobserver").parse(makeflags)
  if flags.refused then
    fault.raise(("make -%s runs nothing, and ggen-lua has nothing like it: no task was run"
      .. " (MAKEFLAGS= in front of ggen-lua in the rule: they run whatever make was told)"):format(
      flags.refused))
  end
  args.dry_run = flags.dry_run
end

-- With compat = "strict", what happens instead of the plan of the tasks.
local function script_of(args, project)
  local lifecycle = project.loaded.root.lifecycle
  if args.compat == "strict" and (not lifecycle or lifecycle.imported) then
    fault.raise("--compat strict is for a make.toml without a pipeline.lua beside it")
  end
  if not lifecycle or lifecycle.compat ~= "strict" then return nil end
  local strict = require("ggen.lifecycle.strict")
  if not strict.applies(project) then return nil end
  local names = args.tasks
  if require("ggen.select").chooses(args) then
    fault.raise("--only, --exclude, --failed, --since and --shard do nothing with"
      .. ' compat = "strict": name the phases')
  end
  if #names == 0 then
    names = {}
    for i, index in ipairs(require("ggen.select").tasks(project, {})) do
      names[i] = project:task(index).name
    end
  end
  return strict.script(project, names)
end

local function options_of(args, project, selection, script)
  local slots, jobserver, share = slots_of(args, project)
  local jobs = slots.jobs
  -- One task alone needs neither its name before each line nor to wait for its own end.
  local graph = require("ggen.plan").freeze(project)
  local single = #selection == 1 and #graph:needs(selection[1]) == 0
  if script then single = #script.tasks == 1 end
  local loaded = project.loaded
  -- The phases of one make.toml run one after another, and so may its workspaces.
  local in_a_row = loaded.root.lifecycle
    and require("ggen.lifecycle.order").in_turn(project, selection) ~= false
  if script then in_a_row = not script.parallel end
  return {
    jobs = jobs, io_jobs = slots.io,
    keep_going = args.keep_going or script and script.parallel or false,
    dry_run = args.dry_run or false,
    timeout = args.timeout, verbose = args.verbose or false, yes = args.yes or false,
    cache = not script and project:survey().cached and cache_options(args) or nil,
    jobserver = jobserver, share = share, memory = args.memory,
    output = args.output or (single or jobs == 1 or in_a_row) and "stream" or "grouped",
    single = single, script = script, argv = args.argv,
    track = args.performance_track or args.performance_report or nil,
  }
end

-- Who chose a plugin for hooks has those of a make.toml run by it as well.
local function let_hooks_run_together(plugins, args, options)
  options.together = plugins:get("hooks") ~= nil and not args.dry_run
  if options.together and not args.output and not options.single and options.jobs > 1 then
    options.output = "grouped"
  end
end

-- The observers that show a run; those of the pipeline come on top.
local function add_display(plugins, args, host)
  local display
  if args.json then
    display = { "observer.json" }
  elseif os.getenv("GITHUB_ACTIONS") == "true" then
    display = { "observer.github" }
  elseif host.screen:is_tty() and os.getenv("TERM") ~= "dumb" then
    display = { "observer.plain", "observer.status" }
  else
    display = { "observer.plain" }
  end
  local used = {}
  for _, instance in ipairs(plugins:all("observer")) do used[instance.plugin.name] = true end
  for _, name in ipairs(display) do
    if args.json or not used[name:match("%.(.*)$")] then plugins:use(name, nil, nil, host) end
  end
end

-- What the command line selects. While git looks at the files, so does the cache.
local function choose(project, args)
  local look, finish
  local cached = args.since and project:survey().cached and cache_options(args)
  if cached and cached.read then look, finish = require("ggen.first_look").begin(project) end
  local ok, selection, choice = pcall(require("ggen.select").of, project, args)
  if finish then finish() end
  return ok, selection, choice, look
end

-- Prints what the run itself has just recorded.
local function report_performance(run, args, screen)
  local from = require("ggen.perf.source").open(args)
  local text = require("ggen.perf.report").of_run(from, run,
    require("ggen.style").new(cli.use_color(args.color, args.json and 2 or 1)))
  screen:write("\n" .. text)
end

---@async
---@param args table
---@return integer code
function M.run(args)
  if args.performance_history then
    if args.tasks[1] then
      fault.raise(("run --performance-history runs nothing: %q has no meaning beside it"):format(
        args.tasks[1]))
    end
    return require("ggen.perf.trend").run(require("ggen.perf.source").open(args),
      { json = args.json, style = require("ggen.style").new(false) })
  end
  obey_make(args)
  local trace = require("ggen.core.trace")
  if args.trace then
    check_trace(args.trace)
    trace.enable()
  end
  local opened = trace.now()
  if args.shorthand and not require("ggen.locate").find(cli.directory(args)) then
    fault.raise(("unknown command %q%s, and no pipeline.lua or make.toml here that has such a"
      .. " task"):format(
      args.shorthand, suggest.hint(args.shorthand, cli.COMMANDS)))
  end
  local session = require("ggen.session")
  local project
  local other = args.compat or args.fast
  if other then
    -- The file is read in another way, which is not remembered.
    local loading = require("ggen.loading")
    loading.compat, loading.fast = args.compat, args.fast
    project = session.open(args, { remember = false })
  else
    project = session.open(args)
  end
  local script = script_of(args, project)
  local ok, selection, choice, look = true, {}, nil, nil
  if not script then ok, selection, choice, look = choose(project, args) end
  if not ok then
    -- One unknown word may as well have been meant as a command.
    if args.shorthand and fault.is(selection) and selection.message:find("^unknown task") then
      local names = project:names()
      for _, name in ipairs(cli.COMMANDS) do names[#names + 1] = name end
      selection.message = ("unknown command or task %q%s"):format(args.shorthand,
        suggest.hint(args.shorthand, names))
    end
    error(selection, 0)
  end
  local options = options_of(args, project, selection, script)
  options.choice = choice
  if options.cache then options.cache.look = look end
  local host = session.host(project, args, options)
  local screen = host.screen
  -- With --json the standard output is for events alone: what other observers show goes beside it.
  local beside = args.json
    and setmetatable({ screen = require("ggen.core.output").screen(2) },
      { __index = host, __name = "ggen.Host" }) or host
  local plugins = session.plugins(project, beside)
  let_hooks_run_together(plugins, args, options)
  require("ggen.defaults").add(plugins, options, project)
  if args.cache_clear and not args.dry_run then clear_cache(plugins) end
  add_display(plugins, args, host)
  if args.trace and options.cache and require("ggen.trace_files").add(project.dir, args.trace) then
    require("ggen.definition").renew(project, plugins)
  end
  local run = require("ggen.run").new(project, selection, options, plugins)
  if run.rows then require("ggen.lifecycle.admission").ask(run) end
  options.machine = require("ggen.recording").machine(project)
  if not other then session.save(args, project) end
  if trace.enabled() then trace.span("host", "load " .. project.loaded.root.name, 0, opened,
    trace.now()) end
  local code = run:execute()
  if args.performance_report and not options.dry_run then
    report_performance(run, args, beside.screen)
  end
  if options.jobserver then options.jobserver:close() end
  for _, message in ipairs(plugins:close()) do io.stderr:write("ggen-lua: ", message, "\n") end
  if args.verbose then require("ggen.budget").say_rest() end
  screen:flush()
  beside.screen:flush()
  if args.trace then
    local written, message = trace.write(args.trace)
    if not written then fault.raise(("--trace: %s"):format(message)) end
  end
  code = check_shown(screen, code)
  -- The second Ctrl-C waits for nobody: not for a container engine that removes something, either.
  if run.waits.killed then
    io.stdout:flush()
    require("ggen.core.watchdog").exit(code)
  end
  return code
end

return M
