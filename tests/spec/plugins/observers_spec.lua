-- The observers that tell of a run when it has ended, over records made here.
-- SPDX-License-Identifier: MIT
local a_run = require("a_run")
local fs = require("ggen.core.fs")
local ggen = require("ggen")
local output = require("ggen.core.output")
local style = require("ggen.style")

local folder

before_each(function() folder = assert(fs.make_temp_dir("ggen-observers-spec-")) end)
after_each(function() assert(fs.remove(folder, { recursive = true })) end)

local function use(name, params, host)
  host = host or {}
  host.project_dir = host.project_dir or folder
  return a_run.use("observer." .. name, params, host)
end

local function a_run_here(changes)
  return a_run.run(a_run.record(changes), a_run.project(folder))
end

-- A project in which only these tasks and phases exist.
local function project_of(names)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  local project = a_run.project(folder)
  function project.exact(_, name) return known[name] and { 1 } or nil end
  function project.matching(_, name) return known[name] and { 1 } or nil end
  function project.names() return known end
  return project
end

local function fault_of(fn, ...)
  local ok, problem = pcall(fn, ...)
  assert.is_false(ok)
  return tostring(problem)
end

describe("observer.profiler", function()
  it("shows the stages with their targets, the slowest first", function()
    local impl, shown = use("profiler", { total = "3s", stretch = "2s",
      stages = { codegen = "2s", ["*#test"] = "1s" } })
    impl:on_run_end(a_run_here())
    assert.equal([[

stage      time           target       met   to target
release  2.40 s
*#test   1.40 s           1.00 s        no   40 % over
codegen  1.00 s           2.00 s       yes  50 % under
total    2.50 s  3.00 s / 2.00 s  required  17 % under

]], shown.text())
    -- Nothing stands above it.
    impl, shown = use("profiler", {}, { options = { output = "none" } })
    impl:on_run_end(a_run_here())
    assert.equal("stage      time\nrelease  2.40 s\ntotal    2.50 s\n\n", shown.text())
    impl, shown = use("profiler", {}, { options = { output = "none" } })
    impl:on_run_end(a_run_here({ notes = { { level = "info", text = "x" } } }))
    assert.equal("\nstage      time\nrelease  2.40 s\ntotal    2.50 s\n\n", shown.text())
  end)

  it("shows times alone when there is no target, and so many rows", function()
    local impl, shown = use("profiler", { rows = 2 })
    impl:on_run_end(a_run_here({ phases = {} }))
    assert.equal("\nstage       time\nweb#test  1.40 s\ncodegen   1.00 s\n(2 more)\n"
      .. "total     2.50 s\n\n", shown.text())
  end)

  it("keeps its columns whatever names are written in, and cuts long ones", function()
    local impl, shown = use("profiler", {})
    impl:on_run_end(a_run_here({ phases = {}, tasks = {
      { id = "建てる", start = 0, duration = 3 }, { id = "prüfen", start = 0, duration = 2 },
      { id = ("x"):rep(200), start = 0, duration = 1 } } }))
    local columns = {}
    for line in shown.text():gmatch("[^\n]+") do
      columns[#columns + 1] = select(2, output.fit(line, 1000))
    end
    assert.same({ 56, 56, 56, 56, 56 }, columns)
    assert.truthy(shown.text():find(("x"):rep(45) .. "...  1.00 s", 1, true))
  end)

  it("has colours only where the screen has", function()
    local impl, shown = use("profiler", { stages = { codegen = 2, lint = 0.1 } },
      { style = style.new(true) })
    impl:on_run_end(a_run_here())
    assert.truthy(shown.text():find("\27[32myes\27[0m", 1, true))
    assert.truthy(shown.text():find("\27[31mno\27[0m", 1, true))
    impl, shown = use("profiler", { stages = { codegen = 2, lint = 0.1 } })
    impl:on_run_end(a_run_here())
    assert.is_nil(shown.text():find("\27"))
  end)

  it("takes the targets of the pipeline, and says nothing of a run of nothing", function()
    local project = a_run.project(folder, { { name = "observer.targets",
      params = { total = "3s" } } })
    local impl, shown = use("profiler", {}, { project = project })
    impl:on_run_end(a_run_here({ phases = {}, tasks = {} }))
    assert.equal("", shown.text())
    impl:on_run_end(a_run_here())
    assert.truthy(shown.text():find("total    2.50 s  3.00 s  yes  17 %% under"))
    assert.is_nil(use("profiler", {}, { options = { dry_run = true } }).on_run_end)
  end)
end)

describe("observer.targets", function()
  it("says each missed limit once, in one line", function()
    local impl = use("targets", { total = "2s", stages = { codegen = "0.5s", lint = {
      required = "1s", stretch = "50ms" } } })
    local run = a_run_here()
    assert.is_nil(impl.on_run_gate)
    impl:on_run_end(run)
    assert.same({ "warning: target missed: the run took 2.50 s, 25 % over the required 2.00 s",
      "warning: target missed: codegen took 1.00 s, 100 % over the required 0.50 s",
      "info: target missed: lint took 0.50 s, 900 % over the stretch 50 ms" }, run.said)
    local interrupted = { status = "interrupted", code = 130 }
    run = a_run_here(interrupted)
    impl:on_run_end(run)
    assert.same({}, run.said)
  end)

  it("is a gate that only required limits close", function()
    local impl = use("targets", { gate = true, total = "3s", stretch = "2s" })
    local run = a_run_here()
    assert.is_nil(impl:on_run_gate(run))
    assert.same({}, run.said)
    impl:on_run_end(run)
    assert.same({ "info: target missed: the run took 2.50 s, 25 % over the stretch 2.00 s" },
      run.said)

    impl = use("targets", { gate = true, total = "2s", stages = { codegen = "0.5s" } })
    run = a_run_here()
    assert.equal("target missed: codegen took 1.00 s, 100 % over the required 0.50 s",
      impl:on_run_gate(run))
    impl:on_run_end(run)
    assert.same({ "error: target missed: the run took 2.50 s, 25 % over the required 2.00 s" },
      run.said)
  end)

  it("without any target is refused with what to give", function()
    for _, params in ipairs({ {}, { gate = true }, { stages = {} } }) do
      assert.equal('pipeline.lua:3: plugin "observer.targets": there is no target: { total ='
        .. ' "60s", stages = { test = "15s" } }', fault_of(use, "targets", params))
    end
  end)

  it("names a stage that the project does not have", function()
    local project = project_of({ "codegen", "lint" })
    assert.equal('pipeline.lua:3: plugin "observer.targets": field "stages": no phase or task has'
      .. ' the name "codgen" (did you mean "codegen"?)', fault_of(use, "targets",
      { stages = { codgen = "1s" } }, { project = project }))
    assert.matches('no phase or task matches "x%*"', fault_of(use, "profiler",
      { stages = { ["x*"] = "1s" } }, { project = project }))
    assert.matches("stretch limit", fault_of(use, "markdown",
      { stages = { lint = { required = "1s", stretch = "2s" } } }, { project = project }))
    assert.matches("must be above zero", fault_of(use, "targets", { total = 0 }))
    assert.matches("must be above zero", fault_of(use, "targets", { stages = { lint = "0s" } }))
    -- What the preset names may be missing.
    assert.is_table(use("targets", { preset = "required" }, { project = project }))
  end)

  it("finds the stages of the preset with dashes", function()
    local impl = use("targets", { preset = "required" },
      { project = project_of({ "code-generation" }) })
    local run = a_run_here({ tasks = { { id = "code-generation", start = 0, duration = 9.2 } } })
    impl:on_run_end(run)
    assert.same({ "warning: target missed: code-generation took 9.20 s, 15 % over the required"
      .. " 8.00 s" }, run.said)
  end)
end)

describe("a report", function()
  it("that cannot be written is one warning", function()
    assert(fs.write(folder .. "/file", "x"))
    for _, name in ipairs({ "junit", "markdown" }) do
      local impl = use(name, { path = "file/report" })
      local run = a_run_here()
      impl:on_run_end(run)
      assert.equal(1, #run.said)
      assert.matches("^warning: observer." .. name .. ": file/report is not written: ", run.said[1])
    end
    assert.equal("x", fs.read(folder .. "/file"))
  end)

  it("makes the directories above it, and replaces what was there", function()
    local impl = use("junit", { path = "a/b/report.xml" })
    impl:on_run_end(a_run_here())
    impl:on_run_end(a_run_here({ pipeline = "other" }))
    local text = assert(fs.read(folder .. "/a/b/report.xml"))
    assert.truthy(text:find('package="other"', 1, true))
    assert.equal(1, #fs.list(folder .. "/a/b"))
  end)
end)

describe("observer.markdown", function()
  local function report(params, changes, project)
    local impl = use("markdown", params, { project = project })
    local run = a_run_here(changes)
    impl:on_run_end(run)
    assert.same({}, run.said)
    return assert(fs.read(folder .. "/.ggen/report.md"))
  end

  it("has the stages, what was applied, and what to do next", function()
    local text = report({ total = "2s", stages = { codegen = "2s" } })
    assert.equal([[
# Optimization report: shop

Run `20261102T202300.123-f841ad` of 2026-11-02T20:23:00.123Z: 5 tasks in 2.50 s, **slow**.
Commit `1402f91c1402`.

- the run took 2.50 s, 25 % over the required 2.00 s

## Stages against targets

| stage | time | target | met | to target |
| --- | ---: | ---: | --- | ---: |
| release | 2.40 s |  |  |  |
| codegen | 1.00 s | 2.00 s | yes | 50 % under |
| **total** | 2.50 s | 2.00 s | no | 25 % over |

## What was applied

- Cache: 1 task up to date and 1 task restored (hit rate 40 %); that saved 0.60 s
- Parallelism: up to 2 tasks at a time; 2.70 s of work in 2.50 s, 1.1 tasks at a time on average
- Scheduler: the default
- Critical path: 2.00 s, 80 % of the run: `codegen` → `web#test`
- Memory: 3.0 GiB at most, of one task

## Recommendations

]], (text:match("^(.-## Recommendations\n\n)")))
    assert.truthy(text:find("- `ggen-lua perf report --run 20261102T202300.123-f841ad`", 1, true))
    assert.truthy(text:find("- `ggen-lua why web#test` says why", 1, true))
    assert.truthy(text:find("Work on the critical path first", 1, true))
  end)

  it("has what is recommended, and a warning in its place when that breaks", function()
    local kept, given = rawget(ggen, "recommendations"), nil
    rawset(ggen, "recommendations", { of = function(record, lines, targets)
      given = { record.id, #lines, targets.total }
      return { { text = "use `-j4`", evidence = "it waited", gain = 1.5 }, { text = "more|" } }
    end })
    local ok, problem = pcall(function()
      local text = report({ total = "2s" })
      assert.same({ "20261102T202300.123-f841ad", 0, 2 }, given)
      assert.truthy(text:find("## Recommendations\n\n1. use \\`-j4\\` — about 1.50 s\n"
        .. "   - evidence: it waited\n2. more\\|\n\n## Next", 1, true), text)
      ggen.recommendations.of = function() error("broken", 0) end
      local run = a_run_here()
      use("markdown", {}):on_run_end(run)
      assert.same({ "warning: observer.markdown: no recommendations: broken" }, run.said)
    end)
    rawset(ggen, "recommendations", kept)
    assert(ok, problem)
  end)

  it("takes nothing from a task for its own markup", function()
    local text = report({}, { pipeline = "a|b_c<br>", phases = {}, status = "failed", code = 1,
      tasks = { { id = "x|`y`<b>", status = "failed", code = 1, start = 0, duration = 1, ran = 1,
        message = "bad | worse\n# title" } } })
    assert.truthy(text:find("# Optimization report: a\\|b\\_c\\<br\\>\n", 1, true))
    assert.truthy(text:find("| x\\|\\`y\\`\\<b\\> | 1.00 s |", 1, true))
    assert.truthy(text:find("- `` x\\|`y`<b> ``: bad \\| worse \\# title\n", 1, true))
  end)

  it("is appended to the summary of a job", function()
    local summary = folder .. "/summary.md"
    assert(fs.write(summary, "before\n"))
    local getenv = os.getenv
    os.getenv = function(name) -- luacheck: ignore
      if name == "GITHUB_STEP_SUMMARY" then return summary end
      return getenv(name)
    end
    local ok, problem = pcall(function()
      report({})
      assert.equal("before\n", fs.read(summary))
      local text = report({ summary = true })
      assert.equal("before\n" .. text, fs.read(summary))
      summary = folder .. "/summary.md/x"
      local run = a_run_here()
      use("markdown", { summary = true }):on_run_end(run)
      assert.equal(1, #run.said)
    end)
    os.getenv = getenv -- luacheck: ignore
    assert(ok, problem)
  end)
end)
