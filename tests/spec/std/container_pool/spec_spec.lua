-- What a pipeline says of a container: defaults, conflicts, digests.
-- SPDX-License-Identifier: MIT
local spec_of = require("ggen.std.container_pool.spec")

local function refused(given)
  local spec, message, where = spec_of.check(given)
  assert.is_nil(spec)
  return require("ggen.schema").message(message, where)
end

describe("the spec of a container", function()
  it("has defaults", function()
    local spec = assert(spec_of.check({ image = "redis:7", ports = 6379 }))
    assert.same({ 1, 0, "recreate", "pause", "bridge" },
      { spec.size, spec.min, spec.reset, spec.idle, spec.network })
    assert.same({ { container = 6379, protocol = "tcp" } }, spec.ports)
    assert.is_nil(spec.ready)
    assert.equal("none", assert(spec_of.check({ image = "x", socket = "/tmp" })).network)
    assert.equal("bridge", assert(spec_of.check({ image = "x" })).network)
  end)

  it("takes a command for ready as it is", function()
    local spec = assert(spec_of.check({ image = "x", ready = { "pg_isready", "-q" } }))
    assert.same({ cmd = { "pg_isready", "-q" }, timeout = 30, interval = 0.1 }, spec.ready)
    spec = assert(spec_of.check({ image = "x", ready = { cmd = "test -f /ok", timeout = "2s" } }))
    assert.same({ cmd = "test -f /ok", timeout = 2, interval = 0.1 }, spec.ready)
  end)

  it("may be checked twice", function()
    local once = assert(spec_of.check({ image = "x", ports = { 1, { container = 2, host = 3 } },
      ready = { "true" }, env = { A = 1 }, memory = "1MiB" }))
    assert.same(once, (spec_of.check(once)))
    assert.equal("1", once.env.A)
  end)

  it("says what does not go together", function()
    for text, given in pairs({
      ['unknown field "iamge" (did you mean "image"?)'] = { iamge = "x" },
      ['field "image" is missing'] = { size = 2 },
      ['field "image": "a b" is no name of an image'] = { image = "a b" },
      ['field "min": 3 are to be made at the start, and there may be 2 at most'] =
        { image = "x", size = 2, min = 3 },
      ["port 5432 of this machine can be that of one container only, and size is 2"] =
        { image = "x", size = 2, ports = { { container = 5432, host = 5432 } } },
      ['field "ready": cmd and port at once (choose one)'] =
        { image = "x", ready = { cmd = "true", port = 1 } },
      ['field "ready": it says nothing to wait for (one of cmd, port, log, http)'] =
        { image = "x", ready = { timeout = "1s" } },
      ['field "ready.port": port 80 is not published (ports = { 80 })'] =
        { image = "x", ports = { 8080 }, ready = { port = 80 } },
      ['field "ready.http": no port is published that it could be asked at'] =
        { image = "x", ready = { http = "/" } },
      ['field "ready.http": "health" is no path of a URL'] =
        { image = "x", ports = { 80 }, ready = { http = "health" } },
      ['field "ports": a container without a network has no ports'] =
        { image = "x", ports = { 80 }, network = "none" },
      ['field "ports": port 80/tcp is there twice'] = { image = "x", ports = { 80, 80 } },
      ['field "mounts[1].target": something else is mounted at /tmp already'] =
        { image = "x", socket = "/tmp", mounts = { { source = "a", target = "/tmp" } } },
      ['did you mean "restart"?'] = { image = "x", reset = "restrat" },
      ['did you mean "pause"?'] = { image = "x", idle = "pasue" },
      ['field "socket": "tmp" is no absolute path'] = { image = "x", socket = "tmp" },
    }) do
      assert.matches(text, refused(given), 1, true)
    end
  end)

  it("has a digest of what makes a container what it is", function()
    local function digest(given, id) return spec_of.digest(assert(spec_of.check(given)), id) end
    local one = digest({ image = "x", env = { A = "1", B = "2" } }, "i")
    assert.equal(one, digest({ image = "x", env = { B = "2", A = 1 }, size = 3, idle = "run",
      reset = "restart", keep = "1h" }, "i"))
    assert.not_equal(one, digest({ image = "x", env = { A = "1", B = "3" } }, "i"))
    assert.not_equal(one, digest({ image = "x", env = { A = "1", B = "2" } }, "j"))
    assert.not_equal(digest({ image = "x", cmd = { "a", "b" } }),
      digest({ image = "x", cmd = { "a1:b" } }))
  end)

  it("is what the engine is asked to create", function()
    local spec = assert(spec_of.check({ image = "x", ports = { 80 }, socket = "/run/s",
      mounts = { { source = "./data", target = "/data", read_only = true } }, tmpfs = "/var",
      memory = "1MiB", env = { A = 1 } }))
    assert.same({ name = "n", image = "x", env = { A = "1" },
      ports = { { container = 80, ip = "127.0.0.1", protocol = "tcp" } },
      mounts = { { source = "/p/data", target = "/data", read_only = true, type = "bind" },
        { source = "/s", target = "/run/s", type = "bind" } },
      tmpfs = { ["/var"] = "" }, memory = 1048576, network = "bridge" },
      spec_of.creation(spec, { name = "n", project_dir = "/p",
        socket_dir = "/s" }))
  end)

  it("refuses variables that no environment can hold", function()
    for _, name in ipairs({ "", "A=B", "A\0" }) do
      assert.equal(('field "env": %q is no name of a variable'):format(name),
        refused({ image = "x", env = { [name] = "1" } }))
    end
    assert.equal('field "env": A: a text without NUL bytes expected',
      refused({ image = "x", env = { A = "x\0y" } }))
  end)

  it("fills in what a lease has", function()
    local lease = { host = "h", port = 1, name = "db",
      ports = { ["5432/tcp"] = 1, ["53/udp"] = 2 } }
    assert.same({ A = "h:1/1/2", B = "db", C = "3", D = "-" }, spec_of.filled_in({
      A = "${host}:${port}/${port:5432}/${port:53}", B = "${name}", C = 3, D = "${socket}-" },
      lease))
    assert.equal('field "lease.A": a lease has no ${hots} (did you mean "host"?)',
      refused({ image = "x", lease = { A = "${hots}" } }))
  end)

  it("knows where its http check is asked", function()
    local function target(http)
      return { spec_of.http_target(assert(spec_of.check({ image = "x", ports = { 80, 9000 },
        ready = { http = http } }))) }
    end
    assert.same({ 80, "/health" }, target("/health"))
    assert.same({ 9000, "/live" }, target(":9000/live"))
    assert.same({ 9000, "/live" }, target("http://localhost:9000/live"))
  end)
end)
