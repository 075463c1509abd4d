-- Connections that an engine hands over: exec and attach, and how they break.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local engines = require("engine")

local frame = engines.frame

local MADE = { status = 201, body = '{"Id":"e1"}' }

-- What an exec's start answers: these pieces, one by one.
local function taken(pieces, more)
  local answer = { status = 101, headers = { Connection = "Upgrade", Upgrade = "tcp",
    ["Content-Type"] = "application/vnd.docker.raw-stream" }, pieces = {} }
  for i, piece in ipairs(pieces) do answer.pieces[i] = engines.base64(piece) end
  for name, value in pairs(more or {}) do answer[name] = value end
  return answer
end

local function ended(code)
  return { body = ('{"Running":false,"ExitCode":%d}'):format(code) }
end

describe("an exec", function()
  it("is made, started, read and asked how it ended", function()
    local whole = frame(1, "hello ") .. frame(2, "oops\n") .. frame(1, "world\n")
    engines.with({ MADE, taken({ whole:sub(1, 3), whole:sub(4, 17), whole:sub(18) }), ended(3) },
      function(engine, requests)
        local seen = {}
        assert.same({ code = 3, stdout = "hello world\n", stderr = "oops\n" },
          engine:exec("db", { cmd = { "sh", "-c", "x" }, env = { A = 1 }, user = "u",
            workdir = "/w", on_output = function(stream, bytes)
              seen[#seen + 1] = stream .. ":" .. bytes
            end }))
        assert.equal("out:hello err:oops\nout:world\n", table.concat(seen))
        engines.wait(requests, 4)
        assert.same({ "POST", "/v1.43/containers/db/exec" }, { requests[2].method,
          requests[2].path })
        assert.equal('{"AttachStderr":true,"AttachStdin":false,"AttachStdout":true,'
          .. '"Cmd":["sh","-c","x"],"Env":["A=1"],"Tty":false,"User":"u","WorkingDir":"/w"}',
          requests[2].body)
        assert.same({ "POST", "/v1.43/exec/e1/start", '{"Detach":false,"Tty":false}', "tcp" },
          { requests[3].method, requests[3].path, requests[3].body,
            requests[3].headers.upgrade })
        assert.equal("/v1.43/exec/e1/json", requests[4].path)
        assert.same({ 4, 2 }, { engine.requests, engine.connections })
      end)
  end)

  it("may be handed over with a 200, and end with nothing said", function()
    engines.with({ MADE, taken({ frame(1, "x") }, { status = 200 }), ended(0), MADE,
      taken({}), ended(0) }, function(engine)
      assert.equal("x", engine:exec("db", { cmd = { "a" } }).stdout)
      assert.equal("", engine:exec("db", { cmd = { "a" } }).stdout)
    end)
  end)

  it("is asked again while the engine has not seen it end", function()
    local running = { body = '{"Running":true,"ExitCode":null}' }
    engines.with({ MADE, taken({}), running, running, ended(7) }, function(engine)
      assert.equal(7, engine:exec("db", { cmd = { "a" } }).code)
    end)
  end)

  it("keeps what it is told to keep", function()
    engines.with({ MADE, taken({ frame(1, "12345"), frame(1, "67890"), frame(2, "abc") }),
      ended(0) }, function(engine)
      assert.same({ code = 0, stdout = "1234567", stderr = "abc", truncated = true },
        engine:exec("db", { cmd = { "a" }, capture = 7 }))
    end)
  end)

  -- What goes wrong with the connection of its start.
  local function broken(answer, options, after)
    local result, message, kind
    engines.with({ MADE, answer, after }, function(engine)
      result, message, kind = engine:exec("db", { cmd = { "prog" } })
    end, options)
    assert.is_nil(result)
    assert.matches("^run prog in container db: ", message)
    return kind, message
  end

  it("breaks off within a piece", function()
    local kind, message = broken(taken({ frame(1, "hello"), frame(1, "wor", 5) }))
    assert.equal("closed", kind)
    assert.matches("ended within a piece of the output; was the engine stopped", message)
    assert.equal("closed", (broken(taken({ "\1\0\0" }))))
    assert.equal("closed", (broken(taken({ frame(2, "", 4294967295) }))))
  end)

  it("speaks no frames", function()
    local kind, message = broken(taken({ "hello, world" }, { hang = true }))
    assert.equal("protocol", kind)
    assert.matches("begins with 68656c6c6f2c2077, and that is no head of one", message)
  end)

  it("is refused", function()
    local kind, message = broken({ status = 404, body = '{"message":"No such exec instance: e1"}' })
    assert.equal("no_such_exec", kind)
    assert.matches("its container has ended", message)
    kind, message = broken({ status = 409, body = '{"message":"container db is paused"}' })
    assert.equal("conflict", kind)
    assert.matches("is paused", message)
    assert.equal("server", (broken({ status = 500, body = "boom" })))
    assert.equal("bad_request", (broken({ status = 500,
      body = '{"message":"exec: \\"prog\\": executable file not found in $PATH"}' })))
  end)

  it("gets no whole answer", function()
    assert.equal("closed", (broken({ silent = true, close = true })))
    assert.equal("closed", (broken({ raw = engines.base64("HTTP/1.1 101 U\r\nX: "),
      close = true })))
    assert.equal("timeout", (broken({ silent = true, hang = true }, { timeout = "100ms" })))
    assert.equal("protocol", (broken({ raw = engines.base64("220 smtp ready\r\n\r\n"),
      close = true })))
    assert.equal("protocol", (broken({ raw = engines.base64("HTTP/1.1 101 U\r\nX: "
      .. ("x"):rep(300000)), hang = true })))
  end)

  it("is left when its time is over, and what waits for it ends", function()
    engines.with({ MADE, taken({ frame(1, "x") }, { hang = true }) }, function(engine)
      local result, message, kind = engine:exec("db", { cmd = { "prog" }, timeout = "50ms" })
      assert.same({ nil, "run prog in container db: not done after 0.05 s", "timeout" },
        { result, message, kind })
    end)
  end)

  it("raises what its reader raises, and lets go of the connection", function()
    engines.with({ MADE, taken({ frame(1, "x") }, { hang = true }) }, function(engine)
      assert.error_matches(function()
        engine:exec("db", { cmd = { "prog" }, on_output = function() error("mine") end })
      end, "mine")
    end)
  end)

  it("ends with the coroutine that waits for it", function()
    engines.with({ MADE, taken({ frame(1, "x") }, { hang = true }) }, function(engine)
      local got, outcome = async.future(), nil
      local thread = async.run(function()
        engine:exec("db", { cmd = { "prog" }, on_output = function() got:resolve() end })
      end, function(ok, problem) outcome = { ok, problem } end)
      got:wait()
      async.sleep(0) -- we are still in the call that said so
      thread:cancel()
      assert.same({ false, async.CANCELLED }, outcome)
    end)
  end)

  it("does not get what is wrong", function()
    engines.with({}, function(engine)
      assert.error_matches(function() engine:exec("db", {}) end, '"cmd" is missing')
      assert.error_matches(function() engine:exec("db", { cmd = {} }) end, "a program expected")
      assert.error_matches(function() engine:exec("../x", { cmd = { "a" } }) end,
        "a name or id of a container expected")
      assert.error_matches(function() engine:exec_stream("db", { cmd = { "a" }, stdin = "x" }) end,
        '"stdin"')
      assert.error_matches(function() engine:attach("db", { stdn = true }) end,
        'did you mean "stdin"')
    end)
  end)
end)

describe("a stream", function()
  it("carries both ways, and says when the other side is gone", function()
    engines.with({ MADE, taken({ frame(1, "> "), frame(1, "got it"), frame(2, "bye") },
      { acked = true, close = true }), ended(1) }, function(engine)
      local stream = assert(engine:exec_stream("db", { cmd = { "sh" }, stdin = true }))
      assert.equal("e1", stream.id)
      assert.same({ "out", "> " }, { stream:read() })
      assert.is_true(stream:write("one\n"))
      assert.same({ "out", "got it" }, { stream:read() })
      assert.is_true(stream:write("two\n"))
      assert.same({ "err", "bye" }, { stream:read() })
      assert.same({ nil, nil }, { stream:read() })
      assert.same({ nil, nil }, { stream:read() }) -- and stays so
      assert.equal(1, stream:exit_code())
      stream:close()
      stream:close()
      local written, message, kind = stream:write("x")
      assert.same({ nil, "closed" }, { written, kind })
      assert.matches("^run sh in container db: its standard input takes nothing: ", message)
      assert.equal("closed", (select(3, stream:close_write())))
    end)
  end)

  it("of a terminal is one", function()
    engines.with({ { body = '{"Id":"c","Config":{"Tty":true}}' }, taken({ "\27[1mhi" }),
      taken({ "raw" }) }, function(engine, requests)
      local stream = assert(engine:attach("db", { stdin = true, logs = true }))
      assert.same({ "out", "\27[1mhi" }, { stream:read() })
      assert.is_nil((stream:read()))
      stream = assert(engine:attach("db", { tty = true, stderr = false }))
      assert.same({ "out", "raw" }, { stream:read() })
      stream:close()
      engines.wait(requests, 4)
      assert.equal("/v1.43/containers/db/attach?logs=1&stderr=1&stdin=1&stdout=1&stream=1",
        requests[3].path)
      assert.equal("/v1.43/containers/db/attach?stdout=1&stream=1", requests[4].path)
    end)
  end)
end)
