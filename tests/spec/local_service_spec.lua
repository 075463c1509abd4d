-- Services as processes: ready before they are used, ended with all that they started.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local local_service = require("ggen.local_service")
local readiness = require("ggen.readiness")

-- Listens on its port until it is ended.
local SERVER = ("exec python3 -c '%s'"):format([[
import os, socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((os.environ["HOST"], int(os.environ["PORT"]))); s.listen()
print("listening", flush=True)
while True: s.accept()[0].sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
]])

describe("a service as a process", function()
  it("is ready when its port accepts, and ends with its directory", function()
    local service = assert(local_service.start({ run = SERVER }))
    assert.is_true(service:alive())
    assert.is_true(service.port > 0 and service.pid > 0)
    assert.equal("directory", fs.stat(service.dir).type)
    service:stop()
    assert.is_false(service:alive())
    assert.is_nil(fs.stat(service.dir))
  end)

  it("is ready by its output, by a command, by an address", function()
    for _, ready in ipairs({ { log = "listening" }, { http = "http://127.0.0.1:${PORT}/" },
      { cmd = "test -n \"$PORT\" -a -d \"$DIR\"" } }) do
      local service = assert(local_service.start({ run = SERVER, ready = ready }))
      service:stop()
    end
  end)

  it("says why it did not start", function()
    local service, message = local_service.start({ run = "echo no space left; exit 3" })
    assert.is_nil(service)
    assert.equal("it ended before it was ready (exit code 3: no space left)", message)
    service, message = local_service.start({ run = { "no-such-program-x" } })
    assert.is_nil(service)
    assert.matches("no%-such%-program%-x", message)
    service, message = local_service.start({ run = "exec tail -f /dev/null",
      ready = { log = "x", timeout = "50ms" } })
    assert.is_nil(service)
    assert.equal('it was not ready within 0.05 s ("x" in its output)', message)
  end)

  it("tries another port when its own was taken", function()
    local dir = assert(fs.make_temp_dir("ggen-spec"))
    -- The first one finds its port in use.
    local service = assert(local_service.start({ cwd = dir,
      run = "mkdir once 2> /dev/null && { echo Address already in use; exit 1; }; " .. SERVER }))
    service:stop()
    fs.remove(dir, { recursive = true })
  end)

  it("says when it ends by itself", function()
    local why = async.future()
    local service = assert(local_service.start({ run = "echo ready; exit 4",
      ready = { log = "ready" } }, { on_end = function(text) why:resolve(text) end }))
    if service:alive() then assert.equal("exit code 4: ready", why:wait()) end
    assert.equal("exit code 4: ready", service:ending())
    service:stop()
  end)

  it("ends one that does not want to", function()
    local service = assert(local_service.start({ grace = 0.05,
      run = "trap '' TERM; echo ready; while :; do tail -f /dev/null; done",
      ready = { log = "ready" } }))
    service:stop()
    assert.equal("signal KILL: ready", service:ending())
  end)

  it("refuses what is not in its schema", function()
    assert.error_matches(function() local_service.start({ rn = "x" }) end, 'did you mean "run"')
    assert.error_matches(function()
      local_service.start({ run = "x", ready = { port = 1, log = "x" } })
    end, "one of port, log, http and cmd")
  end)
end)

describe("a text in what is written", function()
  it("is found across pieces", function()
    for cut = 1, 4 do
      local feed, seen = readiness.watch("ready")
      local found
      async.run(function() seen:wait() found = true end)
      feed("not yet re")
      assert.is_nil(found)
      feed("x" .. ("ready"):sub(1, cut))
      feed(("ready"):sub(cut + 1))
      assert.is_true(found)
    end
  end)
end)
