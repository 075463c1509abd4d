-- What real runs leave behind: each record and each line is as the published schemas say.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local env = require("ggen.core.env")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local process = require("ggen.core.process")

local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local root = fs.realpath(here .. "/../..")
local schema = dofile(here .. "/support/json_schema.lua")

local function schema_of(name)
  return assert(json.decode(assert(fs.read(("%s/docs/%s.schema.json"):format(root, name)))))
end

local PIPELINE = [[
local p = require("ggen").pipeline "shop"
p:task "gen" { run = "cat schema > gen.txt", inputs = { "schema" }, outputs = { "gen.txt" } }
p:task "build" { needs = { "gen" }, run = "cp gen.txt out; echo built", inputs = {},
  outputs = { "out" } }
p:task "lua" { run = function(ctx) ctx.log.info("hi") end, cache = false }
p:task "odd" { run = "exit 3", optional = true, inputs = {} }
p:task "bad" { run = "kill -9 $$", inputs = {} }
p:task "after-bad" { needs = { "bad" }, run = "true", inputs = {} }
p:task "again" { run = "test -e flag || { touch flag; false; }", retries = { count = 1, delay = 0 },
  cache = false }
p:task "server" { run = "exec tail -f /dev/null", service = true }
p:task "uses" { needs = { "server" }, run = "true", inputs = {} }
p:task "clean" { run = "true", finally = true, cache = false, after = { "bad" } }
p:phase "release" { "gen", "build" }
return p
]]

describe("the record of a run", function()
  local dir, variables

  before_each(function()
    dir = fs.make_temp_dir(fs.temp_dir(), "ggen-run-record-")
    variables = env.all()
    variables.GGEN_CACHE_DIR, variables.GGEN_SESSION = dir .. "/cache", nil
    variables.GITHUB_ACTIONS, variables.GGEN_MACHINE = nil, nil
    fs.mkdir(dir .. "/p")
    assert(fs.write(dir .. "/p/pipeline.lua", PIPELINE))
    assert(fs.write(dir .. "/p/schema", "one"))
  end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function ggen(...)
    local argv = { fs.realpath("/proc/self/exe"), ... }
    return async.await(function(resume)
      return process.run({ argv = argv, cwd = dir .. "/p", env = variables, capture = 1024 * 1024,
        timeout = 60 }, resume)
    end)
  end

  local function lines()
    local list = {}
    for line in assert(fs.read(dir .. "/p/.ggen/history.jsonl")):gmatch("([^\n]*)\n") do
      list[#list + 1] = assert(json.decode(line))
    end
    return list
  end

  -- All records, the oldest first, each checked; so are all lines.
  local function records()
    local list = {}
    for _, entry in ipairs(assert(fs.list(dir .. "/p/.ggen/runs"))) do
      local record = assert(json.decode(assert(fs.read(dir .. "/p/.ggen/runs/" .. entry.name))))
      assert.is_nil(schema.problem(record, schema_of("run-record")))
      assert.equal(entry.name, record.id .. ".json")
      list[#list + 1] = record
    end
    local all = lines()
    assert.equal(#list, #all)
    for i, line in ipairs(all) do
      assert.is_nil(schema.problem(line, schema_of("history-line")))
      assert.equal(list[i].id, line.id)
      assert.equal(list[i].totals.wall, line.wall)
      assert.equal(list[i].status, line.status)
    end
    return list
  end

  local function task_of(record, id)
    for i, task in ipairs(record.tasks) do
      if task.id == id then return task, i - 1 end
    end
  end

  it("is as the schemas say, whatever happened in it", function()
    ggen("run", "release", "lua", "odd", "again", "uses")
    ggen("run", "release")
    fs.remove(dir .. "/p/out")
    ggen("run", "release")
    assert.equal(1, ggen("run", "-k").code)
    ggen("run", "--no-cache", "gen")
    ggen("run", "-n", "gen") -- leaves nothing
    local list = records()
    assert.equal(5, #list)

    local first = list[1]
    assert.equal("ok", first.status)
    assert.equal("shop", first.pipeline)
    assert.same({ "run", "release", "lua", "odd", "again", "uses" }, first.command)
    assert.is_nil(first.git)
    assert.equal(first.id, first.session)
    assert.equal("optional", task_of(first, "odd").status)
    assert.equal(3, task_of(first, "odd").code)
    assert.equal(2, task_of(first, "again").attempts)
    assert.equal("off", task_of(first, "lua").cache)
    assert.equal("first run", task_of(first, "gen").reason)
    local _, gen = task_of(first, "gen")
    assert.same({ gen }, task_of(first, "build").needs)
    assert.equal("release", first.phases[1].name)
    assert.equal(2, first.phases[1].tasks)
    assert.equal(2, first.totals.outputs.files)
    assert.is_true(first.totals.hashed > 0)
    assert.is_true(first.totals.written > 0)

    local second = list[2]
    assert.same({ "gen", "build" }, second.fresh)
    assert.same({}, { unpack(second.tasks) })
    assert.equal(1, second.totals.hit_rate)

    local third = list[3]
    assert.equal("restored", task_of(third, "build").cache)
    assert.same({ "gen" }, { unpack(third.fresh) })
    assert.equal(1, third.totals.restored)
    assert.is_true(third.totals.restored_bytes > 0)

    local fourth = list[4]
    assert.equal("failed", fourth.status)
    assert.equal(1, fourth.code)
    assert.equal("failed", task_of(fourth, "bad").status)
    assert.equal("KILL", task_of(fourth, "bad").signal)
    assert.equal("skipped", task_of(fourth, "after-bad").status)
    assert.equal("bad failed", task_of(fourth, "after-bad").reason)
    assert.equal("ok", task_of(fourth, "clean").status)

    assert.equal(json.null, list[5].totals.hit_rate)
  end)

  local USAGE = [[
local p = require("ggen").pipeline "usage"
local burn = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done;"
p:task "again" { cache = false, retries = { count = 1, delay = 0 },
  run = "test -e flag && exit 0; touch flag; " .. burn
    .. " x=$(head -c 40000000 /dev/zero | tr '\\0' x); exit 3" }
p:task "function" { cache = false, run = function(ctx) ctx.sh(burn) ctx.sh("true") end }
p:task "mixed" { cache = false, run = { function(ctx) ctx.sh(burn) end, "true" } }
p:task "failing" { cache = false, optional = true,
  run = function(ctx) ctx.sh(burn) error("no") end }
p:task "silent" { cache = false, run = function() end }
p:task "small" { cache = false, run = "true" }
return p
]]

  it("has what all commands of a task used, in all attempts, and no more than is known", function()
    assert(fs.write(dir .. "/p/pipeline.lua", USAGE))
    assert.equal(0, ggen("run", "-j1").code)
    ggen("run", "silent")
    local list = records()
    for _, id in ipairs({ "again", "function", "mixed", "failing" }) do
      local task = task_of(list[1], id)
      assert.is_true(task.user + task.sys > 0.01, id)
    end
    assert.is_true(task_of(list[1], "again").peak_memory > 40e6)
    assert.is_true(list[1].totals.peak_memory > 40e6)
    local silent, small = task_of(list[1], "silent"), task_of(list[1], "small")
    assert.same({}, { silent.user, silent.sys, silent.peak_memory })
    assert.is_true(small.user + small.sys >= 0)
    assert.is_nil(small.peak_memory)
    assert.equal(json.null, list[2].totals.cpu)
    assert.equal(json.null, list[2].totals.peak_memory)
    assert.equal(0, ggen("perf", "report").code)
    assert.equal(0, ggen("perf", "history").code)
    assert.equal(0, ggen("perf", "html").code)
  end)

  it("has what ran at the end on its critical path", function()
    assert(fs.write(dir .. "/p/pipeline.lua", [[
local p = require("ggen").pipeline "ends"
p:task "a" { run = "true", cache = false }
p:task "b" { needs = "a", run = "true", cache = false }
p:task "last" { run = "true", cache = false, finally = true }
p:task "very-last" { run = "true", cache = false, finally = true, after = { "last" } }
return p
]]))
    local said = ggen("run", "--json").stdout
    local record = records()[1]
    assert.same({ "a", "b", "last", "very-last" }, record.critical_path)
    -- What the run itself says is the same.
    local path = json.decode(said:match('[^\n]*"event":"run_end"[^\n]*')).critical_path
    for i, task in ipairs(path.path) do assert.equal(record.critical_path[i], task.task) end
    assert.equal(4, #path.path)
    assert.equal(record.totals.critical_path, path.duration)
    local sum = 0
    for _, task in ipairs(record.tasks) do sum = sum + task.duration end
    assert.is_true(math.abs(sum - record.totals.critical_path) < 1e-4)
  end)

  it("has the size of the outputs only when it is that of all", function()
    local function outputs(...)
      ggen("run", ...)
      local list = records()
      return list[#list].totals.outputs
    end
    assert.same({ bytes = 3, files = 1 }, outputs("gen"))
    assert.equal(json.null, outputs("gen"))
    fs.remove(dir .. "/p/gen.txt")
    assert.same({ bytes = 3, files = 1 }, outputs("gen"))
    assert.same({ bytes = 0, files = 0 }, outputs("odd"))
    assert.equal(json.null, outputs("--no-cache", "gen"))
  end)

  it("says by which session and on which machine, when the environment does", function()
    variables.GGEN_SESSION, variables.GGEN_MACHINE = "job 7", "runner-large"
    ggen("run", "gen")
    local record = records()[1]
    assert.equal("job 7", record.session)
    assert.equal("runner-large", record.machine)
    assert.equal("runner-large", lines()[1].machine)
  end)

  it("is what observers see, with what a gate made of it", function()
    assert(fs.write(dir .. "/p/gate.lua", [[
      local ggen = require("ggen")
      return { name = "gate", kind = "observer", version = "1.0.0", api = 1, desc = "No",
        setup = function(_, host) return {
          on_run_gate = function(_, run)
            assert(run:record().status == "ok" and #run:record().tasks == 1)
            return "no"
          end,
          on_run_end = function(_, run)
            local history = ggen.history.open(host.project_dir)
            local written = history:record("last")
            assert(written.id == run:record().id and written.status == run:record().status)
            assert(run:record().code == 3)
            assert(#history:lines() == 1)
            host.screen:write("seen " .. written.status .. "\n")
          end } end }]]))
    assert(fs.write(dir .. "/p/pipeline.lua",
      (PIPELINE:gsub('p:task "gen"', 'p:use "./gate.lua"\n%0', 1))))
    local result = ggen("run", "gen")
    assert.equal(3, result.code)
    assert.truthy(result.stdout:find("seen gate", 1, true))
    local record = records()[1]
    assert.equal("gate", record.status)
    assert.equal(3, record.code)
    assert.same({ { level = "error", text = "no" } }, { unpack(record.notes) })
  end)

  it("is kept for as long and as often as the pipeline says, or not at all", function()
    local use = 'p:use "observer.history" { runs = 2, lines = 3 }\n%0'
    assert(fs.write(dir .. "/p/pipeline.lua", (PIPELINE:gsub('p:task "gen"', use, 1))))
    fs.mkdir(dir .. "/p/.ggen")
    ggen("run", "gen")
    for _ = 1, 15 do
      ggen("run", "gen")
      assert.is_true(#lines() <= 2 * 3 + 1)
      assert.is_true(#fs.list(dir .. "/p/.ggen/runs") <= 2 * 2 + 1)
    end
    -- However long it was: what crosses a border (43 * 3 * 512 bytes) sweeps.
    local text = assert(fs.read(dir .. "/p/.ggen/history.jsonl"))
    assert(fs.write(dir .. "/p/.ggen/history.jsonl", text:rep(math.ceil(66048 / #text)):sub(1,
      66040) .. "\n"))
    ggen("run", "gen")
    assert.equal(3, #lines())
    assert.equal(2, #fs.list(dir .. "/p/.ggen/runs"))
    assert(fs.write(dir .. "/p/pipeline.lua", (PIPELINE:gsub('p:task "gen"',
      'p:use "observer.history" { record = false }\n%0', 1))))
    ggen("run", "gen")
    assert.equal(3, #lines())
  end)

  it("of several runs at once is whole for each", function()
    ggen("run", "gen")
    local runs = {}
    for i = 1, 6 do runs[i] = function() assert.equal(0, ggen("run", "release").code) end end
    async.all(runs)
    local seen = {}
    for _, line in ipairs(lines()) do
      assert.is_nil(schema.problem(line, schema_of("history-line")))
      seen[line.id] = true
    end
    local count = 0
    for _ in pairs(seen) do count = count + 1 end
    assert.equal(7, count)
    assert.equal(7, #fs.list(dir .. "/p/.ggen/runs"))
  end)

  it("says which commit was checked out, and whether files had changed", function()
    local function git(...)
      local argv = { "git", "-c", "user.name=a", "-c", "user.email=a@example.org", ... }
      local result = async.await(function(resume)
        return process.run({ argv = argv, cwd = dir .. "/p", env = variables, capture = 4096 },
          resume)
      end)
      assert.equal(0, result.code, result.stderr)
      return result.stdout
    end
    git("init", "-q", "-b", "trunk")
    git("add", "schema")
    git("commit", "-qm", "x")
    ggen("run", "gen")
    local commit = git("rev-parse", "HEAD"):match("%x+")
    local record = records()[1]
    assert.equal(commit, record.git.commit)
    assert.equal("trunk", record.git.branch)
    assert.equal(commit, lines()[1].commit)
  end)

  -- A program that stands for git. The task `wait` ends when everybody who has the fifo open for
  -- writing is gone, or has written a line.
  local function fake_git(script)
    fs.mkdir(dir .. "/bin")
    assert(fs.write(dir .. "/bin/git", "#!/bin/sh\nexec 9> ../fifo\n" .. script .. "\n"))
    assert.equal(0, os.execute(("chmod +x %s/bin/git; mkfifo %s/fifo"):format(dir, dir)))
    variables.PATH = dir .. "/bin:" .. variables.PATH
    fs.mkdir(dir .. "/p/.git")
    assert(fs.write(dir .. "/p/.git/HEAD", ("a"):rep(40) .. "\n"))
    assert(fs.write(dir .. "/p/pipeline.lua", PIPELINE:gsub("return p",
      'p:task "wait" { run = "read line < ../fifo; true", cache = false }\n%0')))
  end

  it("does not wait for git, and leaves nothing of it behind", function()
    fake_git('echo $$ > ../pid; echo >&9; exec 9>&-; mkfifo ../never; read line < ../never')
    assert.equal(0, ggen("run", "wait").code)
    assert.equal(json.null, records()[1].git.dirty)
    local pid = assert(fs.read(dir .. "/pid")):match("%d+")
    assert.is_nil(fs.stat("/proc/" .. pid))
  end)
end)

describe("the schemas", function()
  it("refuse what is no record", function()
    local record = schema_of("run-record")
    assert.truthy(schema.problem({ schema = "other" }, record))
    assert.truthy(schema.problem(json.decode("[]"), record))
    local line = schema_of("history-line")
    assert.truthy(schema.problem({ v = 2 }, line))
    assert.equal("$.x is below 0", schema.problem({ x = -1 }, { type = "object",
      properties = { x = { minimum = 0 } } }))
    assert.equal("$ has y", schema.problem({ y = 1 }, { properties = {} }))
  end)
end)

describe("whether files have changed", function()
  local started, ended, killed, fire, dirtiness

  -- The module over a timer and a git that the test turns by hand.
  before_each(function()
    started, ended, killed, fire = nil, nil, false, nil
    local fakes, real = {
      ["ggen.core.timer"] = { start = function(_, fn)
        fire = fn
        return { close = function() end }
      end },
      ["ggen.core.process"] = { run = function(options, resume)
        started, ended = options, resume
        return { kill = function() killed = true end }
      end },
      ["ggen.dirtiness"] = false,
    }, {}
    for name, fake in pairs(fakes) do
      real[name], package.loaded[name] = package.loaded[name], fake or nil
    end
    dirtiness = require("ggen.dirtiness")
    for name in pairs(fakes) do package.loaded[name] = real[name] end
  end)

  local function answer(result)
    local watch = dirtiness.watch("/somewhere")
    fire()
    assert.same({ "git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no" },
      started.argv)
    assert.equal("/somewhere", started.cwd)
    ended(result)
    watch:close()
    return watch:answer()
  end

  it("is what git says", function()
    assert.is_true(answer({ code = 0, stdout = " " }))
    assert.is_false(answer({ code = 0, stdout = "" }))
    assert.is_nil(answer({ code = 128, stdout = "" }))
  end)

  it("is not known when the run is over before, and git is ended then", function()
    local watch = dirtiness.watch("/somewhere")
    fire()
    watch:close()
    assert.is_true(killed)
    ended({ code = 0, stdout = "" })
    assert.is_nil(watch:answer())
  end)
end)
