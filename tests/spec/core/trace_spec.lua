-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local trace = require("ggen.core.trace")

describe("trace", function()
  local folder

  before_each(function() folder = assert(fs.make_temp_dir("ggen-trace-spec-")) end)
  after_each(function()
    trace.disable()
    assert(fs.remove(folder, { recursive = true }))
  end)

  -- What write() wrote: the document, its events without the metadata, and what write() returned.
  local function written()
    local path = folder .. "/trace.json"
    local ok, dropped = trace.write(path)
    assert.is_true(ok)
    local document = assert(json.decode(assert(fs.read(path))))
    local events = {}
    for _, event in ipairs(document.traceEvents) do
      if event.ph ~= "M" then events[#events + 1] = event end
    end
    return document, events, dropped
  end

  it("is off until it is enabled", function()
    assert.is_false(trace.enabled())
    trace.span("task", "early", 0, 1, 2)
    trace.instant("task", "early", 0)
    trace.lane_name(0, "main")
    assert.error_matches(function() trace.write(folder .. "/x") end, "not enabled")
    trace.enable()
    assert.is_true(trace.enabled())
    local _, events = written()
    assert.same({}, events)
  end)

  it("writes spans in the order of their start", function()
    trace.enable()
    trace.lane_name(1, "slot 1")
    trace.span("task", "inner", 1, 2500, 3500)
    trace.span("task", "outer", 1, 1000, 5000, { why = "input \"a\" moved", code = 0, hit = false })
    local document, events, dropped = written()
    assert.equal(0, dropped)
    assert.equal("outer", events[1].name)
    assert.equal("task", events[1].cat)
    assert.equal("X", events[1].ph)
    assert.equal(2, events[1].tid)
    assert.equal(4, events[1].dur)
    assert.same({ why = "input \"a\" moved", code = 0, hit = false }, events[1].args)
    assert.equal("inner", events[2].name)
    assert.equal(1.5, events[2].ts)
    assert.is_nil(events[2].args)
    local lanes = {}
    for _, event in ipairs(document.traceEvents) do
      if event.name == "thread_name" then lanes[event.tid] = event.args.name end
    end
    assert.same({ [2] = "slot 1" }, lanes)
  end)

  it("records instants between two readings of the clock", function()
    trace.enable()
    local t0 = trace.now()
    trace.instant("run", "start", 0, { jobs = 2 })
    trace.span("run", "all", 0, t0, trace.now())
    local _, events = written()
    assert.equal("all", events[1].name)
    assert.equal("i", events[2].ph)
    assert.same({ jobs = 2 }, events[2].args)
    assert.is_true(events[2].ts >= 0 and events[2].ts <= events[1].dur)
  end)

  it("sorts the arguments by name", function()
    trace.enable()
    trace.span("task", "a", 0, 0, 1, { zebra = 1, apple = "x", ["in between"] = true })
    written()
    assert.truthy(fs.read(folder .. "/trace.json"):find(
      '"args":{"apple":"x","in between":true,"zebra":1}', 1, true))
  end)

  it("keeps names apart and writes any bytes as valid text", function()
    trace.enable()
    for i = 1, 3 do
      trace.span("task", "same", 0, i, i)
      trace.span("task", "n\255" .. i, 0, i, i, { ["\200"] = "\"\n\0" })
    end
    local _, events = written()
    local names = {}
    for _, event in ipairs(events) do names[event.name] = (names[event.name] or 0) + 1 end
    local bad = "n\239\191\189"
    assert.same({ same = 3, [bad .. 1] = 1, [bad .. 2] = 1, [bad .. 3] = 1 }, names)
  end)

  it("counts what has no room", function()
    trace.enable({ records = 2 })
    for i = 1, 5 do trace.span("task", "t" .. i, 0, i, i) end
    local document, events, dropped = written()
    assert.equal(2, #events)
    assert.equal(3, dropped)
    assert.equal(3, document.otherData.dropped)
    trace.enable({ text = 10 })
    trace.span("task", "short", 0, 0, 1)
    trace.span("task", "far too long", 0, 0, 1)
    trace.span("task", "short", 0, 0, 1, { a = "far too long" })
    document, events = written()
    assert.equal(1, #events)
    assert.equal(2, document.otherData.dropped)
  end)

  it("starts anew when it is enabled again", function()
    trace.enable()
    trace.span("task", "old", 0, 0, 1)
    trace.enable()
    trace.span("fresh", "new", 0, 0, 1)
    local _, events = written()
    assert.equal(1, #events)
    assert.equal("new", events[1].name)
    assert.equal("fresh", events[1].cat)
  end)

  it("refuses with a kind when the file cannot be written", function()
    trace.enable()
    local ok, message, kind = trace.write(folder .. "/none/trace.json")
    assert.is_nil(ok)
    assert.truthy(message:find("none/trace.json", 1, true))
    assert.equal("not_found", kind)
  end)

  it("raises on wrong arguments, enabled or not", function()
    for _ = 1, 2 do
      assert.error_matches(function() trace.span({}, "a", 0, 0, 1) end, "bad argument #1")
      assert.error_matches(function() trace.span("task", nil, 0, 0, 1) end, "bad argument #2")
      assert.error_matches(function() trace.span("task", "a", -1, 0, 1) end, "bad argument #3")
      assert.error_matches(function() trace.span("task", "a", 0.5, 0, 1) end, "bad argument #3")
      assert.error_matches(function() trace.span("task", "a", 0, 0 / 0, 1) end, "bad argument #4")
      assert.error_matches(function() trace.span("task", "a", 0, 2, 1) end, "ends before it starts")
      trace.enable()
    end
    assert.error_matches(function() trace.span("task", "a", 0, 0, 1, { 1 }) end,
      "name is not a string")
    assert.error_matches(function() trace.span("task", "a", 0, 0, 1, { a = {} }) end,
      "neither string, number nor boolean")
    assert.error_matches(function() trace.enable({ records = 0 }) end, "bad limit 'records'")
  end)
end)
