-- Tasks in containers, run as users run them.
-- images: bb
-- SPDX-License-Identifier: MIT
local a_project = require("a_project")
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local sh = require("ggen.std").sh

local CONF = { CONTAINERS_CONF = os.getenv("CONTAINERS_CONF"),
  CONTAINERS_STORAGE_CONF = os.getenv("CONTAINERS_STORAGE_CONF") }

-- A pipeline with these lines; BB is the image.
local function pipeline(text)
  return 'local p = require("ggen").pipeline "boxed"\nlocal BB = "localhost/ggen/bb:1"\n' .. text
    .. "\nreturn p\n"
end

local function with(text, fn, files)
  files = files or {}
  files["pipeline.lua"] = pipeline(text)
  a_project.with(files, fn)
end

-- Containers that have something of the project mounted. (Others may have theirs.)
local function containers_of(project)
  local list = sh.run({ "podman", "ps", "-aq", "--format", "{{.ID}} {{.Mounts}}" }, { env = CONF })
  local count = 0
  for line in list.stdout:gmatch("[^\n]+") do
    if line:find(project.dir, 1, true) then count = count + 1 end
  end
  return count
end

-- The reaper ends what the run has left behind it, some milliseconds later.
local function no_container_of(project)
  for _ = 1, 40 do
    if containers_of(project) == 0 then return end
    async.sleep(0.02)
  end
  error("a container is still there")
end

describe("a task in a container", function()
  it("sees directories with a comma in their names", function()
    with([[
      p:use "executor.container" {
        mounts = { { source = os.getenv("EXTRA"), target = "/in,here" } } }
      p:task "look" { container = BB, run = "cat /in,here/file" }]], function(project)
      local result = project:run({ "run" }, { env = { EXTRA = project.dir .. "/a,b" } })
      assert.equal(0, result.code, result.out)
      assert.matches("found", result.out)
    end, { ["a,b/file"] = "found" })
  end)

  it("is refused what is not on this machine, and nothing is made there", function()
    with([[
      p:use "executor.container" { mounts = { os.getenv("EXTRA") } }
      p:task "look" { container = BB, run = "true" }]], function(project)
      local extra = project.dir .. "/not/there"
      local result = project:run({ "run" }, { env = { EXTRA = extra } })
      assert.equal(1, result.code)
      assert.is_true(result.out:find(("mounts: there is no %s on this machine"):format(extra), 1,
        true) ~= nil, result.out)
      assert.is_false(project:has("not"))
    end)
  end)

  it("has the project, its environment and its directory, and its files are ours", function()
    with([[
      p:task "make" { container = BB, inputs = { "in.txt" }, outputs = { "out/**" }, cwd = "out",
        env = { MODE = "fast", PATH = "/bin:/usr/bin:/odd" }, pass_env = { "FROM_US" },
        run = "env | sort; pwd; cat ../in.txt > made; echo warned >&2" }]], function(project)
      fs.mkdir(project.dir .. "/out")
      local result = project:run({ "run" }, { env = { FROM_US = "yes", NOT_TOLD = "x",
        HOME = "/of/this/machine", LANG = "C", SHELL = "/bin/ours" } })
      assert.equal(0, result.code, result.err)
      for _, line in ipairs({ "MODE=fast", "FROM_US=yes", "PATH=/bin:/usr/bin:/odd", "LANG=C",
        "HOME=/root", project.dir .. "/out", "warned" }) do
        assert.is_true((result.out .. result.err):find(line, 1, true) ~= nil,
          line .. " in " .. result.out .. result.err)
      end
      assert.not_matches("NOT_TOLD", result.out)
      assert.not_matches("/bin/ours", result.out)
      assert.equal("input", project:read("out/made"))
      no_container_of(project)
      -- Up to date: no engine is asked.
      result = project:run({ "run" }, { env = { DOCKER_HOST = "unix:///no/such.sock",
        FROM_US = "yes" } })
      assert.equal(0, result.code, result.err)
      assert.matches("up to date", result.out)
    end, { ["in.txt"] = "input" })
  end)

  it("runs as who it is told", function()
    with([[
      p:use "executor.container" { user = "1234:4321" }
      p:task "who" { container = BB, inputs = {}, outputs = { "open/made" },
        run = "echo $(id -u) $(id -g) > open/made" }]], function(project)
      fs.mkdir(project.dir .. "/open")
      os.execute("chmod 755 '" .. project.root .. "' && chmod 777 '" .. project.dir .. "/open'")
      local result = project:run({ "run" })
      assert.equal(0, result.code, result.err)
      assert.equal("1234 4321\n", project:read("open/made"))
    end)
  end)

  it("ends as its commands do, and the others share its container", function()
    with([[
      p:task "first" { container = BB, inputs = {}, cache = false, run = "touch /tmp/was-here" }
      p:task "one" { needs = "first", container = BB, inputs = {}, cache = false,
        run = { { "test", "-e", "/tmp/was-here" }, "exit 7", "echo never" } }
      p:task "two" { needs = "first", container = BB, inputs = {}, cache = false,
        run = "test -e /tmp/was-here; kill -SEGV $$" }
      p:task "three" { needs = "first", container = BB, inputs = {}, cache = false,
        stdin = "bytes\0", run = { { "od", "-c" } } }
      p:task "four" { needs = "first", container = BB, inputs = {}, cache = false,
        run = { { "no-such-program" } } }]], function(project)
      local result = project:run({ "run", "--keep-going", "-j4" })
      assert.equal(1, result.code)
      assert.matches("one.-exit code 7", result.out)
      assert.not_matches("never", result.out)
      assert.matches("two.-ended by signal SEGV", result.out)
      assert.matches("b   y   t   e   s  \\0", result.out)
      assert.matches('four.-no program no%-such%-program', result.out)
      no_container_of(project)
    end)
  end)

  it("is ended in time, and by Ctrl-C", function()
    with([[
      p:task "first" { container = BB, inputs = {}, run = "true" }
      p:task "slow" { needs = "first", container = BB, inputs = {}, timeout = "300ms",
        grace = "100ms", run = "echo begun; trap '' TERM; tail -f /dev/null; tail -f /dev/null" }
      p:task "long" { container = BB, inputs = {}, run = "echo begun; tail -f /dev/null" }
      p:task "polite" { container = BB, inputs = {},
        run = "trap 'echo bye; exit 5' INT; echo begun; tail -f /dev/null & wait" }]],
      function(project)
        local result = project:run({ "run", "slow" })
        assert.equal(1, result.code)
        assert.matches("begun.-slow.-timed out after 0.30 s", result.out)
        for _, name in ipairs({ "long", "polite" }) do
          local told
          result = project:run({ "run", "--output", "stream", name }, {
            on_output = function(_, bytes, kill)
              if not told and bytes:find("begun") then
                told = true
                kill("INT")
              end
            end })
          assert.equal(130, result.code)
          if name == "polite" then assert.matches("bye", result.out) end
        end
        no_container_of(project)
      end)
  end)

  it("finds its container again in the next run, for as long as it is kept", function()
    with([[
      p:use "executor.container" { keep = "5m" }
      p:task "first" { container = BB, inputs = {}, cache = false,
        run = "cat /tmp/mark 2>/dev/null || echo fresh; echo kept > /tmp/mark" }]],
      function(project)
        assert.matches("fresh", project:run({ "run" }).out)
        assert.equal(1, containers_of(project))
        assert.matches("kept", project:run({ "run" }).out)
        assert.equal(1, containers_of(project))
        -- Another configuration, another container; the old one goes.
        project:write("pipeline.lua", (project:read("pipeline.lua"):gsub('keep =',
          'memory = "64MiB", keep =')))
        assert.matches("fresh", project:run({ "run" }).out)
        assert.equal(1, containers_of(project))
        -- One that is kept no longer is used once more.
        project:write("pipeline.lua", (project:read("pipeline.lua"):gsub('keep = "5m"', "")))
        assert.matches("kept", project:run({ "run" }).out)
        no_container_of(project)
      end)
  end)

  it("sees the project read-only where that is asked for", function()
    with([[
      p:use "executor.container" { read_only = true }
      p:task "good" { container = BB, inputs = {}, outputs = { "out/a/**" },
        run = "echo x > out/a/made" }
      p:task "bad" { container = BB, inputs = {}, outputs = { "out/a2/**" },
        run = "echo x > pipeline.lua" }
      p:task "where" { container = BB, inputs = {}, outputs = { "made" }, run = "echo x > made" }]],
      function(project)
        local result = project:run({ "run", "--keep-going" })
        assert.equal(1, result.code)
        assert.equal("x\n", project:read("out/a/made"))
        assert.matches("boxed", project:read("pipeline.lua"))
        assert.matches("[Rr]ead%-only file system", result.out)
        assert.matches('output "made" lies in the directory of the project itself', result.out)
      end)
  end)

  it("warns of what it leaves behind", function()
    with([[
      p:task "leaky" { container = BB, inputs = {}, run = "tail -f /dev/null & echo done" }]],
      function(project)
        local result = project:run({ "run" })
        assert.equal(0, result.code, result.out)
        assert.matches("left processes running behind it", result.out .. result.err)
      end)
  end)

  it("says what is missing", function()
    with([[
      p:use "executor.container" { pull = "never" }
      p:task "none" { container = "localhost/ggen/none:1", inputs = {}, run = "true" }
      p:task "here" { run = "true" }]], function(project)
      local result = project:run({ "run", "--keep-going" })
      assert.equal(1, result.code)
      assert.matches('its container %(localhost/ggen/none:1%): there is no image'
        .. ' localhost/ggen/none:1 here, and pull = "never"', result.out)
      assert.matches("✓ here", result.out)
      result = project:run({ "run", "--keep-going", "--force" },
        { env = { DOCKER_HOST = "unix:///no/such.sock" } })
      assert.equal(1, result.code)
      assert.matches("✗ none.-/no/such%.sock", result.out)
      assert.matches("✓ here", result.out)
    end)
  end)

  it("goes on when the container has been removed between two tasks", function()
    with([[
      p:task "a" { container = BB, inputs = {}, cache = false, run = "true" }
      p:task "away" { needs = "a", cache = false, inputs = {}, pass_env = { "CONTAINERS_CONF",
        "CONTAINERS_STORAGE_CONF", "DIR" }, run = [=[
          for id in $(podman ps -q --format '{{.ID}}={{.Mounts}}' | tr -d ' ' | grep "$DIR"); do
            podman rm -f -t 0 "${id%%=*}" >/dev/null
          done]=] }
      p:task "b" { needs = "away", container = BB, inputs = {}, cache = false,
        run = "echo again" }]],
      function(project)
        local result = project:run({ "run" }, { env = { DIR = project.dir } })
        assert.equal(0, result.code, result.out .. result.err)
        assert.matches("again", result.out)
        no_container_of(project)
      end)
  end)
end)
