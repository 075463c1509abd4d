-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local process = require("ggen.core.process")
local signal = require("ggen.core.signal")

-- A child that sends us a signal.
local function send(name)
  process.run({ shell = "kill -" .. name .. " $PPID", env = { PATH = os.getenv("PATH") } },
    function() end)
end

describe("signal", function()
  it("calls back every time until closed", function()
    local calls = 0
    async.await(function(resume)
      local watch
      watch = signal.start("USR1", function()
        calls = calls + 1
        if calls == 2 then
          watch:close()
          return resume()
        end
        send("USR1")
      end)
      send("USR1")
      return watch
    end)
    assert.equal(2, calls)
    while process.live() > 0 do async.sleep(0) end
  end)

  it("is not collected while it waits", function()
    local watch = setmetatable({}, { __mode = "v" })
    async.await(function(resume)
      watch.signal = signal.start("USR2", function()
        watch.signal:close()
        resume()
      end)
      collectgarbage()
      collectgarbage()
      send("USR2")
    end)
    while process.live() > 0 do async.sleep(0) end
  end)

  it("does not keep a child from its defaults", function()
    local watch = assert(signal.start("SIGTERM", function() error("was called") end))
    local result = async.await(function(resume)
      return process.run({ shell = "kill -TERM $$", env = { PATH = os.getenv("PATH") } }, resume)
    end)
    assert.equal("TERM", result.signal)
    watch:close()
    watch:close()
  end)

  it("refuses what cannot be caught, raises for what there is not", function()
    local watch, message, kind = signal.start("KILL", function() end)
    assert.is_nil(watch)
    assert.is_truthy(message:find("catch signal 9", 1, true))
    assert.equal("invalid", kind)
    assert.error_matches(function() signal.start("NONE", function() end) end, "no such signal")
    assert.error_matches(function() signal.start("USR1") end, "function expected")
  end)
end)
