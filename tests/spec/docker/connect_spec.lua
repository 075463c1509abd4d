-- SPDX-License-Identifier: MIT
local docker = require("ggen.std.docker")
local engines = require("engine")

describe("docker.find", function()
  it("takes what the environment says, DOCKER_HOST first", function()
    local found = docker.find({ DOCKER_HOST = "unix:///a.sock", CONTAINER_HOST = "unix:///b.sock" })
    assert.same({ unix_socket = "/a.sock", from = "DOCKER_HOST", shown = "unix:///a.sock" }, found)
    assert.equal("/b.sock", docker.find({ DOCKER_HOST = "",
      CONTAINER_HOST = "unix:///b.sock" }).unix_socket)
    assert.equal("/c.sock", docker.find({ DOCKER_HOST = "/c.sock" }).unix_socket)
  end)

  it("reads addresses", function()
    local function at(text, more)
      local env = { DOCKER_HOST = text, HOME = "/nowhere" }
      for name, value in pairs(more or {}) do env[name] = value end
      local found, message = docker.find(env)
      return found and ("%s %d%s"):format(found.host, found.port, found.tls and " tls" or "")
        or message
    end
    assert.equal("build-1.lan 2375", at("tcp://build-1.lan"))
    assert.equal("10.0.0.7 99", at("tcp://10.0.0.7:99/"))
    assert.equal("::1 2375", at("tcp://[::1]"))
    assert.equal("fe80::1 7", at("http://[fe80::1]:7"))
    assert.equal("h 2376 tls", at("https://h"))
    assert.equal("h 2376 tls", at("tcp://h", { DOCKER_TLS_VERIFY = "1" }))
    assert.equal("h 2375", at("tcp://h", { DOCKER_TLS_VERIFY = "" }))
    for _, text in ipairs({ "tcp://", "tcp://:80", "tcp://h:0", "tcp://h:65536", "tcp://h:1:2",
      "tcp://h/path", "tcp://h:12345678901234567890", "tcp://h@x" }) do
      assert.equal(("DOCKER_HOST=%s: expected tcp://HOST:PORT"):format(text), at(text))
    end
    assert.matches("^DOCKER_HOST=unix://x: the path of a socket begins with /", at("unix://x"))
    assert.matches("over ssh; forward its socket", at("ssh://me@h"))
    assert.matches("expected unix:///", at("fd://"))
    assert.matches("expected unix:///", at("npipe:////./pipe/docker_engine"))
    assert.matches("^DOCKER_HOST: an address without spaces", at("tcp://h\r\nX: y"))
  end)

  it("says where it looked, and how to get an engine", function()
    local find = require("ggen.std.docker.find")
    local real = find.usual_sockets
    finally(function() find.usual_sockets = real end)
    find.usual_sockets = function() return { "/nowhere/a.sock", "/nowhere/b.sock" } end
    local found, message = docker.find({})
    assert.is_nil(found)
    assert.equal("no container engine was found: DOCKER_HOST and CONTAINER_HOST are not set, and "
      .. "there is no socket /nowhere/a.sock, /nowhere/b.sock; " .. find.HELP, message)
  end)

  it("knows the usual sockets", function()
    local find = require("ggen.std.docker.find")
    local function with(env) return find.usual_sockets(function(name) return env[name] end) end
    assert.same({ "/var/run/docker.sock", "/run/podman/podman.sock" }, with({}))
    assert.same({ "/var/run/docker.sock", "/run/user/7/docker.sock",
      "/run/user/7/podman/podman.sock", "/run/podman/podman.sock" },
      with({ XDG_RUNTIME_DIR = "/run/user/7" }))
  end)
end)

describe("docker.connect", function()
  local function ping(headers, status)
    return { status = status, body = "OK", headers = headers }
  end

  local function connect(answer, options)
    local engine, message, kind, requests
    engines.serve({ answer }, function(host, asked)
      options = options or {}
      options.host = host
      engine, message, kind = docker.connect(options)
      requests = asked
    end)
    return engine, message, kind, requests
  end

  it("learns who answers, and speaks the newest version that both know", function()
    local engine, _, _, requests = connect(ping({ ["Api-Version"] = "1.43",
      Server = "Docker/24.0.7 (linux)" }))
    assert.same({ "docker", "24.0.7", "1.43", 1, 1 }, { engine.name, engine.version,
      engine.api_version, engine.requests, engine.connections })
    assert.same({ "GET", "/_ping" }, { requests[1].method, requests[1].path })
    engine = connect(ping({ ["Api-Version"] = "1.41", Server = "Libpod/4.3.1 (linux)",
      ["Libpod-Api-Version"] = "4.3.1" }))
    assert.same({ "podman", "4.3.1", "1.41" }, { engine.name, engine.version, engine.api_version })
    assert.equal("1.47", connect(ping({ ["Api-Version"] = "1.99" })).api_version)
    assert.equal("1.47", connect(ping({ ["Api-Version"] = "2.0" })).api_version)
  end)

  it("refuses engines that are too old, and what is no engine", function()
    local engine, message, kind = connect(ping({ ["Api-Version"] = "1.40",
      Server = "Docker/19.03.1 (linux)" }))
    assert.is_nil(engine)
    assert.equal("protocol", kind)
    assert.matches("docker 19.03.1%) speaks version 1.40 of the API, and 1.41 is the oldest",
      message)
    engine, message, kind = connect(ping({}))
    assert.is_nil(engine)
    assert.equal("protocol", kind)
    assert.matches("is no container engine", message)
    engine, message, kind = connect(ping({ ["Api-Version"] = "newest" }))
    assert.is_nil(engine)
    assert.matches("is no container engine", message)
    assert.equal("protocol", kind)
  end)

  it("tells nobody there, silence, half an answer and another protocol apart", function()
    local function refused(answer, options)
      local engine, message, kind = connect(answer, options)
      assert.is_nil(engine)
      return kind .. ": " .. message
    end
    local _, message, kind = docker.connect({ host = "unix:///nowhere/engine.sock" })
    assert.equal("no_engine", kind)
    assert.matches("^connect: no container engine answers at unix:///nowhere/engine.sock: "
      .. ".*No such file.*systemctl", message)
    assert.matches("^timeout: .*is it hung%?$", refused({ silent = true, hang = true },
      { connect_timeout = "50ms" }))
    assert.matches("^closed: .*was it stopped", refused({ silent = true, close = true }))
    assert.matches("^closed: ", refused({ body = "O", length = 2, close = true }))
    assert.matches("^protocol: ", refused({ raw = engines.base64("SSH-2.0-OpenSSH_9.2\r\n"),
      close = true }))
    assert.matches("^server: .*%(503%): busy", refused(ping({}, 503)):gsub("OK", "busy"))
  end)

  it("refuses options that are wrong", function()
    assert.error_matches(function() docker.connect({ hots = "x" }) end, 'did you mean "host"')
    assert.same({ nil, "host=x: expected unix:///path/to.sock or tcp://HOST:PORT", "no_engine" },
      { docker.connect({ host = "x" }) })
  end)

  it("asks nothing once it was closed", function()
    engines.with({}, function(engine, requests)
      engine:close()
      assert.same({ nil, "ping: this engine was closed", "closed" }, { engine:ping() })
      engines.wait(requests, 1)
    end)
  end)
end)
