-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

-- What a sink got: "out:a err:b".
local function recorder()
  local got = {}
  local sink = output.callback(function(stream, bytes) got[#got + 1] = stream .. ":" .. bytes end)
  return sink, function() return table.concat(got, " ") end
end

-- Runs Lua code as a program of its own, with a screen on its standard output.
local function screen_shows(code)
  local folder = assert(fs.make_temp_dir("ggen-output-spec-"))
  assert(fs.write(folder .. "/script.lua", [[
    local output = require("ggen.core.output")
    local screen = output.screen(1)
  ]] .. code))
  local binary = assert(fs.realpath("/proc/self/exe"))
  local result = async.await(function(resume)
    return assert(process.run({
      argv = { binary, "lua", folder .. "/script.lua" },
      env = { PATH = os.getenv("PATH"), GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH") },
      capture = 1024 * 1024,
    }, resume))
  end)
  assert(fs.remove(folder, { recursive = true }))
  assert.equal("", result.stderr)
  assert.equal(0, result.code)
  return result.stdout
end

describe("output.fit", function()
  it("tells what fits, and how wide that is", function()
    local function of(...) return { output.fit(...) } end
    assert.same({ "hel", 3 }, of("hello", 3))
    assert.same({ "漢", 2 }, of("漢字", 3))
    assert.same({ "\27[31mred\27[0m", 3 }, of("\27[31mred\27[0m", 80))
    assert.same({ "one", 3 }, of("one\ntwo", 80))
    assert.same({ "", 0 }, of("x", 0))
    assert.error_matches(function() output.fit("x", -1) end, "a number of columns expected")
  end)
end)

describe("output.log", function()
  it("knows the end of what went to a sink when it was asked to", function()
    local log = output.log()
    log:keep_tail(100)
    log:write("out", "one\n")
    local sink = recorder()
    log:attach(sink)
    log:write("err", "two\nthree\n")
    assert.equal("two\nthree\n", log:tail(2))
    assert.equal("one\ntwo\nthree\n", log:tail(9))
    assert.error_matches(function() log:keep_tail(2 ^ 21) end, "at most 1 MiB")
    log:close()
    assert.equal("", log:tail(9))
    sink:close()
  end)

  it("keeps frames in their order and replays them", function()
    local log = output.log()
    log:write("out", "a")
    log:write("err", "b")
    log:write("out", "c\0\255")
    local sink, got = recorder()
    log:replay(sink)
    assert.equal("out:a err:b out:c\0\255", got())
    assert.equal(5, log:size())
    local text, truncated = log:text(2)
    assert.equal("ab", text)
    assert.is_true(truncated)
    text, truncated = log:text(5)
    assert.equal("abc\0\255", text)
    assert.is_false(truncated)
    log:close()
    sink:close()
  end)

  it("spills to a file beyond its limit", function()
    local log = output.log({ limit = 100 })
    local parts = {}
    for i = 1, 1000 do
      parts[i] = "line " .. i .. "\n"
      log:write("out", parts[i])
    end
    assert.equal(table.concat(parts), (log:text(1e6)))
    assert.equal("line 999\nline 1000\n", log:tail(2))
    assert.equal("", log:tail(0))
    assert.equal(0, log:lost())
    log:close()
    assert.equal("", (log:text(10)))
  end)

  it("passes on once a sink is attached", function()
    local log = output.log()
    local sink, got = recorder()
    log:write("out", "before")
    log:attach(sink)
    log:write("err", "after")
    assert.equal("out:before err:after", got())
    assert.equal("", (log:text(100)))
    assert.equal(11, log:size())
    log:close()
    sink:close()
  end)

  it("asks once before it spills", function()
    local log = output.log({ limit = 10 })
    local sink, got = recorder()
    local calls = 0
    log:on_overflow(function()
      calls = calls + 1
      log:attach(sink)
    end)
    log:write("out", "12345")
    assert.equal(0, calls)
    log:write("out", "67890")
    log:write("out", "more")
    assert.equal(1, calls)
    assert.equal("out:12345 out:67890 out:more", got())
    log:close()
    sink:close()
  end)

  it("gets the output of a command, callbacks and all", function()
    local log = output.log({ limit = 1000 })
    local sink, got = recorder()
    log:on_overflow(function() log:attach(sink) end)
    async.await(function(resume)
      return assert(process.run({
        shell = "head -c 100000 /dev/zero | tr '\\0' x", env = { PATH = os.getenv("PATH") },
        output = log,
      }, resume))
    end)
    assert.equal(100000, #got():gsub("[^x]", ""))
    log:close()
    sink:close()
  end)

  it("raises for wrong arguments", function()
    local log = output.log({})
    assert.error_matches(function() log:write("both", "x") end, "invalid option 'both'")
    assert.error_matches(function() log:attach({}) end, "ggen.Sink expected")
    assert.error_matches(function() log:attach(log) end, "itself")
    assert.error_matches(function() log:replay(log) end, "itself")
    assert.error_matches(function() log.tail({}, 1) end, "ggen.Log expected")
    assert.error_matches(function() output.log({ limit = -1 }) end, "limit")
    log:close()
  end)
end)

describe("output.tee", function()
  it("gives everything to each", function()
    local first, got_first = recorder()
    local second, got_second = recorder()
    local log = output.log()
    local tee = output.tee(first, log, second)
    tee:write("err", "x")
    assert.equal("err:x", got_first())
    assert.equal("err:x", got_second())
    assert.equal("x", (log:text(10)))
    tee:close()
    tee:write("err", "y")
    assert.equal("err:x", got_first())
    log:close()
  end)
end)

describe("output.callback", function()
  it("runs on the coroutine that writes", function()
    local count, writer = 0, nil
    local sink = output.callback(function(_, bytes)
      assert(coroutine.running() == writer)
      count = count + #bytes
    end)
    local log = output.log()
    log:attach(sink)
    writer = coroutine.create(function()
      for i = 1, 2000 do
        log:write("out", "ab")
        if i % 100 == 0 then coroutine.yield() end
      end
    end)
    while coroutine.status(writer) ~= "dead" do
      assert(coroutine.resume(writer))
      collectgarbage("step")
    end
    assert.equal(4000, count)
    log:close()
    sink:close()
  end)
end)

describe("output.screen", function()
  it("is no terminal here", function()
    local null = output.screen(0)
    assert.is_nil(null:broken())
    assert.equal("number", type(null:width()))
    assert.equal("boolean", type(null:is_tty()))
    null:close()
    assert.error_matches(function() null:write("x") end, "the screen is closed")
    assert.error_matches(function() output.screen(-1) end, "a file descriptor expected")
  end)

  it("writes what it is given by the end of the program", function()
    assert.equal("a\nb", screen_shows([[ screen:write("a\n") screen:write("b") ]]))
  end)

  it("prefixes lines, and keeps those of others apart", function()
    assert.equal("a | one\nb | two\nb ! three\na | four\nb | five\n", screen_shows([[
      local a, b = screen:lines("a | "), screen:lines("b | ", "b ! ")
      a:write("out", "one\nfo")
      b:write("out", "two\nfive")
      b:write("err", "three\n")
      a:write("err", "")
      a:write("out", "ur\n")
      b:close()
    ]]))
  end)

  it("writes raw bytes as they come", function()
    assert.equal("\0\255x\nnote\n", screen_shows([[
      local raw = screen:raw()
      raw:write("out", "\0\255")
      raw:write("err", "x")
      screen:write("note\n")
    ]]))
  end)

  it("shows a live line below", function()
    assert.equal("[1]\r\27[Ktext\n[1]\r\27[K", screen_shows([[
      screen:status("[1]")
      screen:flush()
      screen:write("text\n")
      screen:flush()
      screen:status(nil)
    ]]))
  end)
end)
