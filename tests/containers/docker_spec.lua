-- std.docker against the real engine of the tests.
-- images: bb
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local docker = require("ggen.std.docker")

local IMAGE = "localhost/ggen/bb:1"
-- What another run left is not ours.
local OURS = require("ggen.random").hex(8)
local LABELS = { ["docker.spec"] = OURS }

local engine

-- Makes containers and removes them at the end of the spec, whatever happens.
local function create(more)
  local spec = { image = IMAGE, network = "none", labels = LABELS, stop_timeout = 1,
    cmd = { "tail", "-f", "/dev/null" } }
  for name, value in pairs(more or {}) do spec[name] = value end
  return assert(engine:create(spec))
end

local function with_container(more, body)
  local id = create(more)
  local ok, problem = pcall(body, id)
  engine:remove(id, { force = true, volumes = true })
  if not ok then error(problem, 0) end
end

-- One that runs, for specs that leave it as it was.
local shared

describe("docker", function()
  setup(function()
    engine = assert(docker.connect({
      host = "unix://" .. assert(os.getenv("GGEN_TEST_CONTAINER_SOCKET")) }))
    shared = create({ cmd = { "sh", "-c", "echo out; echo err >&2; exec tail -f /dev/null" },
      env = { A = "1", B = "x y" }, memory = "64MiB", pids = 50, tmpfs = { ["/scratch"] = "" } })
    assert(engine:start(shared))
  end)

  teardown(function()
    for _, container in ipairs(assert(engine:list({ labels = LABELS, all = true }))) do
      assert(engine:remove(container.id, { force = true, volumes = true }))
    end
  end)

  it("knows the engine and the image", function()
    assert.equal("podman", engine.name)
    assert.matches("^%d+%.%d+", engine.version)
    assert.matches("^1%.%d+$", engine.api_version)
    assert.is_true(engine:ping())
    assert.is_string(engine:info().ServerVersion)
    local image = assert(engine:image(IMAGE))
    assert.matches("^sha256:%x+$", image.id)
    assert.same({ IMAGE }, image.tags)
    local nothing, message, kind = engine:image("localhost/ggen/nothing:7")
    assert.is_nil(nothing)
    assert.equal("no_such_image", kind)
    assert.matches("^inspect image localhost/ggen/nothing:7: .*pull or build it first", message)
  end)

  it("asks a thousand times over one connection", function()
    local requests, connections = engine.requests, engine.connections
    for _ = 1, 1000 do assert(engine:ping()) end
    assert.equal(1000, engine.requests - requests)
    assert.equal(0, engine.connections - connections)
  end)

  it("starts, stops and removes", function()
    local id = create({ name = "docker-spec", cmd = { "sh", "-c",
      "trap 'exit 7' TERM; tail -f /dev/null & wait" } })
    assert.equal("created", engine:inspect(id).status)
    local again, message, kind = engine:create({ image = IMAGE, name = "docker-spec" })
    assert.same({ nil, "conflict" }, { again, kind })
    assert.matches("already in use", message)
    assert.equal("not_running", (select(3, engine:kill(id))))
    assert.equal("not_running", (select(3, engine:exec(id, { cmd = { "true" } }))))
    assert(engine:start(id))
    assert(engine:start(id))
    local container = assert(engine:inspect("docker-spec"))
    assert.same({ id, "docker-spec", "running", true }, { container.id, container.name,
      container.status, container.running })
    assert.is_true(container.pid > 0)
    assert.is_true(container.started > 1.7e9)
    assert.equal("conflict", (select(3, engine:remove(id))))
    assert(engine:stop(id, { timeout = "10s" }))
    assert(engine:stop(id))
    container = assert(engine:inspect(id))
    assert.same({ "exited", false, 7 }, { container.status, container.running,
      container.exit_code })
    assert.equal(7, engine:wait(id))
    assert(engine:rename(id, "docker-spec-2"))
    assert.equal("docker-spec-2", engine:inspect(id).name)
    assert(engine:remove(id))
    for _, call in ipairs({ "inspect", "start", "stop", "pause", "kill", "remove", "logs",
      "attach", "wait" }) do
      kind = select(3, engine[call](engine, id))
      assert.equal("no_such_container", kind, call)
    end
  end)

  it("pauses", function()
    assert(engine:pause(shared))
    assert.equal("conflict", (select(3, engine:pause(shared))))
    local container = engine:inspect(shared)
    assert.same({ true, true, "paused" }, { container.running, container.paused,
      container.status })
    assert.equal("paused", engine:list({ labels = LABELS })[1].state)
    assert(engine:unpause(shared))
    assert.equal("running", engine:inspect(shared).status)
  end)

  it("kills at once what does not end by itself", function()
    local clock = require("ggen.core.clock")
    -- The stop time-out of this one is an hour.
    local id = create({ stop_timeout = 3600 })
    assert(engine:start(id))
    local before = clock.monotonic()
    assert(engine:remove(id, { force = true }))
    assert.is_true(clock.monotonic() - before < 60)
  end)

  it("has limits, an environment and labels", function()
    local container = assert(engine:inspect(shared))
    assert.same(LABELS, { ["docker.spec"] = container.labels["docker.spec"] })
    assert.equal(64 * 1024 * 1024, container.raw.HostConfig.Memory)
    assert.equal(50, container.raw.HostConfig.PidsLimit)
    local listed = assert(engine:list({ labels = { ["docker.spec"] = OURS } }))
    assert.same({ 1, shared, IMAGE, "running" }, { #listed, listed[1].id, listed[1].image,
      listed[1].state })
    assert.same({}, engine:list({ labels = { ["docker.spec"] = OURS .. "x" }, all = true }))
    assert.same({}, engine:list({ labels = { ["docker.specs"] = true }, all = true }))
  end)

  it("publishes ports, and says which are taken", function()
    with_container({ network = "bridge", ports = { 80, { container = 53, protocol = "udp" } } },
      function(id)
        assert(engine:start(id))
        local ports = engine:inspect(id).ports
        assert.equal("127.0.0.1", ports["80/tcp"].ip)
        assert.is_true(ports["80/tcp"].port > 0 and ports["53/udp"].port > 0)
        for _, listed in ipairs(engine:list({ labels = LABELS })) do
          if listed.id == id then assert.same(ports, listed.ports) end
        end
        with_container({ network = "bridge",
          ports = { { container = 80, host = ports["80/tcp"].port } } }, function(other)
          local started, message, kind = engine:start(other)
          assert.same({ nil, "port_taken" }, { started, kind })
          assert.matches("let the engine choose one", message)
        end)
      end)
  end)

  it("refuses to start what is not there", function()
    with_container({ cmd = { "/nothing" } }, function(id)
      assert.equal("bad_request", (select(3, engine:start(id))))
    end)
    assert.equal("no_such_network",
      (select(3, engine:create({ image = IMAGE, network = "nothing" }))))
    assert.equal("no_such_image", (select(3, engine:create({ image = "nothing:7" }))))
  end)

  it("makes volumes and finds them by label", function()
    local volume = assert(engine:volume_create({ name = "docker-spec", labels = LABELS }))
    assert.equal("docker-spec", volume.name)
    local found = assert(engine:volumes({ labels = LABELS }))
    assert.same({ 1, "docker-spec", OURS }, { #found, found[1].name,
      found[1].labels["docker.spec"] })
    with_container({ mounts = { { type = "volume", source = "docker-spec", target = "/v" } } },
      function()
        assert.equal("conflict", (select(3, engine:volume_remove("docker-spec"))))
      end)
    assert(engine:volume_remove("docker-spec"))
    assert.equal("no_such_volume", (select(3, engine:volume_remove("docker-spec"))))
  end)

  it("reads logs", function()
    assert.same({ stdout = "out\n", stderr = "err\n" }, engine:logs(shared))
    assert.same({ stdout = "out\n", stderr = "" }, engine:logs(shared, { stderr = false }))
    assert.same({ stdout = "", stderr = "" }, engine:logs(shared, { tail = 0 }))
    local got = {}
    assert(engine:logs(shared, { on_output = function(stream, bytes)
      got[stream] = (got[stream] or "") .. bytes
    end }))
    assert.same({ out = "out\n", err = "err\n" }, got)
  end)

  it("follows logs to the end", function()
    -- A line is asked for when the one before it has come.
    with_container({ stdin = true,
      cmd = { "sh", "-c", "for i in 1 2 3; do echo $i; read x; done" } }, function(id)
      local input = assert(engine:attach(id, { stdin = true, stdout = false, stderr = false }))
      assert(engine:start(id))
      local got = ""
      assert(engine:logs(id, { follow = true, on_output = function(_, bytes)
        got = got .. bytes
        local lines = select(2, bytes:gsub("\n", ""))
        async.run(function() assert(input:write(("\n"):rep(lines))) end)
      end }))
      assert.equal("1\n2\n3\n", got)
      input:close()
    end)
    -- Until the reader has enough.
    local got = ""
    assert(engine:logs(shared, { follow = true, on_output = function(_, bytes)
      got = got .. bytes
      return got ~= "out\nerr\n"
    end }))
    assert.equal("out\nerr\n", got)
  end)

  it("runs commands", function()
    local result = assert(engine:exec(shared, { cmd = { "sh", "-c",
      "cat; echo $A $C; pwd; echo err >&2; exit 3" }, env = { C = 7 }, workdir = "/tmp",
      stdin = "in\0put\n" }))
    assert.same({ code = 3, stdout = "in\0put\n1 7\n/tmp\n", stderr = "err\n" }, result)
    result = assert(engine:exec(shared, { cmd = { "id", "-u" }, user = "65534" }))
    assert.equal("65534\n", result.stdout)
    -- Much in both directions, and not all of it kept.
    local much = ("0123456789abcdef"):rep(65536)
    local came = 0
    result = assert(engine:exec(shared, { cmd = { "cat" }, stdin = much, capture = 100,
      on_output = function(_, bytes) came = came + #bytes end }))
    assert.same({ 0, #much, 100, true }, { result.code, came, #result.stdout, result.truncated })
    -- One that reads nothing of what it gets.
    assert.equal(0, assert(engine:exec(shared, { cmd = { "true" }, stdin = much })).code)
  end)

  it("says what commands cannot be run", function()
    local result, message, kind = engine:exec(shared, { cmd = { "/nothing" } })
    assert.is_true(kind == "bad_request" or result.code == 127 or result.code == 126, message)
    assert.equal("no_such_container", (select(3, engine:exec("nothing", { cmd = { "true" } }))))
    result, message, kind = engine:exec(shared, { cmd = { "tail", "-f", "/dev/null" },
      timeout = "100ms" })
    assert.same({ nil, "timeout" }, { result, kind })
    assert.matches("run tail in container .*: not done after 0.10 s", message)
  end)

  it("talks to a process", function()
    local stream = assert(engine:exec_stream(shared, { cmd = { "sh" }, stdin = true }))
    assert(stream:write("echo hello\n"))
    assert.same({ "out", "hello\n" }, { stream:read() })
    assert(stream:write("echo oops >&2\n"))
    assert.same({ "err", "oops\n" }, { stream:read() })
    assert(stream:write("exit 5\n"))
    assert.same({ nil, nil }, { stream:read() })
    assert.equal(5, stream:exit_code())
    stream:close()
    stream = assert(engine:exec_stream(shared, { cmd = { "sh" }, stdin = true, tty = true }))
    assert(stream:write("stty -echo; exit\n"))
    local name = stream:read()
    assert.equal("out", name)
    stream:close()
  end)

  it("attaches before the start, and misses nothing", function()
    with_container({ cmd = { "sh", "-c", "echo ready; cat; exit 4" }, stdin = true }, function(id)
      local stream = assert(engine:attach(id, { stdin = true }))
      assert(engine:start(id))
      assert.same({ "out", "ready\n" }, { stream:read() })
      assert(stream:write("line\n"))
      assert.same({ "out", "line\n" }, { stream:read() })
      assert(stream:close_write())
      assert.is_nil((stream:read()))
      assert.equal(4, engine:wait(id))
      stream:close()
    end)
  end)

  it("waits for the end of a container, and for no other", function()
    -- Each ends when it gets a line.
    local function code_of(command)
      local code
      with_container({ cmd = { "sh", "-c", command }, stdin = true }, function(id)
        local input = assert(engine:attach(id, { stdin = true, stdout = false, stderr = false }))
        assert(engine:start(id))
        code = async.all({ function() return engine:wait(id) end,
          function() return assert(input:write("\n")) end })[1]
        input:close()
      end)
      return code
    end
    assert.equal(9, code_of("read line; exit 9"))
    local code, _, kind = engine:wait(shared, { timeout = "50ms" })
    assert.same({ nil, "timeout" }, { code, kind })
    -- Its output ends long before it does.
    assert.equal(8, code_of("exec >&- 2>&-; read line; exit 8"))
  end)

  it("is asked by many at once", function()
    local calls = {}
    for i = 1, 8 do
      calls[i] = function()
        return assert(engine:exec(shared, { cmd = { "echo", tostring(i) } })).stdout
      end
    end
    assert.same({ "1\n", "2\n", "3\n", "4\n", "5\n", "6\n", "7\n", "8\n" }, async.all(calls))
  end)

  it("unpacks an archive in a container", function()
    local tar = require("ggen.std.sh").run({ "sh", "-c",
      "cd \"$(mktemp -d)\" && echo hello >a.txt && tar c a.txt && rm -r \"$PWD\"" }).stdout
    assert(engine:put_archive(shared, "/scratch", tar))
    assert.equal("hello\n", engine:exec(shared, { cmd = { "cat", "/scratch/a.txt" } }).stdout)
    assert.equal("no_such_container",
      (select(3, engine:put_archive("nothing", "/scratch", tar))))
  end)

  it("says why a pull failed", function()
    local steps = 0
    local pulled, message, kind = engine:pull("127.0.0.1:1/nothing:7",
      { on_progress = function() steps = steps + 1 end })
    assert.is_nil(pulled)
    assert.is_true(kind == "server" or kind == "no_such_image", kind)
    assert.matches("^pull image 127.0.0.1:1/nothing:7: ", message)
  end)
end)
