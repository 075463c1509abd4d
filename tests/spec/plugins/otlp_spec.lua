-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")
local registry = require("ggen.registry")
local sample = require("sample_record")
local server = require("server")

local START = 1700000000

describe("observer.otlp", function()
  local dir, now, env, real_getenv

  before_each(function()
    dir, now, env = assert(fs.make_temp_dir("ggen-otlp-")), 50, {}
    real_getenv = os.getenv
    os.getenv = function(name) -- luacheck: ignore
      if name:find("^OTEL_") or name:find("^TRACE") or name == "HOSTNAME" then return env[name] end
      return real_getenv(name)
    end
  end)
  after_each(function()
    os.getenv = real_getenv -- luacheck: ignore
    assert(fs.remove(dir, { recursive = true }))
  end)

  local function make(params, options)
    -- Long enough for any machine; the flush ends when all is sent.
    params.flush = params.flush or "60s"
    local plugins = registry.new({ project_dir = dir, options = options or {},
      now = function() return now end, unix = function() return START + now - 50 end })
    return plugins:use("observer.otlp", params).impl
  end

  local function task(id, workspace) return { id = id, workspace = workspace } end

  -- A run of half a second with two tasks that end and one that is skipped.
  local function go(impl, record)
    local run, notes = sample.run(record or sample.new())
    impl:on_run_start(run)
    now = now + 0.25
    impl:on_task_end(task("api#build", "api"), { status = "ok", code = 0, duration = 0.2,
      attempts = 2, cache = "miss", reason = "first run",
      usage = { user = 0.1, sys = 0, peak_memory = 1048576 } })
    impl:on_task_end(task("api#test"), { status = "failed", code = 3, duration = 0.1,
      attempts = 1, cache = "bypass" })
    impl:on_task_skip(task("deploy"), "api#test failed")
    now = now + 0.25
    impl:on_run_end(run)
    return notes
  end

  local function plain(attributes)
    local map = {}
    for _, each in ipairs(attributes) do
      local kind, value = next(each.value)
      map[each.key] = kind == "intValue" and tonumber(value)
        or kind == "arrayValue" and #value.values or value
    end
    return map
  end

  -- The spans of all requests by name, and the first request's resource.
  local function spans_of(requests)
    local spans, resource = {}, nil
    for _, request in ipairs(requests) do
      if request.path:find("traces$") then
        local part = assert(json.decode(request.body)).resourceSpans[1]
        resource = resource or plain(part.resource.attributes)
        for _, span in ipairs(part.scopeSpans[1].spans) do
          span.attributes = plain(span.attributes)
          spans[span.name] = span
        end
      end
    end
    return spans, resource
  end

  it("sends the run as a trace", function()
    server.with({ {} }, function(url, requests)
      assert.same({}, go(make({ endpoint = url .. "/", headers = { ["X-Key"] = "k" } })))
      server.wait(requests, 2)
      assert.same({ "/v1/traces", "/v1/metrics" }, { requests[1].path, requests[2].path })
      assert.equal("application/json", requests[1].headers["content-type"])
      assert.equal("k", requests[1].headers["x-key"])
      local spans, resource = spans_of(requests)
      assert.equal("ggen-lua", resource["service.name"])
      local root, build, test = spans.shop, spans["api#build"], spans["api#test"]
      assert.is_nil(root.parentSpanId)
      assert.equal("1700000000000000000", root.startTimeUnixNano)
      assert.equal("1700000000500000000", root.endTimeUnixNano)
      assert.same({ code = 2, message = "failed: exit code 1" }, root.status)
      assert.equal("failure", root.attributes["cicd.pipeline.result"])
      assert.equal("run build", root.attributes["ggen.run.command"])
      assert.equal(2, root.attributes["ggen.run.critical_path.tasks"])
      assert.equal(("4f"):rep(20), root.attributes["vcs.ref.head.revision"])
      for _, span in pairs(spans) do
        assert.equal(root.traceId, span.traceId)
        assert.matches("^%x+$", span.spanId)
        assert.equal(16, #span.spanId)
        if span ~= root then assert.equal(root.spanId, span.parentSpanId) end
      end
      assert.matches("^1700000000049999", build.startTimeUnixNano) -- to what a double can say
      assert.equal("1700000000250000000", build.endTimeUnixNano)
      assert.same({}, build.status)
      assert.same({
        ["cicd.pipeline.task.name"] = "api#build", ["cicd.pipeline.task.run.result"] = "success",
        ["ggen.cache.state"] = "miss", ["ggen.task.attempts"] = 2,
        ["ggen.task.cpu.system"] = 0, ["ggen.task.cpu.user"] = 0.1,
        ["ggen.task.id"] = "api#build", ["ggen.task.memory.peak"] = 1048576,
        ["ggen.task.reason"] = "first run", ["ggen.task.status"] = "ok",
        ["ggen.task.workspace"] = "api", ["process.exit.code"] = 0,
      }, build.attributes)
      assert.same({ code = 2, message = "exit code 3" }, test.status)
      assert.equal("off", test.attributes["ggen.cache.state"])
      assert.equal("skip", spans.deploy.attributes["cicd.pipeline.task.run.result"])
      assert.equal(spans.deploy.startTimeUnixNano, spans.deploy.endTimeUnixNano)
    end)
  end)

  it("sends metrics of the run", function()
    server.with({ {} }, function(url, requests)
      go(make({ endpoint = url }))
      server.wait(requests, 2)
      local list = json.decode(requests[2].body).resourceMetrics[1].scopeMetrics[1].metrics
      local metrics = {}
      for _, metric in ipairs(list) do metrics[metric.name] = metric end
      assert.equal(0.5, metrics["ggen.run.duration"].gauge.dataPoints[1].asDouble)
      assert.equal("3", metrics["ggen.cache.hits"].sum.dataPoints[1].asInt)
      assert.equal(1, metrics["ggen.cache.hits"].sum.aggregationTemporality)
      local point = metrics["ggen.task.duration"].histogram.dataPoints[1]
      assert.equal("2", point.count)
      assert.equal(#point.explicitBounds + 1, #point.bucketCounts)
      assert.equal("1", point.bucketCounts[3]) -- 0.19, up to 0.25
    end)
    server.with({ {} }, function(url, requests)
      go(make({ endpoint = url, metrics = false }))
      server.wait(requests, 1)
    end)
  end)

  it("sends batches while the run goes on", function()
    server.with({ {} }, function(url, requests)
      local impl = make({ endpoint = url, batch = 2 })
      local run = sample.run(sample.new())
      impl:on_run_start(run)
      for i = 1, 4 do
        impl:on_task_end(task("t" .. i), { status = "ok", code = 0, duration = 0, attempts = 1 })
      end
      server.wait(requests, 2)
      impl:on_run_end(run)
      server.wait(requests, 4) -- the root, and the metrics
      local count = 0
      for _ in pairs((spans_of(requests))) do count = count + 1 end
      assert.equal(5, count)
    end)
  end)

  it("takes what it is not told from the variables of OpenTelemetry", function()
    server.with({ {} }, function(url, requests)
      env = { OTEL_EXPORTER_OTLP_ENDPOINT = url .. "/otlp", OTEL_SERVICE_NAME = "ci",
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT = url .. "/m",
        OTEL_EXPORTER_OTLP_HEADERS = "api-key=s%20e%3Dc , x=1",
        OTEL_RESOURCE_ATTRIBUTES = "team=build%2Cit,service.name=no" }
      assert.same({}, go(make({})))
      server.wait(requests, 2)
      assert.same({ "/otlp/v1/traces", "/m" }, { requests[1].path, requests[2].path })
      assert.equal("s e=c", requests[1].headers["api-key"])
      assert.equal("1", requests[1].headers.x)
      local _, resource = spans_of(requests)
      assert.same({ "ci", "build,it" }, { resource["service.name"], resource.team })
    end)
  end)

  it("is part of the trace of whoever started the run", function()
    local id, parent = ("ab"):rep(16), ("cd"):rep(8)
    server.with({ {} }, function(url, requests)
      local function root_of(traceparent, count)
        while #requests > 0 do table.remove(requests) end
        env = { TRACEPARENT = traceparent, TRACESTATE = "a=1" }
        go(make({ endpoint = url }))
        server.wait(requests, count)
        return spans_of(requests).shop
      end
      local root = root_of(("00-%s-%s-01"):format(id, parent), 2)
      assert.same({ id, parent, "a=1" }, { root.traceId, root.parentSpanId, root.traceState })
      -- Not sampled: the metrics alone.
      assert.is_nil(root_of(("00-%s-%s-00"):format(id, parent), 1))
      for _, wrong in ipairs({ "", "x", ("00-%s-%s-01"):format(("0"):rep(32), parent),
        ("ff-%s-%s-01"):format(id, parent), ("00-%s-%s-01-x"):format(id, parent),
        ("00-%s-%s-01"):format(id:sub(3), parent) }) do
        root = root_of(wrong, 2)
        assert.is_nil(root.parentSpanId)
        assert.not_equal(id, root.traceId)
      end
    end)
  end)

  it("does nothing where nobody says where to, where it is off, and in a dry run", function()
    assert.same({}, make({}))
    assert.same({}, make({ endpoint = "http://x" }, { dry_run = true }))
    env = { OTEL_SDK_DISABLED = "true" }
    assert.same({}, make({ endpoint = "http://x" }))
  end)

  it("warns once of a collector that is down, and the next run sends it", function()
    local gone
    server.with({ {} }, function(url) gone = url end)
    -- Shorter than the first wait for another attempt.
    local notes = go(make({ endpoint = gone, flush = "750ms" }))
    assert.same({ ("warning: otlp: POST %s/v1/traces: cannot connect to %s: Connection refused; 2"
      .. " to be sent by the next run"):format(gone, gone:match("//(.*)")) }, notes)
    server.with({ {} }, function(url, requests)
      assert.same({}, go(make({ endpoint = url })))
      server.wait(requests, 4)
      assert.same({}, fs.list(dir .. "/.ggen/outbox"))
    end)
  end)

  it("warns once of a collector that answers 500, 503, nothing, or takes a part", function()
    local function notes_with(answers, flush)
      local notes
      server.with(answers, function(url)
        notes = go(make({ endpoint = url, flush = flush }))
      end)
      assert.equal(1, #notes)
      return notes[1]
    end
    assert.matches("otlp: http://127.0.0.1:%d+/v1/metrics answered 500; 2 lost$",
      notes_with({ { status = 500 } }))
    assert.matches("answered 503: slow down; 2 to be sent by the next run$", notes_with({
      { status = 503, body = "slow down", headers = { ["Retry-After"] = "99" } } }))
    assert.equal(2, #fs.list(dir .. "/.ggen/outbox"))
    assert.matches("otlp: the collector refused 3 of what was sent: too old$", notes_with({
      { body = '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}' },
      { body = '{"partialSuccess":{}}' } }))
    assert.matches("/v1/traces has not answered yet; 2 to be sent by the next run$",
      notes_with({ { hold = true } }, "50ms"))
  end)
end)
