-- The resident shell in real containers: what specs with shells of this machine cannot tell.
-- images: bb
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local docker = require("ggen.std.docker")
local shell = require("ggen.std.docker.shell")

local IMAGE = "localhost/ggen/bb:1"
local ENV = { PATH = "/usr/bin:/bin" }
local IDLE = { "/bin/sh", "-c", "while :; do tail -f /dev/null & wait; done" }

-- Calls fn(engine, id) with a container that runs.
local function with_container(fn)
  local engine = assert(docker.connect())
  local id = assert(engine:create({ image = IMAGE, cmd = IDLE, network = "none" }))
  local ok, problem = pcall(function()
    assert(engine:start(id))
    fn(engine, id)
  end)
  engine:remove(id, { force = true })
  engine:close()
  if not ok then error(problem, 0) end
end

local function run(sh, command, options)
  options = options or {}
  options.command, options.env, options.capture = command, options.env or ENV, 1000000
  return assert(sh:run(options))
end

describe("a resident shell in a container", function()
  it("runs a thousand commands without a request for one", function()
    with_container(function(engine, id)
      local sh = assert(shell.open(engine, id))
      local before = engine.requests
      for i = 1, 1000 do
        local result = assert(sh:run({ argv = { "echo", tostring(i) }, env = ENV, capture = 100 }))
        assert.equal(i .. "\n", result.stdout)
        assert.is_nil(result.left_behind)
      end
      assert.equal(before, engine.requests)
      sh:close()
    end)
  end)

  it("hands bytes, codes, variables and the directory over", function()
    with_container(function(engine, id)
      local sh = assert(shell.open(engine, id, { user = "65534:65534" }))
      local result = assert(sh:run({ argv = { "env" }, env = { PATH = "/bin", A = "b c" },
        capture = 1000 }))
      local list = {}
      for entry in result.stdout:gmatch("[^\n]+") do list[#list + 1] = entry end
      table.sort(list)
      assert.same({ "A=b c", "PATH=/bin" }, list)
      assert.equal("65534\n/tmp\n", run(sh, "id -u; pwd", { cwd = "/tmp" }).stdout)
      local bytes = ("\0\24\255x"):rep(50000)
      assert.equal(bytes, run(sh, "cat", { stdin = bytes }).stdout)
      result = run(sh, "echo e >&2; kill -KILL $$")
      assert.same({ 137, "KILL", "e\n" }, { result.code, result.signal, result.stderr })
      result = run(sh, "head -c 20000000 /dev/zero | tail -c 900000; exit 9")
      assert.same({ 9, 900000 }, { result.code, #result.stdout })
      sh:close()
    end)
  end)

  it("ends a command that takes too long, and its group", function()
    with_container(function(engine, id)
      local sh = assert(shell.open(engine, id))
      local result = run(sh, "tail -f /etc/passwd & tail -f /etc/passwd", { timeout = 0.1 })
      assert.same({ 124, true }, { result.code, result.timed_out })
      result = run(sh, "trap '' TERM; tail -f /etc/passwd; tail -f /etc/passwd",
        { timeout = 0.1, grace = 0.1 })
      assert.equal(124, result.code)
      assert.equal("", run(sh, "ps | grep 'tail -f /etc/[p]asswd'").stdout)
      result = run(sh, "tail -f /dev/null & echo on")
      assert.same({ 0, "on\n", true }, { result.code, result.stdout, result.left_behind })
      assert.is_nil(sh.tainted)
      sh:close()
    end)
  end)

  it("is several in one container, at the same time", function()
    with_container(function(engine, id)
      local shells, calls = {}, {}
      for i = 1, 3 do
        shells[i] = assert(shell.open(engine, id))
        calls[i] = function()
          for k = 1, 20 do
            assert.equal(i .. " " .. k .. "\n", run(shells[i], ("echo %d %d"):format(i, k)).stdout)
          end
        end
      end
      async.all(calls)
      for _, sh in ipairs(shells) do sh:close() end
    end)
  end)

  it("says when its container has died under a command", function()
    with_container(function(engine, id)
      local sh = assert(shell.open(engine, id))
      local killed = async.future()
      local result, message, kind = sh:run({ command = "echo on; tail -f /dev/null", env = ENV,
        on_output = function()
          async.run(function() engine:kill(id, "KILL") end, function() killed:resolve() end)
        end })
      killed:wait()
      assert.is_nil(result)
      assert.equal("closed", kind)
      assert.matches("ended while a command ran", message)
      local none
      none, message, kind = shell.open(engine, id)
      assert.is_nil(none)
      assert.is_string(message)
      assert.is_true(kind == "not_running" or kind == "conflict", kind .. ": " .. message)
    end)
  end)

  it("says when there is no shell", function()
    with_container(function(engine, id)
      local none, message = shell.open(engine, id, { program = "/bin/no-shell" })
      assert.is_nil(none)
      assert.matches("/bin/no%-shell", message)
    end)
  end)
end)
