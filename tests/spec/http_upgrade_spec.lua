-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local head = require("ggen.http_head")
local http = require("ggen.http")
local json = require("ggen.core.json")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

-- A server on a unix socket: reads a head and the body that it announces, prints them as JSON, says
-- what its script says, one entry for each connection: { say = { pieces }, more = count of "x"
-- behind them, echo = true (says back what comes, to the end, then "bye"), hold = true (until the
-- other side is gone) }.
local SERVER = [[
import json, socket, sys
script = json.loads(sys.argv[2])
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("ready", flush=True)
for entry in script:
    peer = server.accept()[0]
    data = b""
    while b"\r\n\r\n" not in data: data += peer.recv(1)
    length = [int(l.split(b":")[1]) for l in data.split(b"\r\n") if l.startswith(b"Content-Length")]
    while len(data.split(b"\r\n\r\n", 1)[1]) < length[0]: data += peer.recv(1)
    print(json.dumps(data.decode("latin-1")), flush=True)
    try:
        for piece in entry.get("say", []): peer.sendall(piece.encode("latin-1"))
        peer.sendall(b"x" * entry.get("more", 0))
        while entry.get("echo") or entry.get("hold"):
            data = peer.recv(1 << 16)
            if not data: break
            if entry.get("echo"): peer.sendall(data)
        if entry.get("echo"): peer.sendall(b"bye")
    except OSError: pass
    peer.close()
]]

local UPGRADED = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

describe("http.upgrade", function()
  local dir, socket, server, requests, ended

  local function serve(script)
    requests, ended = {}, async.future()
    async.await(function(resume)
      local sink = output.callback(function(stream, bytes)
        if stream == "err" then io.stderr:write(bytes) return end
        for line in bytes:gmatch("[^\n]+") do
          if line == "ready" then resume() else requests[#requests + 1] = json.decode(line) end
        end
      end)
      local argv = { "python3", "-c", SERVER, socket, assert(json.encode(json.array(script))) }
      server = assert(process.run({ argv = argv, env = { PATH = os.getenv("PATH") },
        output = sink }, function()
        sink:close()
        server = nil
        ended:resolve()
      end))
    end)
  end

  local function ask(options)
    options = options or {}
    options.unix_socket, options.path = options.unix_socket or socket, options.path or "/attach"
    return http.upgrade(options)
  end

  -- What is read to the end of a stream.
  local function rest_of(stream)
    local parts = {}
    while true do
      local bytes, message = stream:read()
      if not bytes then return table.concat(parts), message end
      parts[#parts + 1] = bytes
    end
  end

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-upgrade-"))
    socket = dir .. "/s"
  end)
  after_each(function()
    if server then
      server:kill("KILL")
      ended:wait()
    end
    assert(fs.remove(dir, { recursive = true }))
  end)

  it("gives the connection, and each of its ends", function()
    serve({ { say = { UPGRADED .. "before" }, echo = true } })
    local stream, response = assert(ask({ headers = { ["X-A"] = 1 }, body = "{}" }))
    assert.equal(101, response.status)
    assert.equal("tcp", response.headers.upgrade)
    assert.equal("before", stream:read())
    assert.is_true(stream:write("one"))
    assert.equal("one", stream:read())
    assert.is_true(stream:write(""))
    assert.is_true(stream:close_write())
    assert.is_true(stream:close_write())
    assert.same({ nil, "the stream was closed" }, { stream:write("two") })
    local rest, message = rest_of(stream)
    assert.same({ "bye" }, { rest, message })
    assert.is_nil((stream:read())) -- and again
    stream:close()
    stream:close()
    assert.same({ nil, "the stream was closed" }, { stream:read() })
    assert.same({ nil, "the stream was closed" }, { stream:close_write() })
    assert.equal("POST /attach HTTP/1.1\r\nX-A: 1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
      .. "Upgrade: tcp\r\nUser-Agent: ggen-lua/" .. require("ggen.version")
      .. "\r\nContent-Length: 2\r\n\r\n{}", requests[1])
    ended:wait()
  end)

  it("gives it after a 200 without a length, and however the head comes", function()
    local text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\nA: b\nA:c\n\nrest"
    local pieces = {}
    for i = 1, #text do pieces[i] = text:sub(i, i) end
    serve({ { say = pieces } })
    local stream, response = assert(ask())
    assert.same({ 200, "b, c" }, { response.status, response.headers.a })
    assert.equal("rest", (rest_of(stream)))
    stream:close()
    ended:wait()
  end)

  it("carries much in both directions at once", function()
    serve({ { say = { UPGRADED }, echo = true } })
    local stream = assert(ask())
    local size, got = 5000000, 0
    async.all({
      function()
        for _ = 1, 5 do assert.is_true(stream:write(("x"):rep(size / 5))) end
        assert.is_true(stream:close_write())
      end,
      function() got = #rest_of(stream) end,
    })
    assert.equal(size + 3, got)
    stream:close()
    ended:wait()
  end)

  it("tells an answer that refuses, with its body", function()
    local function chunked(text)
      return "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n" .. text
    end
    serve({
      { say = { 'HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n{"a":', "behind" } },
      { say = { chunked("3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") } },
      { say = { "HTTP/1.1 500 Oh\r\n\r\nto the end" } },
      { say = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" } },
      { say = { "HTTP/1.1 500\r\nContent-Length: 10\r\n\r\nhalf" } },
      { say = { chunked("fffffffffffff\r\nabc") } },
      { say = { chunked("7fffffff\r\n") }, more = 2000000 },
      { say = { "HTTP/1.1 500 Oh\r\nContent-Length: 99999999999\r\n\r\n" }, more = 2000000 },
    })
    for _, expected in ipairs({ { 404, '{"a":' }, { 409, "abcde" }, { 500, "to the end" },
      { 200, "ok" }, { 500, "half" }, { 409, "" }, { 409, ("x"):rep(1024 * 1024) },
      { 500, ("x"):rep(1024 * 1024) } }) do
      local stream, message, kind, response = ask()
      assert.is_nil(stream)
      assert.equal("status", kind)
      assert.matches("^POST /attach over " .. socket:gsub("%p", "%%%0") .. ": the answer was %d+",
        message)
      assert.same(expected, { response.status, response.body })
    end
    ended:wait()
  end)

  it("takes nothing that is no answer", function()
    local cases = {
      { "", "closed", "without an answer" },
      { "HTTP/1.1 101 U\r\nA: b\r\n", "closed", "within the head" },
      { "SSH-2.0-OpenSSH\r\n\r\n", "protocol", "does not begin" },
      { "HTTP/2 101\r\n\r\n", "protocol", "does not begin" },
      { "HTTP/1.1 999 x\r\n\r\n", "protocol", "does not begin" },
      { "HTTP/1.1 101 U\r\nno colon\r\n\r\n", "protocol", "no header" },
      { "HTTP/1.1 101 U\r\n folded: x\r\n\r\n", "protocol", "no header" },
      { "HTTP/1.1 101 U\r\nA: b\0c\r\n\r\n", "protocol", "no header" },
      { "HTTP/1.1 500 x\r\nContent-Length: -1\r\n\r\n", "protocol", "Content%-Length" },
      { "HTTP/1.1 500 x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "protocol",
        "Content%-Length" },
      { "HTTP/1.1 101 U\r\nA: ", "limit", "above 64 KiB", more = 70000 },
      { "HTTP/1.1 101 U\r\nA: " .. ("x"):rep(66000) .. "\r\n\r\n", "limit", "above 64 KiB" },
      { ("HTTP/1.1 100 C\r\n\r\n"):rep(20), "protocol", "100 C" },
    }
    local script = {}
    for i, case in ipairs(cases) do script[i] = { say = { case[1] }, more = case.more } end
    serve(script)
    for _, case in ipairs(cases) do
      local stream, message, kind = ask()
      assert.is_nil(stream)
      assert.equal(case[2], kind)
      assert.matches(case[3], message)
    end
    ended:wait()
  end)

  it("does not wait for ever", function()
    serve({ { hold = true }, { say = { "HTTP/1.1 500 x\r\nContent-Length: 5\r\n\r\n" },
      hold = true } })
    for _ = 1, 2 do
      local stream, message, kind = ask({ timeout = "100ms" })
      assert.is_nil(stream)
      assert.equal("timeout", kind)
      assert.matches("no answer within 0.1 s$", message)
    end
    ended:wait() -- the connections were closed
  end)

  it("says when nobody is there", function()
    local stream, message, kind = ask()
    assert.same({ nil, ("POST /attach over %s: connect to %s: no such file or directory")
      :format(socket, socket), "refused" }, { stream, message, kind })
    -- Nothing may listen on port 1 of a machine that runs tests.
    kind = select(3, http.upgrade({ host = "127.0.0.1", port = 1, path = "/" }))
    assert.equal("refused", kind)
  end)

  it("a wait for it is given up, and goes on with the next", function()
    serve({ { say = { UPGRADED }, echo = true } })
    local stream = assert(ask())
    local _, won = async.race({ function() stream:read() end, function() async.sleep(0) end })
    assert.equal(2, won)
    assert.is_true(stream:write("x"))
    assert.equal("x", stream:read())
    -- Who waits when it is closed is told.
    local got
    async.run(function() got = { stream:read() } end)
    assert.error_matches(function() stream:read() end, "somebody reads from this connection")
    stream:close()
    assert.same({ nil, "the stream was closed" }, got)
    ended:wait()
  end)

  it("cancelled before the answer it closes the connection", function()
    serve({ { hold = true } })
    local cancelled
    local thread = async.run(function() ask() end, function(_, problem)
      cancelled = problem == async.CANCELLED
    end)
    while #requests == 0 do async.sleep(0) end
    thread:cancel()
    assert.is_true(cancelled)
    ended:wait()
  end)

  it("is closed when nobody holds it any more", function()
    serve({ { say = { UPGRADED }, echo = true } })
    assert(ask())
    local closed
    async.run(function()
      ended:wait()
      closed = true
    end)
    while not closed do
      collectgarbage()
      async.sleep(0)
    end
  end)

  it("refuses what it cannot ask", function()
    local function fault(options)
      local ok, message = pcall(http.upgrade, options)
      assert.is_false(ok)
      return tostring(message)
    end
    assert.matches('"path"', fault({ unix_socket = "/x" }))
    assert.matches('did you mean "unix_socket"', fault({ unix_sockt = "/x", path = "/" }))
    assert.matches("either unix_socket, or host and port", fault({ path = "/" }))
    assert.matches("either unix_socket, or host and port", fault({ path = "/", host = "x" }))
    assert.matches("either unix_socket, or host and port",
      fault({ path = "/", host = "x", port = 1, unix_socket = "/x" }))
    assert.matches('"port"', fault({ path = "/", host = "x", port = 70000 }))
    for _, options in ipairs({ { path = "x" }, { path = "/a b" }, { path = "/\r\nX: y" },
      { method = "A B" }, { headers = { ["a b"] = "c" } }, { headers = { A = "b\r\nC: d" } },
      { headers = { A = "\0" } } }) do
      local _, message, kind = ask(options)
      assert.equal("invalid", kind, message)
    end
  end)

  it("reads heads as they are", function()
    assert.same({ status = 204, reason = "", headers = {} }, head.parse("HTTP/1.1 204\r\n\r\n"))
    assert.same({ status = 200, reason = "A b", headers = { ["x-y"] = "", z = "1, 2" } },
      head.parse("HTTP/1.1 200 A b\r\nX-Y:\r\nZ: 1 \r\nz:\t2\r\n\r\n"))
    assert.is_nil((head.parse("")))
    assert.equal(4, head.ending("\r\n\r\nx"))
    assert.equal(6, head.ending("ab\r\n\r\n", 6))
    assert.is_nil(head.ending("\r\n\r"))
  end)
end)
