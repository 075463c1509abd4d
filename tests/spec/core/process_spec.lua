-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local loop = require("ggen.core.loop")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

local ENV = { PATH = "/usr/local/bin:/usr/bin:/bin" }

local function options(given)
  given.env = given.env or ENV
  given.capture = given.capture or 1024 * 1024
  return given
end

local function run(given)
  return async.await(function(resume) return assert(process.run(options(given), resume)) end)
end

describe("process.run", function()
  local folder

  before_each(function() folder = assert(fs.make_temp_dir("ggen-process-spec-")) end)
  after_each(function() assert(fs.remove(folder, { recursive = true })) end)

  it("tells what became of a command", function()
    local result = run({ shell = "echo out; echo err >&2; exit 3" })
    assert.equal(3, result.code)
    assert.is_nil(result.signal)
    assert.is_true(result.started)
    assert.is_nil(result.error)
    assert.is_false(result.timed_out)
    assert.is_false(result.truncated)
    assert.is_false(result.left_behind)
    assert.equal("out\n", result.stdout)
    assert.equal("err\n", result.stderr)
    assert.equal(8, result.bytes)
    assert.is_true(result.usage.wall > 0)
    assert.is_true(result.usage.user >= 0 and result.usage.sys >= 0)
    -- It is known of what took more than we do.
    assert.is_nil(result.usage.peak_memory)
  end)

  it("names the signal", function()
    for name, code in pairs({ KILL = 137, TERM = 143, INT = 130 }) do
      local result = run({ shell = "kill -" .. name .. " $$" })
      assert.equal(name, result.signal)
      assert.equal(code, result.code)
    end
  end)

  it("runs words, a simple command, a shell command, and another shell", function()
    local words = { "printf", "%s|", "a b", "", "*" }
    assert.equal("a b||*|", run({ argv = words }).stdout)
    assert.equal("1\n", run({ shell = "expr 3 - 2" }).stdout)
    assert.equal("ab\n", run({ shell = "x=b; echo a$x" }).stdout)
    assert.equal("23\n", run({ shell = "x=12345; echo ${x:1:2}", shell_program = "bash" }).stdout)
    assert.equal("/bin/sh\n", run({ shell = "echo $0", shell_program = "/bin/sh" }).stdout)
  end)

  it("captures only when asked, and says when there was more", function()
    assert.is_nil(async.await(function(resume)
      return process.run({ argv = { "echo", "x" }, env = ENV }, resume)
    end).stdout)
    local result = run({ argv = { "echo", "abcdef" }, capture = 3 })
    assert.equal("abc", result.stdout)
    assert.is_true(result.truncated)
    assert.equal(7, result.bytes)
  end)

  it("gives exactly the environment, sorted", function()
    local env = { B = "2", A = "1", ["odd.name"] = "a b\n\255", EMPTY = "" }
    assert.equal("A=1\nB=2\nEMPTY=\nodd.name=a b\n\255\n",
      run({ argv = { "/usr/bin/env" }, env = env }).stdout)
    assert.equal("", run({ argv = { "/usr/bin/env" }, env = {} }).stdout)
  end)

  it("runs in the given directory", function()
    local result = run({ argv = { "pwd" }, cwd = folder })
    assert.equal(fs.realpath(folder) .. "\n", result.stdout)
  end)

  it("gives bytes as input, or none", function()
    assert.equal("a\0b", run({ argv = { "cat" }, stdin = { bytes = "a\0b" } }).stdout)
    assert.equal("", run({ argv = { "cat" } }).stdout)
    local much = ("x"):rep(10 * 1000 * 1000)
    assert.equal(#much, run({ argv = { "cat" }, stdin = { bytes = much } }).bytes)
    assert.equal(0, run({ argv = { "true" }, stdin = { bytes = much } }).code)
  end)

  it("gives our own input", function()
    local result = run({ shell = "readlink /proc/$$/fd/0; readlink /proc/$PPID/fd/0",
      stdin = "inherit" })
    local own, ours = result.stdout:match("^(.-)\n(.-)\n$")
    assert.equal(ours, own)
  end)

  it("ends what takes too long", function()
    local result = run({ argv = { "sleep", "1000" }, timeout = 0.02 })
    assert.is_true(result.timed_out)
    assert.equal(124, result.code)
    assert.equal("TERM", result.signal)
    result = run({ shell = "trap '' TERM; sleep 1000; sleep 1000", timeout = 0.5, grace = 0.02 })
    assert.equal(124, result.code)
    assert.equal("KILL", result.signal)
  end)

  it("waits only so long for what keeps the pipes open", function()
    local result = run({ shell = "sleep 1000 & echo x", drain = 0.02 })
    assert.equal("x\n", result.stdout)
    assert.is_true(result.left_behind)
  end)

  it("writes to a sink", function()
    local log = output.log()
    run({ shell = "echo a; echo b", output = log })
    assert.equal("a\nb\n", log:text(100))
    log:close()
  end)

  it("says what could not be started", function()
    assert(fs.write(folder .. "/plain", "x"))
    local cases = {
      { { argv = { "no-such-command" } }, 127, "not_found", "command not found: no-such-command" },
      { { shell = "no-such-command a" }, 127, "not_found", "command not found: no-such-command" },
      { { argv = { folder .. "/none" } }, 127, "not_found", "command not found: " },
      { { argv = { folder .. "/plain" } }, 126, "permission", "not executable" },
      { { argv = { "true" }, cwd = folder .. "/none" }, 127, "cwd",
        "the directory " .. folder .. "/none does not exist" },
    }
    for _, case in ipairs(cases) do
      local result = run(case[1])
      assert.is_false(result.started)
      assert.equal(case[2], result.code)
      assert.equal(case[3], result.error.kind)
      assert.is_truthy(result.error.message:find(case[4], 1, true))
    end
  end)

  it("refuses NUL bytes and odd names", function()
    local function refused(given)
      local handle, message, kind = process.run(options(given), function() end)
      assert.is_nil(handle)
      assert.equal("invalid", kind)
      return message
    end
    assert.equal("a word of the command contains a NUL byte: a",
      refused({ argv = { "echo", "a\0b" } }))
    assert.is_truthy(refused({ shell = "echo \0" }):find("NUL"))
    assert.is_truthy(refused({ argv = { "true" }, cwd = "/\0" }):find("NUL"))
    assert.is_truthy(refused({ argv = { "true" }, env = { A = "\0" } }):find("NUL"))
    assert.is_truthy(refused({ argv = { "true" }, env = { ["A=B"] = "x" } }):find("A=B", 1, true))
    assert.equal("the command is empty", refused({ argv = {} }))
  end)

  it("raises for wrong arguments", function()
    local function raises(pattern, given)
      assert.error_matches(function() process.run(given, function() end) end, pattern)
    end
    raises("field 'argv': table expected, got string", { argv = "x", env = ENV })
    raises("field 'argv': table of strings expected", { argv = { 1 }, env = ENV })
    raises("field 'env': table expected, got nil", { argv = { "x" } })
    raises("field 'env': table of strings expected", { argv = { "x" }, env = { A = true } })
    raises("field 'timeout': number expected", { argv = { "x" }, env = ENV, timeout = "1" })
    raises("field 'stdin'", { argv = { "x" }, env = ENV, stdin = "some" })
    raises("ggen.Sink expected", { argv = { "x" }, env = ENV, output = {} })
    assert.error_matches(function() process.run({ argv = { "x" }, env = ENV }) end,
      "function expected")
  end)

  it("does not call back before it returns", function()
    local called = false
    async.await(function(resume)
      assert(process.run(options({ argv = { "no-such-command" } }), function()
        called = true
        resume()
      end))
      assert.is_false(called)
    end)
    assert.is_true(called)
  end)

  it("runs many at once", function()
    local left, sum = 100, 0
    async.await(function(resume)
      for i = 1, 100 do
        assert(process.run(options({ argv = { "echo", tostring(i) } }), function(result)
          sum, left = sum + tonumber(result.stdout), left - 1
          if left == 0 then resume() end
        end))
      end
      assert.equal(100, process.live())
    end)
    assert.equal(5050, sum)
    assert.equal(0, process.live())
  end)
end)

describe("a running process", function()
  it("has a pid, and takes signals as a group", function()
    local handle
    local result = async.await(function(resume)
      local sink = output.callback(function()
        assert.is_true(handle:pid() > 0)
        assert.is_true(handle:kill("TERM"))
      end)
      handle = assert(process.run(options({
        shell = "sleep 1000 & echo ready; wait", output = sink, drain = 1000,
      }), function(...)
        sink:close()
        resume(...)
      end))
    end)
    assert.equal("TERM", result.signal)
    assert.is_nil(handle:pid())
    assert.is_false(handle:kill("TERM"))
    assert.is_false(handle:kill(9))
    assert.error_matches(function() handle:kill("NONE") end, "no such signal")
  end)

  it("is heard of no more once closed", function()
    local handle = assert(process.run(options({ argv = { "sleep", "1000" } }), function()
      error("was called")
    end))
    handle:close()
    handle:close()
    while process.live() > 0 do async.sleep(0) end
  end)

  it("is not collected while it runs", function()
    local result = async.await(function(resume)
      process.run(options({ argv = { "echo", "x" } }), resume)
      collectgarbage()
      collectgarbage()
    end)
    assert.equal("x\n", result.stdout)
  end)

  it("ends with all others by kill_all", function()
    local results = {}
    async.await(function(resume)
      for _ = 1, 3 do
        process.run(options({ argv = { "sleep", "1000" } }), function(result)
          results[#results + 1] = result.signal
          if #results == 3 then resume() end
        end)
      end
      process.kill_all("KILL")
    end)
    assert.same({ "KILL", "KILL", "KILL" }, results)
  end)
end)

describe("process.split", function()
  it("splits what needs no shell", function()
    assert.same({ "gcc", "-c", "a file.c" }, process.split("gcc -c 'a file.c'"))
    assert.is_nil(process.split("a | b"))
    assert.is_nil(process.split("cd x"))
    assert.error_matches(function() process.split() end, "string expected")
  end)
end)

describe("loop", function()
  it("is not entered twice", function()
    assert.error_matches(function() loop.run() end, "from a coroutine")
    local ok, message = async.await(function(resume)
      return require("ggen.core.timer").start(0, function() resume(pcall(loop.run)) end)
    end)
    assert.is_false(ok)
    assert.is_truthy(message:find("from a callback"))
  end)
end)
