-- The calls, and what is made of answers that are wrong.
-- SPDX-License-Identifier: MIT
local engines = require("engine")
local json = require("ggen.core.json")

local function answer(value, status)
  return { status = status or 200, body = type(value) == "string" and value
    or assert(json.encode(value)) }
end

local ID = ("0123456789abcdef"):rep(4)

describe("a container engine", function()
  it("is asked what the API says", function()
    engines.with({ answer({ Id = ID, Warnings = {} }, 201), answer("", 204), answer("", 304),
      answer("", 204), answer("", 204), answer("", 204), answer("", 204) },
    function(engine, requests)
      assert.equal(ID, engine:create({
        image = "postgres:16", name = "db", cmd = { "postgres", "-c", "x=1" }, entrypoint = {},
        env = { B = "x y", A = 1 }, labels = { ["ggen.run"] = "7" }, user = "70", workdir = "/w",
        ports = { 5432, { container = 53, protocol = "udp", host = 5353, ip = "0.0.0.0" } },
        mounts = { { source = "/a", target = "/b", read_only = true },
          { source = "vol", target = "/v", type = "volume" },
          { source = "/c", target = "/d", options = "z", read_only = true },
          { source = "/a,b", target = "/e", read_only = true }, { source = "/f", target = "/g,h" },
          { target = "/t", type = "tmpfs", options = "size=1m" } },
        tmpfs = { ["/run"] = "" }, memory = "64MiB", cpus = 0.5, pids = 10, network = "none",
        read_only = true, init = true, stdin = true, stop_signal = "INT", stop_timeout = 3,
        auto_remove = true, cap_drop = { "ALL" }, security = { "no-new-privileges" },
        extra = { Hostname = "h", HostConfig = { ShmSize = 1024 } } }))
      assert.is_true(engine:start(ID))
      assert.is_true(engine:start(ID)) -- it runs already
      assert.is_true(engine:stop("db", { timeout = "1500ms" }))
      assert.is_true(engine:kill("db", 15))
      assert.is_true(engine:remove("db", { force = true, volumes = true }))
      assert.is_true(engine:rename("db", "other"))
      engines.wait(requests, 8)
      local request = requests[2]
      assert.same({ "POST", "/v1.43/containers/create?name=db" }, { request.method, request.path })
      assert.equal("application/json", request.headers["content-type"])
      assert.same({
        Image = "postgres:16", Cmd = { "postgres", "-c", "x=1" }, Entrypoint = {},
        Env = { "A=1", "B=x y" }, Labels = { ["ggen.run"] = "7" }, User = "70", WorkingDir = "/w",
        ExposedPorts = { ["5432/tcp"] = {}, ["53/udp"] = {} }, OpenStdin = true,
        StopSignal = "INT", StopTimeout = 3, Hostname = "h",
        HostConfig = { Memory = 67108864, NanoCpus = 500000000, PidsLimit = 10,
          NetworkMode = "none", ReadonlyRootfs = true, Init = true, AutoRemove = true,
          CapDrop = { "ALL" }, SecurityOpt = { "no-new-privileges" }, ShmSize = 1024,
          Tmpfs = { ["/run"] = "", ["/t"] = "size=1m" },
          Binds = { "/c:/d:ro,z", "/a,b:/e:ro", "/f:/g,h:rw" },
          Mounts = { { Type = "bind", Source = "/a", Target = "/b", ReadOnly = true },
            { Type = "volume", Source = "vol", Target = "/v" } },
          PortBindings = { ["5432/tcp"] = { { HostIp = "127.0.0.1", HostPort = "" } },
            ["53/udp"] = { { HostIp = "0.0.0.0", HostPort = "5353" } } } } },
        json.decode(request.body))
      local lines = {}
      for i = 3, 8 do lines[i - 2] = requests[i].method .. " " .. requests[i].path end
      assert.same({ "POST /v1.43/containers/" .. ID .. "/start",
        "POST /v1.43/containers/" .. ID .. "/start", "POST /v1.43/containers/db/stop?t=2",
        "POST /v1.43/containers/db/kill?signal=15", "DELETE /v1.43/containers/db?force=1&v=1",
        "POST /v1.43/containers/db/rename?name=other" }, lines)
    end)
  end)

  it("says what containers are", function()
    local inspected = { Id = ID, Name = "/db", Created = "2026-11-22T00:00:00Z",
      Config = { Image = "postgres:16", Labels = { a = "b" }, Tty = false },
      State = { Status = "exited", Running = false, Paused = false, ExitCode = 3, Pid = 0,
        Error = "", StartedAt = "2026-11-22T01:00:00.5+02:00",
        FinishedAt = "2026-11-22T00:00:07.25Z", Health = { Status = "unhealthy" } },
      NetworkSettings = { IPAddress = "", Networks = { n = { IPAddress = "10.1.2.3" } },
        Ports = { ["5432/tcp"] = { { HostIp = "0.0.0.0", HostPort = "49153" },
          { HostIp = "::", HostPort = "49154" } }, ["80/tcp"] = json.null } },
      Mounts = { { Type = "bind", Source = "/a", Destination = "/b", RW = false } } }
    local bare = { Id = ID, State = { Running = true, Paused = true, Status = "paused", Pid = 7,
      StartedAt = "0001-01-01T00:00:00Z" } }
    local list = { { Id = ID, Names = { "/db" }, Image = "postgres:16", State = "running",
      Labels = { a = "b" }, Created = 5, Ports = { { PrivatePort = 5432, PublicPort = 49153,
        IP = "127.0.0.1", Type = "tcp" }, { PrivatePort = 80, Type = "tcp" } } } }
    engines.with({ answer(inspected), answer(bare), answer(json.array(list)) },
      function(engine, requests)
        local container = engine:inspect("db")
        container.raw = nil
        assert.same({ id = ID, name = "db", image = "postgres:16", status = "exited",
          running = false, paused = false, exit_code = 3, started = 1795302000.5,
          finished = 1795305607.25, ip = "10.1.2.3", labels = { a = "b" }, health = "unhealthy",
          tty = false, ports = { ["5432/tcp"] = { ip = "127.0.0.1", port = 49153 } },
          mounts = { { type = "bind", source = "/a", target = "/b", read_only = true } } },
          container)
        container = engine:inspect(ID)
        assert.same({ true, true, "paused", 7, nil, nil }, { container.running, container.paused,
          container.status, container.pid, container.exit_code, container.started })
        assert.same({ { id = ID, name = "db", image = "postgres:16", state = "running",
          labels = { a = "b" }, created = 5,
          ports = { ["5432/tcp"] = { ip = "127.0.0.1", port = 49153 } } } },
          engine:list({ labels = { b = true, a = "x/y" }, all = true }))
        engines.wait(requests, 4)
        assert.equal("/v1.43/containers/json?all=1&filters="
          .. "%7B%22label%22%3A%5B%22a%3Dx%2Fy%22%2C%22b%22%5D%7D", requests[4].path)
      end)
  end)

  it("may answer with anything", function()
    local odd = { "[]", "{}", "null", "7", '"x"', "", "[1,null,{}]",
      '{"Id":7,"State":[],"Config":"x","NetworkSettings":{"Ports":{"5432/tcp":"x","1/tcp":[7],'
        .. '"2/tcp":[{"HostPort":{}}],"3/tcp":[{"HostPort":"-1"}]},"Networks":[[1]]},"Mounts":[1],'
        .. '"Name":{},"Volumes":7,"StatusCode":"0","Titles":[1],"Processes":[[1],2],"Names":[1]}',
      ("["):rep(600) .. ("]"):rep(600), '{"Id":"a\\u0000b"', "\255\254" }
    local calls = {
      function(engine) return engine:inspect("x") end,
      function(engine) return engine:list() end,
      function(engine) return engine:image("x") end,
      function(engine) return engine:volumes() end,
      function(engine) return engine:volume_create({ name = "x" }) end,
      function(engine) return engine:create({ image = "x" }) end,
      function(engine) return engine:wait("x") end,
      function(engine) return engine:top("x") end,
      function(engine) return engine:info() end,
    }
    local answers = {}
    for _ in ipairs(calls) do
      for _, body in ipairs(odd) do
        answers[#answers + 1] = { raw = engines.base64(
          ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)) }
      end
    end
    engines.with(answers, function(engine)
      for _, call in ipairs(calls) do
        for _, body in ipairs(odd) do
          local value, message, kind = call(engine)
          if value == nil then
            assert.equal("string", type(message), body)
            assert.equal("protocol", kind)
          end
        end
      end
    end)
  end)

  -- status, body, the call, kind, part of the message
  local function refusals(rows)
    local answers = {}
    for i, row in ipairs(rows) do answers[i] = answer(row[2], row[1]) end
    engines.with(answers, function(engine)
      for _, row in ipairs(rows) do
        local value, message, kind = row[3](engine)
        assert.is_nil(value)
        assert.same({ row[4], true }, { kind, message:find(row[5], 1, true) ~= nil, }, message)
      end
    end)
  end

  local function start(engine) return engine:start("db") end
  local function create(engine) return engine:create({ image = "x" }) end
  local function said(message) return { message = message } end

  it("refuses by a status", function()
    refusals({
      { 400, said("bad parameter"), start, "bad_request", "start container db: bad parameter" },
      { 401, said("x"), start, "denied", "log in" },
      { 403, said("x"), start, "denied", "log in" },
      { 404, said("x"), start, "no_such_container", "list those that are there" },
      { 404, said("x"), create, "no_such_image", "pull or build it first" },
      { 404, said("x"), function(e) return e:volume_remove("v") end, "no_such_volume", "create" },
      { 404, said("page not found"), start, "protocol", "does not know how (404: page not found)" },
      { 406, said("x"), create, "bad_request", "x" },
      { 409, said("x"), create, "conflict", "create container of x: x" },
      { 500, said("boom"), start, "server", "the engine failed (500): boom; its own log" },
      { 501, said("x"), start, "protocol", "does not know how (501: x)" },
      { 503, "", start, "server", "the engine answered 503" },
      { 507, said("x"), start, "no_space", "docker system df" },
      { 500, "<html>\n<b>no\27[31m</b>" .. ("x"):rep(9999), start, "server", "<html> <b>no [31m" },
      { 500, '{"message":{"a":1}}', start, "server", "answered 500" },
      { 500, '{"cause":"boom"', start, "server", '{"cause":"boom"' },
      { 400, '{"cause":"because"}', start, "bad_request", "because" },
    })
  end)

  it("refuses by a text, whatever the status", function()
    local port = "driver failed programming external connectivity: Bind for 127.0.0.1:80 failed: "
      .. "port is already allocated"
    refusals({
      { 500, said(port), start, "port_taken", "let the engine choose one" },
      { 500, said("listen tcp4 127.0.0.1:1: bind: address already in use"), start, "port_taken",
        "end what listens there" },
      { 404, said("No such image: x:latest"), create, "no_such_image", "pull" },
      { 500, said('no container with name or ID "x" found: no such container'), start,
        "no_such_container", "removed" },
      { 409, said("Container 7 is not running"), start, "not_running", "start it first" },
      { 409, said('Conflict. The container name "/db" is already in use by container "7".'), create,
        "conflict", "already in use" },
      { 500, said("write /x: no space left on device"), create, "no_space", "make room" },
      { 500, said("unable to find network with name or ID n: network not found"), create,
        "no_such_network", "none, bridge or host" },
      { 500, said('exec: "x": executable file not found in $PATH: unknown'), start, "bad_request",
        "executable file not found" },
      { 409, said("removal of container 7 is already in progress"), start, "conflict", "progress" },
    })
  end)

  it("does not get what is wrong", function()
    engines.with({}, function(engine, requests)
      local function fault(call) return select(2, pcall(call)) end
      assert.matches('unknown field "imgae" %(did you mean "image"%?%)', fault(function()
        engine:create({ imgae = "x" })
      end))
      assert.matches('calls_spec.*field "mounts%[1%]": source is missing', fault(function()
        engine:create({ image = "x", mounts = { { target = "/x" } } })
      end))
      assert.matches('"ports%[1%]', fault(function()
        engine:create({ image = "x", ports = { 70000 } })
      end))
      assert.matches("A=B", fault(function()
        engine:create({ image = "x", env = { ["A=B"] = "x" } })
      end))
      for _, id in ipairs({ "", "../x", "a/b", "a b", "-x", "a?b", "a\nb", 7 }) do
        assert.matches("calls_spec.*a name or id of a container expected", fault(function()
          engine:start(id)
        end))
      end
      assert.matches("signal expected", fault(function() engine:kill("x", "TE RM") end))
      for _, ref in ipairs({ "", "../x", "a//b", "a b", "a?b=c", ("x"):rep(600), "-v" }) do
        local image, message, kind = engine:image(ref)
        assert.same({ nil, "bad_request" }, { image, kind })
        assert.matches("is no name of an image", message)
        assert.equal("bad_request", (select(3, engine:create({ image = ref }))))
        assert.equal("bad_request", (select(3, engine:pull(ref))))
      end
      engines.wait(requests, 1)
    end)
  end)

  it("closes within an answer, hangs, or floods", function()
    engines.with({ { body = "{", length = 100, close = true }, { silent = true, close = true },
      { silent = true, hang = true },
      { headers = { ["X-Flood"] = ("x"):rep(400000) }, body = "{}" },
      { raw = engines.base64("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        close = true },
      { raw = engines.base64("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        .. "fffffffffffffffff\r\n{}\r\n"), close = true },
      { raw = engines.base64("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n"),
        close = true },
      { raw = engines.base64("\0\0\0\0"), close = true },
      { body = '{"Id":"x"}' } }, function(engine)
      local kinds = {}
      for i = 1, 8 do
        local value, message, kind = engine:inspect("db")
        assert.is_nil(value)
        assert.matches("^inspect container db: the engine at unix://", message)
        kinds[i] = kind
      end
      assert.same({ "closed", "closed", "timeout", "protocol", "closed", "closed", "closed",
        "protocol" }, kinds)
      assert.equal("x", engine:inspect("db").id)
    end, { timeout = "200ms" })
  end)

  it("is asked over one connection", function()
    local answers = {}
    for i = 1, 50 do answers[i] = { body = "{}" } end
    engines.with(answers, function(engine, requests)
      for _ = 1, 50 do assert(engine:info()) end
      engines.wait(requests, 51)
      for _, request in ipairs(requests) do assert.equal(1, request.connection) end
      assert.equal(51, engine.requests)
    end)
  end)
end)
