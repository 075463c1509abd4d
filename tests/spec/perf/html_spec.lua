-- What goes into the page of `perf html`: the history in columns, and JSON that cannot leave its
-- script. The page itself is tested in a browser (tests/html).
-- SPDX-License-Identifier: MIT
local html = require("ggen.perf.html")
local json = require("ggen.core.json")

local function line(id, tasks, more)
  local one = { v = 1, id = id, wall = 2, status = "ok", command = "run", hit_rate = json.null,
    phases = { { name = "release", duration = 1.5 } }, tasks = {} }
  for name, duration in pairs(tasks) do
    table.insert(one.tasks, { id = name, duration = duration, cache = "miss" })
  end
  for key, value in pairs(more or {}) do one[key] = value end
  return one
end

describe("the history of the page", function()
  it("has the tasks that took longest first, null where one did not run", function()
    local history = html.history({ line("a", { build = 1, test = 5 }), line("b", { build = 2 }) })
    assert.same({ "test", "build" }, { history.tasks[1].name, history.tasks[2].name })
    assert.same({ 5, json.null }, history.tasks[1].values)
    assert.same({ 1, 2 }, history.tasks[2].values)
    assert.same({ 1.5, 1.5 }, history.phases[1].values)
    assert.equal(0, history.left_out)
    assert.equal(json.null, history.runs[1].hit_rate)
    assert.is_nil(history.runs[1].tasks)
  end)

  it("leaves out what was served from the cache", function()
    local served = line("a", {})
    served.tasks = { { id = "x", duration = 0.01, cache = "restored" },
      { id = "y", duration = 0, cache = "fresh" }, { id = "z", duration = 3, cache = "off" } }
    local history = html.history({ served })
    assert.equal(1, #history.tasks)
    assert.equal("z", history.tasks[1].name)
  end)

  it("is bounded, whatever the history has", function()
    local tasks = {}
    for i = 1, 300 do tasks["t" .. i] = i end
    local history = html.history({ line("a", tasks) })
    assert.same({ 200, 100, "t300" },
      { #history.tasks, history.left_out, history.tasks[1].name })
    local lines = {}
    for i = 1, 1000 do lines[i] = line("r" .. i, i == 1 and tasks or {}) end
    assert.equal(100, #html.history(lines).tasks)
  end)

  it("does without what is damaged", function()
    local history = html.history({
      line("a", {}, { tasks = "none", phases = json.null }),
      line("b", { back = -1, far = 1e300, good = 1 }),
      line("c", {}, { tasks = { { id = 7, duration = 1, cache = "miss" }, { duration = 2 } } }) })
    assert.equal(1, #history.tasks)
    assert.same({ json.null, 1, json.null }, history.tasks[1].values)
  end)

  it("of nothing is lists all the same", function()
    assert.equal('{"left_out":0,"phases":[],"runs":[],"tasks":[]}', json.encode(html.history({})))
  end)
end)

describe("the page", function()
  local function data_of(page)
    return page:match('<script type="application/json" id="data">(.-)</script>')
  end

  it("has its data as JSON that comes back as it was", function()
    local record = { id = "x", pipeline = "</script><!-- & \226\128\168\226\128\169 ü" }
    local text = data_of(html.page(record, html.history({})))
    assert.is_nil(text:find("[<>&]"))
    assert.is_nil(text:find("\226\128", 1, true))
    assert.equal(record.pipeline, json.decode(text).record.pipeline)
  end)

  it("replaces bytes that are no UTF-8", function()
    local text = data_of(html.page({ pipeline = "caf\233" }, html.history({})))
    assert.equal("caf\239\191\189", json.decode(text).record.pipeline)
  end)

  it("is below 400 KB without its data", function()
    assert.is_true(#html.page({}, html.history({})) < 400 * 1000)
  end)
end)
