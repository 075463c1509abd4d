-- What `diff` shows of a comparison, and what it makes of a run record.
-- SPDX-License-Identifier: MIT
local record_spans = require("ggen.diff.record_spans")
local spans = require("ggen.core.spans")
local words = require("ggen.diff.words")

local function record(changes)
  local made = { pipeline = "shop", status = "ok", code = 0, jobs = 2, command = { "run" },
    totals = { wall = 2 }, phases = { { name = "ci", start = 0, duration = 2, tasks = 2 } },
    tasks = { { id = "build", status = "ok", cache = "miss", reason = "first run", start = 0,
      duration = 1, attempts = 1, code = 0 } },
    fresh = { "lint" } }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

local function compare(a, b)
  local texts = spans.texts()
  local x, y = { record = a }, { record = b }
  record_spans.complete(texts, x, y)
  return assert(spans.compare(x.trace, y.trace,
    { noise = 0.1, floor = 0.01, ignore = { "reason" }, unstable = { "reason" } }))
end

-- "name mark" of all nodes.
local function marks(diff)
  local list, at = {}, 1
  local total = select(2, diff:changes(0))
  while at <= total do
    local node = diff:node(at)
    list[at] = node.name .. " " .. node.mark
    at = at + 1
  end
  return list
end

local function every() return true end

describe("a run record", function()
  it("is a tree of the run, its phases and its tasks", function()
    local about = record_spans.build(spans.texts(), record(), every):about()
    assert.same({ format = "record", spans = 4, roots = 1, wall = 2, notes = {} }, about)
    local diff = compare(record(), record())
    assert.is_true(diff:totals().same)
    assert.same({ "shop unchanged", "phase ci unchanged", "build unchanged", "lint unchanged" },
      marks(diff))
  end)

  it("differs in what a task did", function()
    local diff = compare(record(), record({ fresh = {}, status = "failed", code = 1,
      tasks = { { id = "build", status = "failed", cache = "miss", start = 0, duration = 1.05,
        attempts = 2, code = 7, signal = "KILL" } } }))
    assert.same({ "shop modified", "phase ci unchanged", "build modified", "lint removed" },
      marks(diff))
    local names = {}
    for i, change in ipairs(diff:attributes(3)) do
      names[i] = ("%s %s"):format(change.name, change.after)
    end
    table.sort(names)
    assert.same({ "attempts 2", "code 7", "signal KILL" }, names)
    assert.equal("failed", diff:node(3).status_after)
    assert.is_false(diff:node(3).duration)
  end)

  it("has the phases that the other one has, too", function()
    local other = record({ phases = { { name = "cd", start = 0, duration = 1 } } })
    local diff = compare(record(), other)
    assert.same({ "shop unchanged", "build unchanged", "lint unchanged" }, marks(diff))
  end)

  it("may be anything where nobody has looked", function()
    local odd = record({ command = { {}, "run" }, phases = { 7, { name = {} } }, machine = {},
      tasks = { { id = "build", status = {}, attempts = "x", signal = false } }, fresh = { {} } })
    assert.equal(3, record_spans.build(spans.texts(), odd, every):about().spans)
    assert.equal(1, record_spans.build(spans.texts(), {}, every):about().spans)
  end)
end)

describe("the tree that a script makes", function()
  it("is finished once", function()
    local builder = spans.build(spans.texts())
    assert.equal(0, builder:span({ name = "a" }))
    assert.has_error(function() builder:span({ name = "b", parent = 7 }) end)
    builder:finish()
    assert.has_error(function() builder:finish() end)
  end)

  it("is compared with one of the same texts", function()
    local a, b = spans.build(spans.texts()):finish(), spans.build(spans.texts()):finish()
    assert.has_error(function()
      spans.compare(a, b, { noise = 0, floor = 0, ignore = {}, unstable = {} })
    end)
  end)
end)

describe("words of a comparison", function()
  it("tell times", function()
    assert.equal("-", words.time(nil))
    assert.equal("0 s", words.time(0))
    assert.equal("35 us", words.time(35e-6))
    assert.equal("1.0 ms", words.time(0.00099999))
    assert.equal("250.0 ms", words.time(0.25))
    assert.equal("1.00 s", words.time(0.9999))
    assert.equal("1.00 s -> 1.20 s (+200.0 ms, +20 %)", words.change(1, 1.2))
    assert.equal("2.00 s -> 1.00 s (-1.00 s, -50 %)", words.change(2, 1))
    assert.equal("0 s -> 1.00 s (+1.00 s)", words.change(0, 1))
    assert.equal("10.0 ms -> 1.00 s (+990.0 ms, +9900 %)", words.change(0.01, 1))
    assert.equal("1.00 s", words.change(1, 1))
    assert.equal("- -> 1.00 s", words.change(nil, 1))
  end)

  it("do no harm to a terminal, whatever a span is called", function()
    assert.equal("a\\x1b[2J\\n?b", words.name("a\27[2J\n\194\155b"))
    assert.equal("(no name)", words.name(""))
    assert.equal(("x"):rep(200) .. "...", words.name(("x"):rep(300)))
    assert.equal(("x"):rep(199) .. "...", words.name(("x"):rep(199) .. "\195\169"))
  end)
end)
