-- Clean rooms: tasks that see what they declare, and whose declared outputs come back.
-- images: bb redis
-- SPDX-License-Identifier: MIT
local a_project = require("a_project")
local fs = require("ggen.core.fs")

-- A pipeline with these lines; ROOM stands for the fields of a task in a clean room.
local function with(text, files, fn)
  files["pipeline.lua"] = 'local p = require("ggen").pipeline "clean"\n'
    .. text:gsub("ROOM", 'container = "localhost/ggen/bb:1", cleanroom = true') .. "\nreturn p\n"
  a_project.with(files, fn)
end

local function rooms(project)
  local count = 0
  for _, entry in ipairs(fs.list(project.dir .. "/.ggen/cleanroom") or {}) do
    if (entry.name or entry) ~= "lock" then count = count + 1 end
  end
  return count
end

describe("a clean room", function()
  it("has the declared inputs, what its needs made, and no more", function()
    with([[
      p:task "gen" { run = "mkdir -p gen; echo g > gen/g.txt; echo o > gen/other", inputs = {},
        outputs = { "gen/g.txt" } }
      p:task "group" { needs = "gen" }
      p:task "look" { ROOM, needs = "group", outputs = { "out/**" },
        inputs = { "src/a.txt", "tool.sh", "link", "/etc/hostname" },
        run = "find . | sort > /tmp/list; mkdir out; mv /tmp/list out; ./tool.sh > out/tool;"
          .. " cat link /etc/hostname; echo changed > src/a.txt; echo junk > junk;"
          .. " ip -o addr | grep -vc ' lo ' > out/addresses; true" }]],
      { ["src/a.txt"] = "a\n", ["src/b.txt"] = "b\n", ["tool.sh"] = "#!/bin/sh\necho tool\n" },
      function(project)
        os.execute("chmod +x '" .. project.dir .. "/tool.sh' && ln -s src/a.txt '"
          .. project.dir .. "/link'")
        local result = project:run({ "run", "look" })
        assert.equal(0, result.code, result.out .. result.err)
        assert.equal(".\n./gen\n./gen/g.txt\n./link\n./src\n./src/a.txt\n./tool.sh\n",
          project:read("out/list"))
        assert.equal("tool\n", project:read("out/tool"))
        assert.equal("0\n", project:read("out/addresses"))
        assert.equal("a\n", project:read("src/a.txt"))
        assert.is_false(project:has("junk"))
        assert.equal(0, rooms(project))
        assert.matches("a\n", result.out)
      end)
  end)

  it("mounts a file of this machine once, however many links lead to it", function()
    with([[
      p:task "look" { ROOM, inputs = { "one", "two", "/etc/hostname" }, run = "cat one two" }]], {},
      function(project)
        os.execute(("ln -s /etc/hostname '%s/one'; ln -s /etc/hostname '%s/two'"):format(
          project.dir, project.dir))
        local result = project:run({ "run" })
        assert.equal(0, result.code, result.out .. result.err)
      end)
  end)

  it("gives outputs back exactly, and nothing of a failure", function()
    with([[
      p:task "make" { ROOM, inputs = { "how" }, outputs = { "out/**", "one" },
        run = "mkdir out; . ./how" }]],
      { how = "echo new > out/a; ln -s a out/link; echo 1 > one",
        ["out/stale/deep"] = "old", ["out/a"] = "old" }, function(project)
        local result = project:run({ "run" })
        assert.equal(0, result.code, result.out .. result.err)
        assert.equal("new\n", project:read("out/a"))
        assert.equal("new\n", project:read("out/link"))
        assert.equal("1\n", project:read("one"))
        assert.is_false(project:has("out/stale"))
        project:write("how", "echo half > out/a; echo half > one; exit 3")
        result = project:run({ "run" })
        assert.equal(1, result.code)
        assert.equal("new\n", project:read("out/a"))
        assert.equal("1\n", project:read("one"))
        -- What is not made is said, and what was there is not taken for it.
        project:write("how", "echo newer > out/a")
        result = project:run({ "run" })
        assert.equal(1, result.code)
        assert.matches("one", result.out)
        assert.equal(0, rooms(project))
        -- Without the cache as well.
        project:write("how", "echo newest > out/a; echo 2 > one")
        result = project:run({ "run", "--no-cache" })
        assert.equal(0, result.code, result.out)
        assert.equal("newest\n", project:read("out/a"))
        -- Restored like any other result.
        project:write("how", "echo new > out/a; ln -s a out/link; echo 1 > one")
        result = project:run({ "run" }, { env = { DOCKER_HOST = "unix:///no/such.sock" } })
        assert.equal(0, result.code, result.out)
        assert.equal("new\n", project:read("out/link"))
      end)
  end)

  it("finds inputs that are not declared, and says which", function()
    with([[
      p:task "direct" { ROOM, inputs = { "src/a.txt" }, run = "cat src/a.txt src/b.txt" }
      p:task "include" { ROOM, inputs = {}, cwd = "src",
        run = "echo 'a.c:1:10: fatal error: api.h: No such file or directory' >&2; exit 4" }
      p:task "glob" { ROOM, inputs = { "src/*.txt", "!src/b.txt" }, run = "ls src/b.txt" }
      p:task "made" { run = "mkdir -p gen; echo x > gen/x", inputs = {}, outputs = { "gen/x" } }
      p:task "after" { ROOM, after = "made", inputs = {}, run = "cat gen/x" }
      p:task "other" { ROOM, inputs = {}, run = "cat nowhere; exit 5" }]],
      { ["src/a.txt"] = "a", ["src/b.txt"] = "b", ["include/api.h"] = "h" }, function(project)
        local result = project:run({ "run", "--keep-going" })
        assert.equal(1, result.code)
        for name, file in pairs({ direct = "src/b.txt", include = "include/api.h",
          glob = "src/b.txt", after = "gen/x" }) do
          assert.is_true(result.out:find(("✗ %s  [^\n]*%%(%s is in the project and not among its"
            .. " inputs"):format(name, file:gsub("%p", "%%%0"))) ~= nil, result.out)
        end
        assert.matches("✗ other  %S+ s  exit code 5\n", result.out)
      end)
  end)

  it("reaches the services that its task leases, without a network", function()
    with([[
      p:use "containers.pool" { cache = require("ggen.std").containers.redis {
        image = "localhost/ggen/redis:7", socket = true } }
      local REDIS = "localhost/ggen/redis:7"
      p:task "room" { container = REDIS, cleanroom = true, services = "cache", inputs = {},
        run = "redis-cli -s $REDIS_SOCKET ping" }
      p:task "warm" { container = REDIS, services = "cache", inputs = {},
        run = "redis-cli -s $REDIS_SOCKET set a b" }]], {}, function(project)
        local result = project:run({ "run" })
        assert.equal(0, result.code, result.out .. result.err)
        assert.matches("PONG", result.out)
        assert.matches("OK", result.out)
      end)
  end)

  it("is interrupted and leaves nothing", function()
    with([[
      p:task "long" { ROOM, inputs = {}, outputs = { "made" },
        run = "echo half > made; echo begun; tail -f /dev/null" }]], {}, function(project)
        local told
        local result = project:run({ "run", "--output", "stream" }, {
          on_output = function(_, bytes, kill)
            if not told and bytes:find("begun") then
              told = true
              kill("INT")
            end
          end })
        assert.equal(130, result.code)
        assert.is_false(project:has("made"))
        assert.equal(0, rooms(project))
        -- What a run that was killed has left goes with the next one.
        fs.mkdir(project.dir .. "/.ggen/cleanroom/0123456789ab")
        fs.write(project.dir .. "/.ggen/cleanroom/0123456789ab/x", "x")
        project:write("pipeline.lua",
          (project:read("pipeline.lua"):gsub("tail %-f /dev/null", "true")))
        result = project:run({ "run" })
        assert.equal(0, result.code, result.out)
        assert.equal("half\n", project:read("made"))
        assert.equal(0, rooms(project))
      end)
  end)
end)
