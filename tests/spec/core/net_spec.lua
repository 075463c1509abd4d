-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local net = require("ggen.core.net")
local output = require("ggen.core.output")
local process = require("ggen.core.process")
local timer = require("ggen.core.timer")

-- A server of one connection that answers with what it got, in capitals, and ends. Calls
-- body(port).
local SERVER = [[
import socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
print(server.getsockname()[1], flush=True)
peer = server.accept()[0]
data = b""
while not data.endswith(b"."):
    data += peer.recv(1 << 20)
try: peer.sendall(data.upper())
except OSError: pass  # nobody reads it
]]

local function with_server(body)
  local server
  local port = async.await(function(resume)
    local sink = output.callback(function(_, bytes) resume(tonumber(bytes)) end)
    server = assert(process.run({
      argv = { "python3", "-c", SERVER }, env = { PATH = os.getenv("PATH") }, output = sink,
    }, function() sink:close() end))
  end)
  body(port)
  while process.live() > 0 do async.sleep(0) end -- of a closed handle nobody is told
  assert.is_nil(server:pid())
end

describe("net", function()
  it("connects, writes, and reads to the end", function()
    with_server(function(port)
      local connection
      assert.is_nil(async.await(function(resume)
        connection = assert(net.connect("127.0.0.1", port, resume))
      end))
      local parts = {}
      assert.is_true(connection:write("hello ")) -- it fits what the kernel holds
      assert.is_true(connection:write("world."))
      local err
      repeat
        local chunk
        chunk, err = async.await(function(resume)
          connection:read(resume)
          collectgarbage()
          collectgarbage()
        end)
        parts[#parts + 1] = chunk
      until not chunk
      assert.is_nil(err)
      assert.equal("HELLO WORLD.", table.concat(parts))
      connection:close()
    end)
  end)

  it("is not collected while somebody waits", function()
    with_server(function(port)
      local held = setmetatable({}, { __mode = "v" })
      async.await(function(resume)
        held.connection = net.connect("127.0.0.1", port, resume)
        collectgarbage()
      end)
      local function write(resume)
        assert.is_false(held.connection:write(("x"):rep(10000000) .. ".", resume))
      end
      -- Neither in the callback of connect() nor in the frame that had it as an argument.
      local problem = async.await(function(resume)
        return timer.start(0, function()
          write(resume)
          collectgarbage()
          collectgarbage()
        end)
      end)
      assert.is_nil(problem)
      if held.connection then held.connection:close() end
    end)
  end)

  it("says when nobody listens", function()
    local err, kind = async.await(function(resume)
      -- Nothing may listen on port 1 of a machine that runs tests.
      return assert(net.connect("localhost", 1, resume))
    end)
    assert.same({ "connect to localhost:1: connection refused", "not_found" }, { err, kind })
    err, kind = async.await(function(resume)
      return assert(net.connect_unix("/no/such/socket", resume))
    end)
    assert.same({ "connect to /no/such/socket: no such file or directory", "not_found" },
      { err, kind })
  end)

  it("closed while it connects, it calls nothing", function()
    local connection = assert(net.connect("localhost", 1, function() error("was called") end))
    assert.error_matches(function() connection:write("x") end, "not connected")
    connection:close()
    connection:close()
    -- Its name was looked up first: when so many later ones were refused, it would have been too.
    for _ = 1, 20 do
      async.await(function(resume) return assert(net.connect("localhost", 1, resume)) end)
    end
  end)

  it("raises for wrong arguments", function()
    assert.error_matches(function() net.connect("localhost", 0, function() end) end, "a port")
    assert.error_matches(function() net.connect("localhost", 80) end, "function expected")
    assert.error_matches(function() net.connect_unix("/x") end, "function expected")
    local connection, _, kind = net.connect(("x"):rep(5000), 80, function() end)
    assert.is_nil(connection)
    assert.equal("invalid", kind)
    local message
    for _, path in ipairs({ "", "a\0b", ("x"):rep(108) }) do
      connection, message, kind = net.connect_unix(path, function() end)
      assert.is_nil(connection)
      assert.equal("invalid", kind)
      assert.matches("1 to 107 bytes", message)
    end
  end)
end)
