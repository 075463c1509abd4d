-- The trace that observer.trace-chrome and --trace leave of a real run, against the rules of the
-- format.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local chrome_rules = require("chrome_rules")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")

local PIPELINE = [[
local p = require("ggen").pipeline "x"
p:use "observer.trace-chrome" { path = PATH }
p:use "scheduler.resource"
for i = 1, 12 do
  p:task("a" .. i) { run = "echo " .. i .. "; test " .. i .. " != 7", optional = true,
    retries = { count = 1, delay = 0.001 } }
end
p:task "b" { needs = { "a1", "a2" }, run = function(ctx) ctx.sh("true") end }
p:task "c" { needs = "b", run = "true", finally = true }
p:before("b", { "a3" })
p:phase "all" { "b", "a4" }
return p
]]

describe("the trace of a run", function()
  local folder

  before_each(function() folder = assert(fs.make_temp_dir("ggen-trace-spec-")) end)
  after_each(function() assert(fs.remove(folder, { recursive = true })) end)

  local function run(path)
    assert(fs.write(folder .. "/pipeline.lua", (PIPELINE:gsub("PATH", ("%q"):format(path)))))
    local result = async.await(function(resume)
      local argv = { assert(fs.realpath("/proc/self/exe")), "-C", folder, "run", "-j4" }
      return assert(process.run({ argv = argv, capture = 1024 * 1024,
        env = { PATH = os.getenv("PATH"), GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH"),
          HOME = folder } }, resume))
    end)
    assert.equal(0, result.code, result.stdout .. result.stderr)
    return result.stdout
  end

  local function spans_of(path)
    local problems, events = chrome_rules.check(assert(fs.read(folder .. "/" .. path)))
    assert.same({}, problems)
    local count = {}
    for _, event in ipairs(events) do
      count[event.cat .. " " .. event.name] = (count[event.cat .. " " .. event.name] or 0) + 1
    end
    return count
  end

  it("fits the format, and has the tasks, plugins and loading", function()
    run(".ggen/trace.json")
    local count = spans_of(".ggen/trace.json")
    for i = 1, 12 do assert.equal(1, count["task a" .. i]) end
    assert.equal(1, count["task b"])
    assert.equal(1, count["task c"])
    assert.equal(1, count["host load x"])
    assert.is_true(count["plugin executor.process.run"] >= 14)
  end)

  it("is the last one, also of a run with nothing to do", function()
    run("t/trace.json")
    local first = spans_of("t/trace.json")
    run("t/trace.json")
    assert.is_true((spans_of("t/trace.json")["task a1"] or 0) < first["task a1"])
  end)

  -- Rules that take everything would prove nothing.
  it("is held against rules that refuse", function()
    local function problems(events)
      return #chrome_rules.check('{"traceEvents":[' .. events .. "]}")
    end
    local function span(more) return '{"ph":"X","pid":1,"tid":1,"name":"a","cat":"c",' .. more
      .. "}" end
    assert.equal(0, problems(span('"ts":0,"dur":9') .. "," .. span('"ts":1,"dur":8')))
    assert.equal(1, problems(span('"ts":0,"dur":9') .. "," .. span('"ts":1,"dur":9')))
    assert.equal(1, problems(span('"ts":2,"dur":1') .. "," .. span('"ts":0,"dur":1')))
    assert.equal(1, problems(span('"ts":0')))
    assert.equal(1, problems(span('"ts":-1,"dur":1')))
    assert.equal(1, problems('{"ph":"X","pid":1,"tid":0,"name":"a","cat":"c","ts":0,"dur":1}'))
    assert.equal(1, problems('{"ph":"B","pid":1,"tid":1,"name":"a","ts":0}'))
    assert.equal(1, #chrome_rules.check("{"))
  end)
end)
