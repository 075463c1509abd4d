-- Figures of a record by name, and conditions over them.
-- SPDX-License-Identifier: MIT
local a_run = require("a_run")
local fs = require("ggen.core.fs")
local metrics = require("ggen.metrics")

local function holds(text, record)
  return (assert(metrics.compile(text)):holds(record or a_run.record()))
end

local function refused(text)
  local compiled, message = metrics.compile(text)
  assert.is_nil(compiled)
  return message
end

describe("metrics", function()
  it("have a value in a whole record, but for what the run cannot know", function()
    local record = a_run.record()
    for name in pairs(metrics.run) do
      local value = metrics.find(name).value(record)
      if name == "clean_build_time" then assert.is_nil(value) else assert.is_number(value) end
    end
    -- Nor do they break on one with nothing in it.
    for name in pairs(metrics.run) do assert.is_nil(metrics.find(name).value({})) end
  end)

  it("know how long a build of everything takes", function()
    local function of(totals, code)
      return metrics.find("clean_build_time").value({ totals = totals, code = code or 0 })
    end
    assert.equal(9, of({ fresh = 0, restored = 0, ran = 2, wall = 9 }))
    assert.is_nil(of({ fresh = 1, restored = 0, ran = 2, wall = 9 }))
    assert.is_nil(of({ fresh = 0, restored = 1, ran = 2, wall = 9 }))
    assert.is_nil(of({ fresh = 0, restored = 0, ran = 0, wall = 9 }))
    assert.is_nil(of({ fresh = 0, restored = 0, ran = 2, wall = 9 }, 1))
  end)

  it("are there for tasks and phases", function()
    local record = a_run.record()
    local function of(name) return assert(metrics.find(name)).value(record) end
    assert.equal(1, of("task.codegen.duration"))
    assert.equal(2.4, of("phase.release.duration"))
    assert.equal(2, of("task.web#test.retries"))
    assert.equal(3 * 2 ^ 30, of('task."web#test".peak_memory'))
    assert.near(2.8, of('task."{codegen,web#test,lint}".cpu'), 1e-9)
    assert.is_nil(of("task.nobody.duration"))
    -- Nothing of it ran.
    assert.equal(0, of("task.build.duration"))
    assert.is_nil(of("task.build.cpu"))
  end)

  it("have suggestions for names that are none", function()
    assert.equal('unknown metric "hitrate" (did you mean "hit_rate"?)', refused("hitrate < 1"))
    assert.matches("known: clean_build_time, ", refused("xyzzy < 1"), 1, true)
    assert.equal('a task has no metric "duratoin" (did you mean "duration"?)',
      refused("task.test.duratoin > 1s"))
    assert.equal('a phase has no metric "cpu"', refused("phase.test.cpu > 1s"))
    assert.matches("is no metric", refused("task.test > 1s"))
  end)
end)

describe("the table of metrics in the guide", function()
  it("has each one with its unit and meaning", function()
    local folder = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")
    local page = assert(fs.read(folder .. "/../../docs/guides/reports.md"))
    local rows = 0
    for _ in page:gmatch("\n| `[%w_.]+`[^\n|]* | %a+ | ") do rows = rows + 1 end
    for name, metric in pairs(metrics.run) do
      local row = ("| `%s` | %s | %s |"):format(name, metric.unit, metric.desc)
      assert.truthy(page:find(row, 1, true), row)
      rows = rows - 1
    end
    for name, part in pairs(metrics.part) do
      local row = ("| `task.NAME.%s`%s | %s | %s |"):format(name,
        part.phase and (" `phase.NAME.%s`"):format(name) or "", part.unit, part.desc)
      assert.truthy(page:find(row, 1, true), row)
      rows = rows - 1
    end
    assert.equal(0, rows)
  end)
end)

describe("conditions", function()
  it("compare", function()
    assert.is_true(holds("wall > 2s"))
    assert.is_true(holds("wall>=2.5s"))
    assert.is_false(holds("wall > 2500ms"))
    assert.is_true(holds("hit_rate < 0.8"))
    assert.is_true(holds("hit_rate == 40%"))
    assert.is_true(holds("peak_memory > 2GiB"))
    assert.is_true(holds("misses != 2"))
    assert.is_true(holds("1m30s > wall"))
    assert.is_true(holds("critical_path <= wall"))
    assert.is_true(holds('task."web#test".duration > 1s'))
  end)

  it("join with and, or and parentheses", function()
    assert.is_true(holds("wall > 9s or wall > 2s and misses == 3"))
    assert.is_false(holds("(wall > 9s or wall > 2s) and misses == 4"))
    assert.is_true(holds("wall > 2s or wall > 9s and misses == 4"))
    assert.is_true(holds("((hit_rate < 0.8))and(wall<3s)"))
  end)

  it("do not hold for what a run does not have", function()
    for _, operator in ipairs({ "<", ">", "<=", ">=", "==", "!=" }) do
      assert.is_false(holds("clean_build_time " .. operator .. " 1s"))
      assert.is_false(holds("hit_rate " .. operator .. " 0.5", a_run.record({ totals = {
        hit_rate = require("ggen.core.json").null } })))
    end
  end)

  it("say what they were about", function()
    local _, values = metrics.compile("wall > 1s and wall < 9s or misses > 9"):holds(a_run.record())
    assert.same({ wall = 2.5, misses = 3 }, values)
  end)

  it("compare like with like", function()
    assert.equal("wall (seconds) cannot be compared with 2GiB (bytes)", refused("wall > 2GiB"))
    assert.equal("peak_memory (bytes) cannot be compared with wall (seconds)",
      refused("peak_memory > wall"))
    assert.equal("wall is in seconds, 300 has no unit (write 300s)", refused("wall > 300"))
    assert.equal("peak_memory is in bytes, 2 has no unit (write 2MiB)",
      refused("2 < peak_memory"))
    assert.equal("misses (count) cannot be compared with 80% (ratio)", refused("misses > 80%"))
    assert.equal("hit_rate is a ratio from 0 to 1, and 80 is above it (write 80%)",
      refused("hit_rate < 80"))
    assert.equal("hit_rate is a ratio from 0 to 1, and 1.5 is above it (write 1.5%)",
      refused("1.5 > hit_rate"))
    assert.is_true(holds("hit_rate <= 1"))
    assert.equal("1 < 2 compares two figures: name a metric", refused("1 < 2"))
  end)

  it("say what is wrong with a text", function()
    assert.equal('the condition is empty (example: "hit_rate < 0.8")', refused("  "))
    assert.equal("an operator (< <= > >= == !=) is expected after wall", refused("wall"))
    assert.equal('an operator (< <= > >= == !=) is expected after wall, there is "and"',
      refused("wall and"))
    assert.equal("a metric or a figure is expected at the end", refused("wall >"))
    assert.equal('a metric or a figure is expected at character 8, there is ">"',
      refused("wall > > 1s"))
    assert.equal('"and", "or" or the end is expected, there is "wall"',
      refused("wall > 1s wall > 2s"))
    assert.equal("the ( at character 1 is not closed", refused("(wall > 1s"))
    assert.equal('"=" at character 6 is no operator (there are < <= > >= == !=)',
      refused("wall = 1s"))
    assert.equal('the " at character 6 is not closed', refused('task."a.duration > 1s'))
    assert.matches("is no figure", refused("wall > 3parsecs"))
    assert.matches("parentheses deeper", refused(("("):rep(4000)))
    assert.matches("longer than", refused(("("):rep(5000) .. "wall"))
    assert.matches("unknown metric", refused("wall > 1s and \255\0 < 2"))
  end)
end)
