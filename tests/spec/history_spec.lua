-- Reading what runs left behind, and what others put there.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local history = require("ggen.history")
local json = require("ggen.core.json")

describe("the history", function()
  local dir, h

  before_each(function()
    dir = fs.make_temp_dir(fs.temp_dir(), "ggen-history-")
    fs.mkdir(dir .. "/.ggen/runs")
    h = history.open(dir)
  end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function line(number, changes)
    local made = { v = 1, id = ("20261121T2112%02d.000-000000"):format(number), session = "s",
      time = ("2026-11-21T21:12:%02d.000Z"):format(number), pipeline = "p", command = "run",
      machine = "m", jobs = 1, code = 0, status = "ok", wall = number, cpu = 0, critical_path = 0,
      hit_rate = json.null, dirty = json.null, tasks_total = 1, fresh = 0, misses = 1, saved = 0,
      phases = json.array({}), tasks = { { id = "t", duration = 1, cpu = 1, peak_memory = 1,
        cache = "miss", code = 0, retries = 0 } } }
    for name, value in pairs(changes or {}) do made[name] = value end
    return json.encode(made) .. "\n"
  end

  local function write(...)
    assert(fs.write(dir .. "/.ggen/history.jsonl", table.concat({ ... })))
  end

  local function walls(query)
    local list = {}
    for i, one in ipairs(h:lines(query)) do list[i] = one.wall end
    return list
  end

  it("is empty where nothing ran", function()
    assert.same({}, h:lines())
    fs.remove(dir .. "/.ggen", { recursive = true })
    assert.same({}, h:lines())
    assert.same({}, h:records())
  end)

  it("gives the last lines, the oldest first, without null", function()
    write(line(1), line(2), line(3))
    assert.same({ 1, 2, 3 }, walls())
    assert.same({ 2, 3 }, walls({ most = 2 }))
    assert.is_nil(h:lines()[1].hit_rate)
    assert.is_nil(h:lines()[1].dirty)
  end)

  it("takes what nobody has measured for absent", function()
    write(line(1, { cpu = json.null, peak_memory = json.null, tasks = { { id = "t", duration = 1,
      cache = "off", code = 0, retries = 0 } } }), line(2, { cpu = "1" }),
      line(3, { out_bytes = "1" }))
    local found = h:lines()
    assert.equal(1, #found)
    assert.equal(2, h.damaged)
    for _, name in ipairs({ "cpu", "peak_memory", "out_bytes" }) do
      assert.is_nil(found[1][name])
    end
  end)

  it("leaves out what is no line, and counts it", function()
    write(line(1), '{"v":1,"id":\n', "\n", "\0\0\0\n", "[]\n", "null\n", "7\n",
      '{"v":2,"id":"x"}\n', line(2, { status = {} }),
      line(3, { wall = "1" }), line(4, { tasks = { { id = "t",
        duration = "1", cpu = 0 } } }), line(5, { phases = { 1 } }), line(6),
      (line(7):sub(1, -20)))
    assert.same({ 1, 6 }, walls())
    assert.equal(10, h.damaged)
    assert.equal(1, h.foreign)
    assert.same({ 6 }, walls({ most = 1 }))
    assert.equal(1, h.damaged)
  end)

  it("is read from its end, across pieces and through lines of any length", function()
    local parts, expected = {}, {}
    for i = 1, 40 do
      local long = i % 7 == 0 and ("x"):rep(150000) or "x"
      parts[i], expected[i] = line(i, { pipeline = long }), i
    end
    write(unpack(parts))
    assert.same(expected, walls())
    assert.equal(0, h.unread)
    local some = walls({ bytes = 100000 })
    assert.same({ 36, 37, 38, 39, 40 }, some)
    assert.equal(0, h.damaged)
    assert.truthy(h.unread > 5 * 150000)
    assert.same({ 37, 38, 39, 40 }, walls({ most = 4 }))
    assert.equal(0, h.unread) -- it has what it asked for
  end)

  it("is not hidden by garbage that is longer than all that may be read", function()
    write(line(1), line(2), ("\0"):rep(3000000) .. "\n", line(3), ("x"):rep(3000000))
    assert.same({ 1, 2, 3 }, walls({ bytes = 100000, longest = 1000000 }))
    assert.equal(2, h.damaged)
    assert.equal(0, h.unread)
    write(("x"):rep(3000000), "\n", line(1))
    assert.same({ 1 }, walls({ bytes = 100000, longest = 1000000 }))
    assert.equal(1, h.damaged)
  end)

  it("keeps lines with times of a clock that went back", function()
    write(line(1, { wall = -1 }), line(2, { tasks = { { id = "t", duration = -3, cpu = 1,
      peak_memory = 1, cache = "miss", code = 0, retries = 0 } } }))
    assert.same({ -1, 2 }, walls())
    assert.equal(0, h.damaged)
  end)

  it("takes only lines whose fields are what they are called", function()
    for name, value in pairs({ machine = { 1 }, pipeline = false, command = { "run" },
      status = { 1 }, jobs = "2", code = "0" }) do
      write(line(1), line(2, { [name] = value }))
      assert.same({ 1 }, walls())
      assert.equal(1, h.damaged)
    end
    write(line(1, { tasks = { { id = "t", duration = 1, cpu = 0, cache = { 1 } } } }))
    assert.same({}, walls())
  end)

  it("has no characters that would move the cursor of a terminal", function()
    write(line(1, { machine = "m\27[31mz\nq", commit = "\194\155x", tasks = { { id = "a\127",
      duration = 1, cpu = 0 } } }))
    local one = h:lines()[1]
    assert.equal("m\\x1b[31mz\\nq", one.machine)
    assert.equal("?x", one.commit)
    assert.equal("a\\x7f", one.tasks[1].id)
  end)

  it("says why it cannot be read", function()
    fs.mkdir(dir .. "/.ggen/history.jsonl")
    assert.same({}, h:lines())
    assert.equal("it is no file (directory)", h.problem)
    fs.remove(dir .. "/.ggen/history.jsonl", { recursive = true })
    assert.equal(0, os.execute("mkfifo " .. dir .. "/.ggen/history.jsonl"))
    assert.same({}, h:lines()) -- and does not wait for somebody to write
    assert.truthy(h.problem:find("^it is no file"))
    fs.remove(dir .. "/.ggen/history.jsonl")
    assert.same({}, h:lines())
    assert.is_nil(h.problem)
  end)

  it("without a newline at its end or its beginning is the same", function()
    write((line(1):gsub("\n", "")))
    assert.same({ 1 }, walls())
    write("\n\n", line(1), "\n", (line(2):gsub("\n", "")))
    assert.same({ 1, 2 }, walls())
    assert.equal(0, h.damaged)
  end)

  it("may be asked for one pipeline, one machine, and what was before a run", function()
    write(line(1), line(2, { pipeline = "q" }), line(3, { machine = "n" }), line(4))
    assert.same({ 1, 3, 4 }, walls({ pipeline = "p" }))
    assert.same({ 1, 2, 4 }, walls({ machine = "m" }))
    assert.same({ 1, 2, 3 }, walls({ before = "20261121T211204.000-000000" }))
    assert.same({ 4 }, walls({ pipeline = "p", machine = "m", most = 1 }))
  end)

  local function record(id, changes)
    local made = { schema = "ggen-run", version = 1, id = id, time = "2026-11-21T21:12:01.000Z",
      totals = { wall = 1, cpu = 1, critical_path = 1, tasks = 1, fresh = 0, restored = 0,
        misses = 1, saved = 0, hit_rate = json.null }, tasks = { { id = "t", start = 0,
        duration = 1 } }, fresh = json.array({}), phases = json.array({}),
      critical_path = json.array({}), notes = json.array({}) }
    for name, value in pairs(changes or {}) do made[name] = value end
    assert(fs.write(("%s/.ggen/runs/%s.json"):format(dir, id), json.encode(made)))
  end

  local A, B, C = "20261121T211201.000-0000aa", "20261121T211202.000-0000bb",
    "20261122T211202.000-0000cc"

  local function refused(ref)
    local ok, problem = pcall(h.record, h, ref)
    assert.is_false(ok)
    return (tostring(problem):gsub(dir, "DIR"))
  end

  it("finds records by their ids, by parts of them, and from the end", function()
    for _, id in ipairs({ B, A, C }) do record(id) end
    assert(fs.write(dir .. "/.ggen/runs/mine.json", "{}"))
    assert.same({ A, B, C }, h:records())
    assert.equal(C, h:record("last").id)
    assert.equal(C, h:record("last~0").id)
    assert.equal(A, h:record("last~2").id)
    assert.equal(B, h:record(B).id)
    assert.equal(B, h:record("bb").id)
    assert.equal(C, h:record("20261122").id)
    assert.is_nil(h:record("last").totals.hit_rate)
    assert.equal(A, h:record(("%s/.ggen/runs/%s.json"):format(dir, A)).id)
  end)

  it("goes by the order of the history: clocks go back", function()
    local future = "20300101T000000.000-0000ff"
    record(future)
    for _, id in ipairs({ A, C, B }) do record(id) end
    write(line(1, { id = future }), line(2, { id = C }), line(3, { id = B }))
    assert.same({ A, future, C, B }, h:records())
    assert.equal(B, h:record("last").id)
    assert.equal(future, h:record("last~2").id)
    fs.remove(("%s/.ggen/runs/%s.json"):format(dir, C))
    assert.same({ A, future, B }, h:records())
  end)

  it("counts from the newest record that can be read, and says so", function()
    for _, id in ipairs({ A, B, C }) do record(id) end
    assert.is_nil(select(2, h:record("last")))
    assert(fs.write(dir .. "/.ggen/runs/" .. C .. ".json", "half of o"))
    local found, problem = h:record("last")
    assert.equal(B, found.id)
    assert.truthy(problem:find(C .. ".json is damaged: ", 1, true))
    assert.truthy(problem:find("; the last run is taken to be " .. B, 1, true))
    found, problem = h:record("last~1")
    assert.equal(A, found.id)
    assert.truthy(problem)
    assert.truthy(refused("last~2"):find("last~2: there are 2 records (the oldest is last~1); ", 1,
      true))
    assert.truthy(refused(C):find(C .. ".json is damaged", 1, true))
    assert(fs.write(dir .. "/.ggen/runs/" .. A .. ".json", "{}"))
    assert.truthy(refused("last~1"):find(A .. ".json: it is no record", 1, true))
  end)

  it("says what there is when it does not find one", function()
    assert.equal('there is no record of a run in DIR/.ggen/runs, so none is "last": ggen-lua run'
      .. " makes one", refused("last"))
    for _, id in ipairs({ B, A, C }) do record(id) end
    assert.equal("last~3: there are 3 records (the oldest is last~2)", refused("last~3"))
    assert.equal('"20261121" is part of the ids of 2 runs: ' .. A .. ", " .. B,
      refused("20261121"))
    assert.equal(('there is no record of a run "lst" (did you mean "last"?); the last one is %s')
      :format(C), refused("lst"))
    assert.truthy(refused("/nothing/there.json"):find("/nothing/there.json: ", 1, true))
    assert.equal("the id of a run is missing", refused(""))
  end)

  it("names the file of a record that is none, and what is wrong", function()
    local file = "DIR/.ggen/runs/" .. A .. ".json"
    local function check(changes, says)
      record(A, changes)
      assert.equal(file .. ": " .. says, refused("last"))
    end
    check({ schema = "other" }, 'it is no record of a run ("schema" is not "ggen-run")')
    check({ version = 7 }, "it has version 7 of the format, this ggen-lua reads version 1")
    check({ totals = 1 }, "it has no totals")
    check({ totals = { wall = -1 } }, "totals.wall is no number from 0 up")
    check({ tasks = "x" }, "tasks is no list")
    check({ tasks = { {} } }, "tasks[0] has no id")
    check({ tasks = { { id = "a", start = 0, duration = 1e99 } } },
      "tasks[0].duration is no number from 0 up")
    assert(fs.write(dir .. "/.ggen/runs/" .. A .. ".json", '{"schema":"ggen-run"'))
    assert.truthy(refused("last"):find(file .. " is damaged: line 1, column 21", 1, true))
    assert(fs.write(dir .. "/.ggen/runs/" .. A .. ".json", ("["):rep(100000)))
    assert.truthy(refused("last"):find(file .. " is damaged: ", 1, true))
    fs.remove(dir .. "/.ggen/runs/" .. A .. ".json")
    fs.mkdir(dir .. "/.ggen/runs/" .. A .. ".json")
    assert.equal(file .. " is no file", refused("last"))
  end)
end)
