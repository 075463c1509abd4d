-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local registry = require("ggen.registry")
local sample = require("sample_record")
local server = require("server")

describe("observer.prometheus", function()
  local dir, unix

  before_each(function() dir, unix = assert(fs.make_temp_dir("ggen-prometheus-")), 1700000000 end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  local function make(params)
    local plugins = registry.new({ project_dir = dir, options = {},
      now = require("ggen.core.clock").monotonic, unix = function() return unix end })
    return plugins:use("observer.prometheus", params).impl
  end

  -- One run; the page as a map of series and values, and what was said.
  local function page_of(params, record)
    params.file = params.file or "out/ggen.prom"
    local run, notes = sample.run(record or sample.new())
    make(params):on_run_end(run)
    local text, series = assert(fs.read(dir .. "/" .. params.file)), {}
    for line in text:gmatch("[^\n]+") do
      local name, value = line:match("^([^#].*) (%S+)$")
      if name then
        assert.is_nil(series[name])
        series[name] = tonumber(value)
      end
    end
    return series, notes, text
  end

  local function series(name, more)
    return ('%s{pipeline="shop"%s}'):format(name, more and "," .. more or "")
  end

  it("has what happened in the run", function()
    local page, notes = page_of({})
    assert.same({}, notes)
    assert.equal(1, page[series("ggen_runs_total", 'status="failed"')])
    assert.equal(4, page[series("ggen_tasks_total", 'status="ok"')])
    assert.equal(3, page[series("ggen_cache_hits_total")])
    assert.equal(2, page[series("ggen_cache_misses_total")])
    assert.equal(12.5, page[series("ggen_saved_seconds_total")])
    assert.equal(0.6, page[series("ggen_last_run_cache_hit_ratio")])
    assert.equal(0.4, page[series("ggen_last_run_critical_path_seconds")])
    assert.equal(1, page[series("ggen_last_run_exit_code")])
    assert.equal(unix, page[series("ggen_last_run_timestamp_seconds")])
    assert.equal(2, page[series("ggen_last_run_tasks", 'status="fresh"')])
    -- 0.19 and 0.3: neither the restored nor the skipped one.
    local name, other = "ggen_task_duration_seconds", 'task="other"'
    assert.equal(0, page[series(name .. "_bucket", other .. ',le="0.1"')])
    assert.equal(1, page[series(name .. "_bucket", other .. ',le="0.25"')])
    assert.equal(2, page[series(name .. "_bucket", other .. ',le="0.5"')])
    assert.equal(2, page[series(name .. "_bucket", other .. ',le="+Inf"')])
    assert.equal(2, page[series(name .. "_count", other)])
    assert.equal(0.49, page[series(name .. "_sum", other)])
  end)

  it("goes on counting from run to run, and never goes back", function()
    local first = page_of({})
    local second = page_of({}, sample.new({ code = 0, status = "ok" }, { hit_rate = false }))
    assert.equal(1, second[series("ggen_runs_total", 'status="failed"')])
    assert.equal(1, second[series("ggen_runs_total", 'status="ok"')])
    assert.equal(6, second[series("ggen_cache_hits_total")])
    assert.equal(4, second[series("ggen_task_duration_seconds_count", 'task="other"')])
    -- Not known in this run.
    assert.is_nil(second[series("ggen_last_run_cache_hit_ratio")])
    for name, value in pairs(first) do
      if name:find("_total{") or name:find("ggen_task_duration") then
        assert.is_true(second[name] >= value, name)
      end
    end
  end)

  it("takes no negative and absurd figures", function()
    local record = sample.new(nil, { saved = -5, cpu = "x", misses = -1 })
    record.tasks[1].ran = -3
    local page = page_of({}, record)
    assert.equal(0, page[series("ggen_saved_seconds_total")])
    assert.equal(0, page[series("ggen_cache_misses_total")])
    assert.equal(0.3, page[series("ggen_task_duration_seconds_sum", 'task="other"')])
  end)

  it("gives the tasks that are named a histogram of their own, up to a limit", function()
    local params = { tasks = { "*#build", "api#*" }, most_tasks = 1 }
    local page, notes = page_of(params)
    assert.equal(1, page[series("ggen_task_duration_seconds_count", 'task="api#build"')])
    assert.equal(1, page[series("ggen_task_duration_seconds_count", 'task="other"')])
    assert.equal(1, #notes)
    assert.matches('more than 1 tasks fit `tasks`: the others are counted as "other"', notes[1],
      1, true)
    params.most_tasks = 5
    page, notes = page_of(params)
    assert.same({}, notes)
    assert.equal(2, page[series("ggen_task_duration_seconds_count", 'task="api#build"')])
    assert.equal(1, page[series("ggen_task_duration_seconds_count", 'task="api#test"')])
  end)

  it("escapes labels", function()
    local record = sample.new({ pipeline = 'a"b\\c\nd' })
    local _, _, text = page_of({ labels = { team = "x" } }, record)
    assert.truthy(text:find('{pipeline="a\\"b\\\\c\\nd",team="x"} ', 1, true))
  end)

  it("begins a histogram anew whose buckets are others", function()
    page_of({})
    local page = page_of({ buckets = { 0.25, 1 } })
    assert.equal(1, page[series("ggen_task_duration_seconds_bucket", 'task="other",le="0.25"')])
    assert.equal(2, page[series("ggen_task_duration_seconds_count", 'task="other"')])
    assert.equal(6, page[series("ggen_cache_hits_total")])
    page = page_of({ buckets = { 0.2, 1 } })
    assert.equal(2, page[series("ggen_task_duration_seconds_count", 'task="other"')])
  end)

  it("begins anew with a state that is damaged or of somebody else, and says so", function()
    for _, bytes in ipairs({ "{", "[1]", '"x"', '{"schema":"other"}',
      '{"schema":"ggen-prometheus","version":2,"pipelines":{}}' }) do
      assert(fs.write(dir .. "/state.json", bytes))
      local page, notes = page_of({ state = "state.json" })
      assert.equal(3, page[series("ggen_cache_hits_total")])
      assert.equal(1, #notes)
      assert.matches("state.json", notes[1])
    end
    -- Damage within is left out.
    assert(fs.write(dir .. "/state.json", [[{"schema":"ggen-prometheus","version":1,"pipelines":
      {"shop":{"cache":{"hits":-1,"misses":"x"},"runs":3,"bounds":[0.25,1],"durations":
      {"other":{"counts":[1],"sum":1,"count":1},"x":7}}}}]]))
    local page, notes = page_of({ state = "state.json", buckets = { 0.25, 1 } })
    assert.same({}, notes)
    assert.equal(3, page[series("ggen_cache_hits_total")])
    assert.equal(2, page[series("ggen_task_duration_seconds_count", 'task="other"')])
  end)

  it("says when it cannot write, and lets the run be", function()
    assert(fs.write(dir .. "/file", ""))
    local run, notes = sample.run(sample.new())
    make({ file = "file/x.prom", state = "file/state" }):on_run_end(run)
    assert.equal(2, #notes)
    assert.matches("warning: prometheus: .*file/x.prom", notes[1])
    assert.matches("the totals are not kept", notes[2])
  end)

  it("writes nothing for a dry run", function()
    make({ file = "x.prom" }):on_run_end({ record = function() end })
    assert.same({}, fs.list(dir))
  end)

  it("puts the page into its group of the Pushgateway", function()
    server.with({ { status = 200 } }, function(url, requests)
      local run, notes = sample.run(sample.new())
      make({ push = url .. "/", job = "ci/main", grouping = { instance = "a b", empty = "" } })
        :on_run_end(run)
      assert.same({}, notes)
      server.wait(requests, 1)
      local request = requests[1]
      assert.equal("PUT", request.method)
      assert.equal("/metrics/job@base64/Y2kvbWFpbg/empty@base64/=/instance/a%20b/pipeline/shop",
        request.path)
      assert.matches("^text/plain", request.headers["content-type"])
      assert.truthy(request.body:find('ggen_runs_total{pipeline="shop",status="failed"} 1\n', 1,
        true))
    end)
  end)

  it("warns once of a Pushgateway that does not take it", function()
    local gone
    server.with({ { status = 400, body = "pushed metrics are\ninvalid" }, { hold = true } },
      function(url)
        gone = url
        local run, notes = sample.run(sample.new())
        make({ push = url }):on_run_end(run)
        assert.same({ "warning: prometheus: not pushed: the Pushgateway answered 400: pushed"
          .. " metrics are invalid" }, notes)
        run, notes = sample.run(sample.new())
        make({ push = url, timeout = "50ms" }):on_run_end(run)
        assert.equal(1, #notes)
        assert.matches("not pushed: .*no answer within 0.05 s", notes[1])
      end)
    local run, notes = sample.run(sample.new())
    make({ push = gone }):on_run_end(run)
    assert.equal(1, #notes)
    assert.matches("not pushed: .*cannot connect", notes[1])
  end)

  it("does not wait for another run's push: that run pushes its counts, too", function()
    local http, bodies, notes_of_other = require("ggen.http"), {}, nil
    local request = http.request
    http.request = function(asked)
      bodies[#bodies + 1] = asked.body
      if #bodies == 1 then
        local run, notes = sample.run(sample.new({ code = 0, status = "ok" }))
        make({ push = "http://gateway" }):on_run_end(run)
        notes_of_other = notes
      end
      return { status = 200, headers = {}, body = "" }
    end
    local run, notes = sample.run(sample.new())
    local ok, problem = pcall(function() make({ push = "http://gateway" }):on_run_end(run) end)
    http.request = request
    assert(ok, problem)
    assert.same({ {}, {} }, { notes, notes_of_other })
    assert.equal(2, #bodies)
    assert.is_nil(bodies[1]:find('status="ok"} 1\n', 1, true))
    for _, line in ipairs({ 'ggen_runs_total{pipeline="shop",status="ok"} 1\n',
      'ggen_runs_total{pipeline="shop",status="failed"} 1\n',
      'ggen_last_run_exit_code{pipeline="shop"} 0\n',
      'ggen_last_run_tasks{pipeline="shop",status="fresh"} 2\n' }) do
      assert.truthy(bodies[2]:find(line, 1, true), line)
    end
  end)

  it("does not take others' control characters over", function()
    server.with({ { status = 400, body = "a\27[31mb\0\127c\194\155d " .. ("ü"):rep(300) } },
      function(url)
        local run, notes = sample.run(sample.new())
        make({ push = url }):on_run_end(run)
        assert.equal(1, #notes)
        assert.matches("answered 400: a %[31mb c d ü", notes[1])
        assert.is_nil(notes[1]:find("%c"))
        assert.is_nil(notes[1]:find("\194\155", 1, true))
        assert.is_true(#notes[1] < 300)
        assert.equal("ü", notes[1]:sub(-2))
      end)
  end)

  it("refuses params that make no sense", function()
    for _, params in ipairs({ { labels = { ["a-b"] = "x" } }, { labels = { le = "x" } },
      { grouping = { job = "x" } }, { buckets = { 1, 1 } }, { tasks = { "[" } },
      { fil = "x" } }) do
      assert.is_false((pcall(make, params)))
    end
  end)
end)
