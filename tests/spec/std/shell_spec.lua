-- The resident shell with the shells of this machine; in containers: tests/containers.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")
local local_shell = require("local_shell")
local script = require("ggen.std.docker.shell.script")

local PATH = os.getenv("PATH")
local LOTS = 16 * 1024 * 1024

local ALL_BYTES = {}
for byte = 1, 255 do ALL_BYTES[byte] = string.char(byte) end
ALL_BYTES = table.concat(ALL_BYTES)

-- Runs with all output kept.
local function run(sh, options)
  options.env = options.env or { PATH = PATH }
  options.capture = options.capture or LOTS
  return assert(sh:run(options))
end

local function sh_c(sh, command, options)
  options = options or {}
  options.command = command
  return run(sh, options)
end

-- Open for both directions: neither end waits for the other.
local function fifo(path)
  assert(os.execute("mkfifo " .. path) == 0)
  local file = assert(io.open(path, "r+"))
  file:setvbuf("no")
  return file
end

local SHELLS = { dash = { "/bin/dash" }, bash = { "/bin/bash" },
  ash = { "/bin/busybox", "ash" } }

local function shells()
  local names = {}
  for name, program in pairs(SHELLS) do
    if fs.stat(program[1]) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

for _, name in ipairs(shells()) do
  local function with(fn) return local_shell.with(SHELLS[name], fn) end

  describe("a resident shell: " .. name, function()
    it("runs commands one after another", function()
      with(function(sh)
        local result = sh_c(sh, "echo out; echo err >&2; exit 3")
        assert.same({ 3, "out\n", "err\n" }, { result.code, result.stdout, result.stderr })
        assert.equal("number", type(result.usage.user))
        assert.is_true(result.usage.wall > 0)
        for i = 1, 20 do
          assert.equal(tostring(i), run(sh, { argv = { "printf", "%s", tostring(i) } }).stdout)
        end
      end)
    end)

    it("hands every byte of arguments and variables through", function()
      with(function(sh)
        local words = { "", "a b", "it's", '"', "$HOME", "`id`", "\\", "\n", "-n", "*", "!x",
          "a=b", "MARK", "\24", ALL_BYTES }
        local argv = { "printf", "%s\\0", unpack(words) }
        assert.equal(table.concat(words, "\0") .. "\0", run(sh, { argv = argv }).stdout)
        local env = { PATH = PATH, V = ALL_BYTES, EMPTY = "", NUMBER = 7 }
        local result = sh_c(sh, 'printf "%s|%s|%s" "$V" "$EMPTY" "$NUMBER"', { env = env })
        assert.equal(ALL_BYTES .. "||7", result.stdout)
        assert.equal("", result.stderr)
      end)
    end)

    it("gives exactly the environment", function()
      with(function(sh)
        local function seen(env)
          return run(sh, { argv = { "/usr/bin/env", "-0" }, env = env, cwd = "/tmp" }).stdout
        end
        local function sorted(text)
          local list = {}
          for entry in text:gmatch("[^%z]+") do list[#list + 1] = entry end
          table.sort(list)
          return list
        end
        assert.same({ "A=1", "PATH=" .. PATH }, sorted(seen({ A = 1, PATH = PATH })))
        assert.same({}, sorted(seen({})))
        assert.same({ "odd.name=x", "PATH=/bin" }, (function()
          local list = sorted(seen({ ["odd.name"] = "x", PATH = "/bin" }))
          table.sort(list, function(a, b) return a:lower() < b:lower() end)
          return list
        end)())
        -- Names that mean something to a shell.
        local odd = { PATH = PATH, PWD = "/nowhere", OPTIND = "x", IFS = "i", _ = "u", _p = "9",
          _u = "1", s = "/bin/false", e = "x", PS4 = "p", ENV = "/x", LINENO = "abc" }
        local expected = {}
        for key, value in pairs(odd) do expected[#expected + 1] = key .. "=" .. value end
        table.sort(expected)
        assert.same(expected, sorted(seen(odd)))
        -- Nothing of it stays.
        assert.same({ "PATH=" .. PATH }, sorted(seen({ PATH = PATH })))
      end)
    end)

    it("starts odd programs, and says when there is none", function()
      with(function(sh)
        local dir = assert(fs.make_temp_dir("ggen-odd-"))
        for _, odd in ipairs({ "a=b", "-x", "it's", "\24" }) do
          local path = dir .. "/" .. odd
          assert(fs.write(path, "#!/bin/sh\necho \"[$1]\"\n"))
          os.execute("chmod +x '" .. path:gsub("'", "'\\''") .. "'")
          local env = { PATH = dir .. ":" .. PATH }
          assert.equal("[-y]\n", run(sh, { argv = { odd, "-y" }, env = env }).stdout)
        end
        assert(fs.remove(dir, { recursive = true }))
        local result = run(sh, { argv = { "no-such-program" } })
        assert.equal(127, result.code)
        assert.is_true((result.message or result.stderr):find("no-such-program", 1, true) ~= nil)
        result = run(sh, { argv = { "no-such-program" }, env = {} })
        assert.equal(127, result.code)
        result = run(sh, { argv = { "true" }, cwd = "/no/such/dir" })
        assert.equal(126, result.code)
        assert.equal("there is no directory /no/such/dir in the container", result.message)
      end)
    end)

    it("passes output on as it is", function()
      with(function(sh)
        assert.equal("", sh_c(sh, "printf ''").stdout)
        assert.equal("no newline", sh_c(sh, "printf 'no newline'").stdout)
        local escaped = ALL_BYTES:gsub("\\", "\\\\")
        assert.equal(ALL_BYTES .. "\0", run(sh, { argv = { "printf", "%b\\0", escaped } }).stdout)
        -- Look-alikes of marks, also in part and at the end.
        local alike = "\24" .. ("0"):rep(32) .. "=0 0 0 \n\24\24\24" .. ("ab"):rep(8)
        assert.equal(alike, run(sh, { argv = { "printf", "%s", alike } }).stdout)
        local result = sh_c(sh, "head -c 9000000 /dev/zero; head -c 3000000 /dev/zero >&2")
        assert.same({ 9000000, 3000000 }, { #result.stdout, #result.stderr })
        assert.is_nil(result.stdout:find("[^%z]"))
        assert.equal(0, result.code)
      end)
    end)

    it("hands output over while the command runs", function()
      with(function(sh)
        local dir = assert(fs.make_temp_dir("ggen-live-"))
        local heard = {}
        local go = fifo(dir .. "/go")
        local result = sh_c(sh, "printf begun; read word <" .. dir .. "/go",
          { on_output = function(which, bytes)
            heard[#heard + 1] = which .. ":" .. bytes
            assert(go:write("go\n"))
          end })
        go:close()
        assert.same({ "out:begun" }, heard)
        assert.equal(0, result.code)
        assert(fs.remove(dir, { recursive = true }))
      end)
    end)

    it("gives a standard input, exactly", function()
      with(function(sh, stream)
        assert.equal("", run(sh, { argv = { "cat" } }).stdout)
        assert.equal("/dev/null\n", sh_c(sh, "readlink /proc/self/fd/0").stdout)
        for _, bytes in ipairs({ "one\ntwo", "\n", "\0", ALL_BYTES .. "\0", "%d %s \\n '\\''" }) do
          assert.equal(bytes, run(sh, { argv = { "cat" }, stdin = bytes }).stdout)
        end
        local long = ("0123456789abcde\n"):rep(20000) .. ("\1\2\0'"):rep(5000)
        assert.equal(long, run(sh, { argv = { "cat" }, stdin = long }).stdout)
        assert.is_true(stream.written < 2 * #long)
        -- Nobody has to read it.
        assert.equal(0, run(sh, { argv = { "true" }, stdin = long }).code)
        assert.equal("01234", run(sh, { argv = { "head", "-c", "5" }, stdin = long }).stdout)
        assert.equal(5, sh_c(sh, "exit 5", { stdin = long }).code)
        assert.equal("still here\n", sh_c(sh, "echo still here").stdout)
      end)
    end)

    it("tells exit codes and signals", function()
      with(function(sh)
        for _, code in ipairs({ 0, 1, 2, 42, 126, 127, 128, 200, 255 }) do
          local result = sh_c(sh, "exit " .. code)
          assert.same({ code }, { result.code, result.signal })
        end
        for signal, number in pairs({ KILL = 9, TERM = 15, SEGV = 11, INT = 2 }) do
          local result = sh_c(sh, ("kill -%s $$"):format(signal))
          assert.same({ 128 + number, signal, "ended by signal " .. signal },
            { result.code, result.signal, result.message })
          assert.equal("", result.stderr)
        end
      end)
    end)

    it("is interrupted", function()
      with(function(sh, stream)
        local function kill_with(signal, trap)
          return sh_c(sh, trap .. "echo ready; tail -f /dev/null & wait; tail -f /dev/null", {
            on_output = function(_, bytes)
              if bytes == "ready\n" then
                async.run(function() assert(sh:kill(signal)) end)
              end
            end })
        end
        assert.equal("INT", kill_with("INT", "").signal)
        local result = kill_with("TERM", "trap 'echo bye; exit 7' TERM; ")
        assert.same({ 7, "ready\nbye\n" }, { result.code, result.stdout })
        assert.is_nil(sh:kill("TERM"))
        assert.has_error(function() sh:kill("TERM; rm -rf /") end)
        assert.equal(2, #stream.sent)
      end)
    end)

    it("ends what takes too long, with all of its group", function()
      with(function(sh)
        local result = sh_c(sh, "echo before; tail -f /dev/null & tail -f /dev/null",
          { timeout = 0.05 })
        assert.same({ 124, true, "before\n", "timed out after 0.05 s" }, { result.code,
          result.timed_out, result.stdout, result.message })
        result = sh_c(sh, "trap '' TERM; tail -f /dev/null & wait; wait; tail -f /dev/null",
          { timeout = 0.05, grace = 0.05 })
        assert.equal(124, result.code)
        assert.equal("here\n", sh_c(sh, "echo here").stdout)
      end)
    end)

    it("does not hang when something is left behind", function()
      with(function(sh)
        local began = clock.monotonic()
        local result = sh_c(sh, "tail -f /dev/null & echo done")
        assert.same({ 0, "done\n", true }, { result.code, result.stdout, result.left_behind })
        assert.is_true(clock.monotonic() - began < 30)
        -- What ends by itself meanwhile was not left behind, and is heard.
        local dir = assert(fs.make_temp_dir("ggen-late-"))
        local go = fifo(dir .. "/go")
        result = sh_c(sh, "(read word <" .. dir .. "/go; echo late) & echo early", {
          on_output = function(_, bytes) if bytes == "early\n" then go:write("go\n") end end })
        go:close()
        assert(fs.remove(dir, { recursive = true }))
        assert.same({ 0, "early\nlate\n" }, { result.code, result.stdout, result.left_behind })
        assert.equal("next\n", sh_c(sh, "echo next").stdout)
      end)
    end)

    it("says when something has left its group and goes on", function()
      with(function(sh)
        local dir = assert(fs.make_temp_dir("ggen-daemon-"))
        local on, go, gone = fifo(dir .. "/on"), fifo(dir .. "/go"), fifo(dir .. "/gone")
        local daemon = ([[
          setsid sh -c 'echo >D/on; read word <D/go; echo daemon; echo >D/gone' &
          read word <D/on]]):gsub("D", dir)
        local result = sh_c(sh, daemon)
        assert.same({ 0, "" }, { result.code, result.stdout })
        assert.is_true(sh.tainted)
        go:write("go\n")
        assert(gone:read("*l"))
        async.sleep(0)
        -- Between two commands it is heard by nobody.
        assert.equal("next\n", sh_c(sh, "echo next").stdout)
        for _, file in ipairs({ on, go, gone }) do file:close() end
        assert(fs.remove(dir, { recursive = true }))
      end)
    end)

    it("tells when a command kills the shell", function()
      with(function(sh)
        local result, message, kind = sh:run({ argv = { "/bin/sh", "-c", "kill -KILL $PPID" },
          env = { PATH = PATH } })
        assert.same({ nil, "the shell in the container ended while a command ran", "closed" },
          { result, message, kind })
        assert.is_true(sh.closed)
        assert.equal("closed", select(3, sh:run({ argv = { "true" } })))
      end)
    end)

    it("is closed with a command that is cancelled", function()
      with(function(sh, stream)
        local thread
        local started = async.future()
        thread = async.run(function()
          sh_c(sh, "echo $$; exec tail -f /dev/null", { on_output = function(_, bytes)
            started:resolve(bytes:match("%d+"))
          end })
        end, function(ok, problem)
          assert.is_false(ok)
          assert.equal(async.CANCELLED, problem)
        end)
        local pid = started:wait()
        thread:cancel()
        assert.is_true(sh.closed)
        while #stream.sent == 0 do async.sleep(0) end
        while fs.stat("/proc/" .. pid) do async.sleep(0.001) end
      end)
    end)
  end)
end

describe("a resident shell", function()
  it("refuses what makes no sense", function()
    local_shell.with({ "/bin/sh" }, function(sh)
      local function fault(options)
        local ok, message = pcall(sh.run, sh, options)
        assert.is_false(ok)
        return tostring(message)
      end
      assert.matches("argv", fault({}))
      assert.matches("argv", fault({ argv = {} }))
      assert.matches("argv", fault({ argv = { "a" }, command = "b" }))
      assert.matches("NUL", fault({ argv = { "a\0b" } }))
      assert.matches("NUL", fault({ command = "a", env = { A = "\0" } }))
      assert.matches("environment variable", fault({ command = "a", env = { ["A=B"] = "" } }))
      assert.matches("environment variable", fault({ command = "a", env = { [""] = "" } }))
      assert.matches("begins with /", fault({ command = "a", cwd = "x" }))
      assert.matches('did you mean "timeout"', fault({ command = "a", timout = 1 }))
      assert.matches("timeout", fault({ command = "a", timeout = "soon" }))
      assert.matches("stdin", fault({ command = "a", stdin = 5 }))
      local ended = async.future()
      async.run(function() sh:run({ command = "true" }) end, function() ended:resolve() end)
      assert.matches("one at a time", fault({ command = "a" }))
      ended:wait()
    end)
  end)

  it("quotes any text", function()
    assert.equal("abc", script.quote("abc"))
    assert.equal("''", script.quote(""))
    assert.equal([['a'\''b']], script.quote("a'b"))
  end)
end)
