-- Answers that come little by little: pulls and logs.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local engines = require("engine")

local frame = engines.frame

-- An answer without a length that comes in these pieces.
local function flow(pieces, more)
  local answer = { pieces = {} }
  for i, piece in ipairs(pieces) do answer.pieces[i] = engines.base64(piece) end
  for name, value in pairs(more or {}) do answer[name] = value end
  return answer
end

describe("a pull", function()
  it("tells each step as it comes, wherever lines were cut", function()
    local lines = '{"status":"Pulling from library/x","id":"7"}\r\n'
      .. '{"status":"Downloading","progressDetail":{"current":5,"total":10},"id":"aa"}\r\n\n'
      .. '{"stream":"done"}'
    engines.with({ flow({ lines:sub(1, 7), lines:sub(8, 60), lines:sub(61) }) },
      function(engine, requests)
        local steps = {}
        assert.is_true(engine:pull("ghcr.io/a/x:7", { platform = "linux/arm64", auth = "e30=",
          on_progress = function(step) steps[#steps + 1] = step end }))
        assert.same({ { status = "Pulling from library/x", id = "7" },
          { status = "Downloading", id = "aa", current = 5, total = 10 }, { status = "done" } },
          steps)
        engines.wait(requests, 2)
        assert.equal("/v1.43/images/create?fromImage=ghcr.io%2Fa%2Fx&platform=linux%2Farm64&tag=7",
          requests[2].path)
        assert.equal("e30=", requests[2].headers["x-registry-auth"])
      end)
  end)

  it("asks for one tag, or a digest", function()
    local digest = "sha256:" .. ("a"):rep(64)
    engines.with({ flow({}), flow({}), flow({}) }, function(engine, requests)
      assert(engine:pull("x"))
      assert(engine:pull("localhost:5000/x"))
      assert(engine:pull("x@" .. digest))
      engines.wait(requests, 4)
      local asked = {}
      for i = 2, 4 do asked[i - 1] = requests[i].path:match("%?(.*)") end
      assert.same({ "fromImage=x&tag=latest", "fromImage=localhost%3A5000%2Fx&tag=latest",
        "fromImage=x&tag=sha256%3A" .. ("a"):rep(64) }, asked)
    end)
  end)

  -- What a pull makes of an answer.
  local function refused(answer, options)
    local pulled, message, kind
    engines.with({ answer }, function(engine) pulled, message, kind = engine:pull("x:1") end,
      options)
    assert.is_nil(pulled)
    assert.matches("^pull image x:1: ", message)
    return kind, message
  end

  it("fails within the answer", function()
    local kind, message = refused(flow({ '{"status":"x"}\n{"error":"manifest for x:1 not found: '
      .. 'manifest unknown","errorDetail":{}}\n' }))
    assert.equal("no_such_image", kind)
    assert.matches("manifest unknown %(pull or build it first, or check its name%)$", message)
    assert.equal("denied", (refused(flow({ '{"error":"unauthorized: authentication required"}' }))))
    assert.equal("no_space", (refused(flow({
      '{"error":"write /var/lib/x: no space left on device"}\n' }))))
    assert.equal("server", (refused(flow({ '{"error":"boom"}\n' }))))
    assert.equal("denied", (refused({ status = 403, body = '{"message":"no"}' })))
  end)

  it("is answered with what is no progress", function()
    assert.equal("protocol", (refused(flow({ "<html>\n" }))))
    assert.equal("protocol", (refused(flow({ '{"status":"x"}\n7\n' }))))
    local kind, message = refused(flow({ ("x"):rep(1500000) }))
    assert.equal("protocol", kind)
    assert.matches("a line without end", message)
  end)

  it("raises what on_progress raises", function()
    engines.with({ flow({ '{"status":"x"}\n' }) }, function(engine)
      assert.error_matches(function()
        engine:pull("x:1", { on_progress = function() error("mine") end })
      end, "mine")
    end)
  end)

  it("does not go on for ever", function()
    engines.with({ flow({ '{"status":"x"}\n' }, { hang = true }) }, function(engine)
      local pulled, _, kind = engine:pull("x:1", { timeout = "100ms" })
      assert.same({ nil, "timeout" }, { pulled, kind })
    end)
  end)
end)

describe("logs", function()
  local CONTAINER = { body = '{"Id":"c","Config":{"Tty":false}}' }

  it("are told as they come", function()
    local whole = frame(1, "out\n") .. frame(2, "err\n")
    engines.with({ CONTAINER, flow({ whole:sub(1, 5), whole:sub(6) }) },
      function(engine, requests)
        local got = {}
        assert.same({ stdout = "", stderr = "" }, engine:logs("db", { follow = true, tail = 10,
          since = 1795302000.5, on_output = function(name, bytes)
            got[name] = (got[name] or "") .. bytes
          end }))
        assert.same({ out = "out\n", err = "err\n" }, got)
        engines.wait(requests, 3)
        assert.equal("/v1.43/containers/db/logs?follow=1&since=1795302000.500000000&stderr=1"
          .. "&stdout=1&tail=10", requests[3].path)
      end)
  end)

  it("are those of a terminal", function()
    engines.with({ { body = '{"Id":"c","Config":{"Tty":true}}' }, flow({ "\1\0\0hello" }) },
      function(engine)
        assert.same({ stdout = "\1\0\0hello", stderr = "" }, engine:logs("db"))
      end)
  end)

  it("end when their reader has enough", function()
    engines.with({ CONTAINER, flow({ frame(1, "one") .. frame(1, "two") }, { hang = true }) },
      function(engine)
        local got = ""
        assert(engine:logs("db", { follow = true, on_output = function(_, bytes)
          got = got .. bytes
          return false
        end }))
        assert.equal("one", got)
      end)
  end)

  it("are kept in part when they are long", function()
    engines.with({ CONTAINER, flow({ frame(1, "12345"), frame(1, "67890"), frame(1, "x") },
      { hang = true }) }, function(engine)
      assert.same({ stdout = "1234567", stderr = "", truncated = true },
        engine:logs("db", { follow = true, capture = 7 }))
    end)
  end)

  it("break off, are no frames, or never come", function()
    engines.with({ flow({ frame(1, "hel", 5) }), flow({ "plain text" }),
      { status = 404, body = '{"message":"No such container: db"}' },
      flow({}, { hang = true }), flow({ frame(1, "x") }) }, function(engine)
      local function kind_of(options)
        options.tty = false
        local kept, message, kind = engine:logs("db", options)
        assert.is_nil(kept)
        assert.matches("^read log of container db: ", message)
        return kind
      end
      assert.equal("closed", kind_of({}))
      assert.equal("protocol", kind_of({}))
      assert.equal("no_such_container", kind_of({}))
      assert.equal("timeout", kind_of({ follow = true, timeout = "100ms" }))
      assert.error_matches(function()
        engine:logs("db", { tty = false, on_output = function() error("mine") end })
      end, "mine")
    end)
  end)

  it("end with the coroutine that waits for them", function()
    engines.with({ CONTAINER, flow({ frame(1, "x") }, { hang = true }) }, function(engine)
      local got, outcome = async.future(), nil
      local thread = async.run(function()
        engine:logs("db", { follow = true, on_output = function() got:resolve() end })
      end, function(ok, problem) outcome = { ok, problem } end)
      got:wait()
      async.sleep(0)
      thread:cancel()
      assert.same({ false, async.CANCELLED }, outcome)
    end)
  end)
end)
