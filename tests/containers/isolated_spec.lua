-- containers.pool and executor.container as plugins of a rock: in the environment of community
-- plugins, with the permissions of their manifests (tests/golden/isolated.lua has the others).
-- images: redis bb
-- SPDX-License-Identifier: MIT
local tests = assert(debug.getinfo(1, "S").source:match("^@(.*)/containers/"))
package.path = tests .. "/support/?.lua;" .. package.path

local a_project = require("a_project")
local fs = require("ggen.core.fs")
local isolated_tree = require("isolated_tree")

local PIPELINE = [[
local p = require("ggen").pipeline "boxed"
p:use "executor.container" { memory = "256MiB" }
p:use "containers.pool" {
  db = { image = "localhost/ggen/redis:7", socket = "/tmp",
    cmd = { "redis-server", "--save", "", "--unixsocket", "/tmp/redis.sock", "--unixsocketperm",
      "777", "--port", "0" },
    ready = { "redis-cli", "-s", "/tmp/redis.sock", "ping" } },
}
p:task "boxed" { container = "localhost/ggen/bb:1", run = "echo in a box > out.txt", cache = false }
p:task "leased" { run = "redis-cli -s $DB_SOCKET/redis.sock ping", services = { "db" },
  cache = false }
return p
]]

describe("plugins of containers behind the membrane", function()
  local tree

  setup(function() tree = isolated_tree.make(assert(fs.realpath(tests .. "/.."))) end)
  teardown(function() fs.remove(tree, { recursive = true }) end)

  it("run tasks in containers, and lease them", function()
    a_project.with({ ["pipeline.lua"] = PIPELINE }, function(project)
      local result = project:run({ "run" }, { env = { GGEN_LUA_PATH = tree } })
      assert.equal(0, result.code, result.out)
      assert.matches("PONG", result.out)
      assert.matches("2 tasks: 2 ok", result.out)
      assert.equal("in a box\n", assert(fs.read(project.dir .. "/out.txt")))
    end)
  end)

  it("do nothing without their permissions", function()
    for _, name in ipairs({ "containers/pool", "executor/container" }) do
      local file = ("%s/plugins/%s.lua"):format(tree, name)
      local text = assert(fs.read(file))
      assert(fs.write(file, (text:gsub("dir = project,", "dir = project, granted = {},"))))
      a_project.with({ ["pipeline.lua"] = PIPELINE }, function(project)
        local result = project:run({ "run", "-k" }, { env = { GGEN_LUA_PATH = tree } })
        assert.not_equal(0, result.code)
        assert.matches('it has no permission "process"', result.out .. result.err, 1, true)
      end)
      assert(fs.write(file, text))
    end
  end)
end)
