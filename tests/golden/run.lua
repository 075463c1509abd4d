-- Runs the golden cases: the real binary in fresh folders, its output compared with *.case files.
--   ggen-lua lua tests/golden/run.lua [OPTIONS] [FILES or parts of case names]
--     --binary PATH   the binary to test (default: the one that runs this)
--     --update        write what came out into the case files
--     --keep          keep the folders and print their paths
--     --list          only name the cases
--     --slow          say how long each case took
--     -jN             cases at the same time (default 2)
-- The format is described in lib/case_file.lua.
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/lib/?.lua;" .. package.path

local async = require("ggen.async")
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")

local case_file = require("case_file")
local match = require("match")
local processes = require("processes")

local CAPTURE = 8 * 1024 * 1024
local LEAVE_SECONDS = 2 -- how long after its end a run's last processes may live

local STOPPED = {}

local function stop(message)
  io.stderr:write("golden: ", message, "\n")
  error(STOPPED, 0)
end

local function read_options()
  local options, names, i = { jobs = 2 }, {}, 1
  while arg[i] do
    local value = arg[i]
    local jobs = value:match("^%-j(%d*)$")
    if value == "--binary" or jobs == "" then
      i = i + 1
      if not arg[i] then stop(value .. " needs a value") end
      if jobs then jobs = arg[i] else options.binary = arg[i] end
    elseif value:match("^%-%-%a+$") then
      options[value:sub(3)] = true
    elseif not jobs then
      names[#names + 1] = value
    end
    if jobs then options.jobs = tonumber(jobs) or stop("-j needs a number") end
    i = i + 1
  end
  return options, names
end

local read_ok, options, names = pcall(read_options)
if not read_ok then return 2 end
local binary = assert(fs.realpath(options.binary or "/proc/self/exe"))
local bin = binary:match("^(.*)/")
local tests = assert(fs.realpath(here .. "/.."))

local function random_name()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(6)
  file:close()
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local base = fs.realpath(os.getenv("TMPDIR") or "/tmp") .. "/ggen-golden-" .. random_name()

-- A fixed environment: what the person who runs the tests has set must not show.
local function environment(folders)
  local env = {
    PATH = bin .. ":/usr/local/bin:/usr/bin:/bin",
    HOME = folders.home, TMPDIR = folders.tmp, LANG = "C.UTF-8",
    GGEN_TESTS = tests, GGEN_PLUGIN_BUDGET = "off", -- nor does it show that the machine is slow
  }
  for _, name in ipairs({ "GGEN_LUA_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" }) do
    env[name] = os.getenv(name)
  end
  return env
end

local function write_file(folders, step)
  local path = folders.dir .. "/" .. step.file
  assert(fs.mkdir(path:match("^(.*)/")))
  local lines = step.lines
  local text = #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
  local bytes = text:gsub("{{no newline}}\n$", "")
    :gsub("{{0x(%x%x)}}", function(hex) return string.char(tonumber(hex, 16)) end)
  assert(fs.write(path, bytes))
  if step.mode then os.execute(("chmod %s '%s'"):format(step.mode, path)) end
end

local function run_script(run, folders)
  local result, message = async.await(function(resume)
    local handle, message = process.run({
      argv = { "/bin/sh", "-c", run.run }, cwd = folders.dir, env = environment(folders),
      capture = CAPTURE, timeout = run.timeout, grace = 1,
    }, resume)
    if not handle then resume(nil, message) end
    return handle
  end)
  if not result then error("cannot start the case: " .. tostring(message), 0) end
  return result
end

-- Compares one run; adds to problems and, for --update, to edits.
local function compare(run, result, folders, problems, edits)
  local function problem(title, text)
    problems[#problems + 1] = ("  %s:%d: %s\n%s"):format(run.source, run.line, title, text or "")
  end
  for _, stream in ipairs({ "stdout", "stderr" }) do
    local output = result[stream] or ""
    local whole, looked_at
    for _, check in ipairs(run.checks) do
      if check.stream == stream then
        looked_at = true
        if check.how == "exact" or check.how == "unordered" then whole = check end
      end
    end
    local checks = run.checks
    if not looked_at then -- without a block there must be no output
      checks = { { stream = stream, how = "exact", lines = {} } }
    end
    for _, check in ipairs(checks) do
      local different = check.stream == stream and match.compare(check, output, folders)
      if different then
        problem(stream .. " differs (- expected, + came out)", different)
        if check == whole or not looked_at then
          edits[#edits + 1] = {
            run = run, stream = stream, how = check.how,
            lines = match.updated(whole, output, folders, case_file.escape),
          }
        end
      end
    end
  end
  if result.timed_out then
    problem(("did not end within %g s"):format(run.timeout))
  elseif result.code ~= (run.exit or 0) then
    problem(("exit code %d, expected %d"):format(result.code, run.exit or 0))
    edits[#edits + 1] = { run = run, exit = result.code }
  end
end

local counter = 0

local function run_case(case)
  counter = counter + 1
  local root = ("%s/c%04d"):format(base, counter)
  local folders = {
    root = root, dir = root .. "/dir", home = root .. "/home", tmp = root .. "/tmp", bin = bin,
  }
  for _, name in ipairs({ "dir", "home", "tmp" }) do assert(fs.mkdir(folders[name])) end
  local problems, edits = {}, {}
  for _, step in ipairs(case.steps) do
    if step.file then
      write_file(folders, step)
    else
      local result = run_script(step, folders)
      local before = #problems
      -- A program that broke down or hangs is nothing to expect.
      local broke = result.timed_out or (result.stderr or ""):find("ggen-lua: bug: ", 1, true)
      compare(step, result, folders, problems, broke and {} or edits)
      if result.timed_out or (#problems > before and not options.update) then break end
    end
  end
  for _, left in ipairs(processes.wait_until_gone(folders.root, LEAVE_SECONDS)) do
    problems[#problems + 1] = ("  %s:%d: left a process behind: %d %s\n")
      :format(case.file, case.line, left.pid, left.command)
    os.execute("kill -9 " .. left.pid .. " 2>/dev/null")
  end
  if options.keep then
    print(("%s: %s"):format(case.name, folders.dir))
  else
    os.execute(("chmod -R u+rwX '%s' 2>/dev/null; rm -rf '%s'"):format(root, root))
  end
  return problems, edits
end

local function fits_filters(case, filters)
  for _, filter in ipairs(filters) do
    if (case.file .. " " .. case.name):find(filter, 1, true) then return true end
  end
  return #filters == 0
end

-- The cases that the arguments ask for, and the text of each of their files.
local function load_cases()
  local files, filters = {}, {}
  for _, name in ipairs(names) do
    table.insert(name:match("%.case$") and files or filters, name)
  end
  if #files == 0 then
    for _, path in ipairs(assert(fs.glob(here, { "**/*.case" }))) do
      files[#files + 1] = here .. "/" .. path
    end
  end
  local cases, texts = {}, {}
  for _, path in ipairs(files) do
    local file = io.open(path, "rb") or stop("cannot read " .. path)
    texts[path] = file:read("*a")
    file:close()
    local parsed, message = case_file.parse(path, texts[path])
    if not parsed then stop(message) end
    for _, case in ipairs(parsed) do
      if fits_filters(case, filters) then cases[#cases + 1] = case end
    end
  end
  if #cases == 0 then stop("no case fits") end
  return cases, texts
end

-- Runs one case and says what was wrong with it.
local function report_case(case, all_edits)
  local started = clock.monotonic()
  local ok, problems, edits = pcall(run_case, case)
  if not ok then problems, edits = { "  " .. tostring(problems) .. "\n" }, {} end
  if options.slow then print(("%6.2f s  %s"):format(clock.monotonic() - started, case.name)) end
  if #problems == 0 then return true end
  print(("FAILED %s: %s"):format(case.file, case.name))
  for _, problem in ipairs(problems) do print(problem) end
  io.stdout:flush()
  for _, edit in ipairs(edits) do
    all_edits[case.file] = all_edits[case.file] or {}
    table.insert(all_edits[case.file], edit)
  end
  return false
end

local function main()
  local cases, texts = load_cases()
  if options.list then
    for _, case in ipairs(cases) do print(case.file .. ": " .. case.name) end
    return 0
  end

  assert(fs.mkdir(base))
  local passed, failed, all_edits, work = 0, 0, {}, {}
  local slots = async.semaphore(options.jobs)
  for i, case in ipairs(cases) do
    work[i] = function()
      slots:with(function()
        if report_case(case, all_edits) then passed = passed + 1 else failed = failed + 1 end
      end)
    end
  end
  async.all(work)

  if options.update then
    for path, edits in pairs(all_edits) do
      assert(fs.write(path, case_file.rewrite(texts[path], edits)))
      print("updated " .. path)
    end
  end
  if not options.keep then fs.remove(base, { recursive = true }) end
  print(("golden: %d passed, %d failed"):format(passed, failed))
  io.stdout:flush()
  return failed == 0 and 0 or 1
end

local ok, code = pcall(main)
if ok then return code end
if code ~= STOPPED then error(code, 0) end
return 2
