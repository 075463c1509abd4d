-- The examples of the built-in plugins in docs/plugins/, which the reference shows: each is run as
-- its first lines say ("$" the command, "+" a file, ">" a line that comes, in this order).
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")
local registry = require("ggen.registry")

local FOLDER = assert(fs.realpath("docs/plugins"))
local BINARY = assert(fs.realpath("/proc/self/exe"))

describe("the example of", function()
  local dir

  before_each(function() dir = assert(fs.make_temp_dir("plugin-example")) end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function put(name, text)
    local path = dir .. "/you/" .. name
    assert(fs.mkdir(path:match("^(.*)/")))
    assert(fs.write(path, text))
  end

  local function run(command)
    assert(fs.mkdir(dir .. "/bin"))
    assert(os.execute(("ln -s '%s' '%s/bin/ggen-lua'"):format(BINARY, dir)) == 0)
    return (async.await(function(resume)
      return assert(process.run({ argv = { "/bin/sh", "-c", command .. " 2>&1" },
        cwd = dir .. "/you", capture = 2 ^ 20, timeout = 30, env = {
          PATH = dir .. "/bin:/usr/local/bin:/usr/bin:/bin", HOME = dir, LANG = "C.UTF-8",
          GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH"), GGEN_CACHE_DIR = dir .. "/cache",
          GGEN_PLUGIN_BUDGET = "off" } }, resume))
    end))
  end

  for _, name in ipairs(registry.builtin()) do
    it(name .. " does what it says", function()
      local text = assert(fs.read(("%s/%s.lua"):format(FOLDER, name)))
      put("pipeline.lua", text)
      local command, expected
      for mark, rest in text:gmatch("%-%- ([$+>]) ([^\n]*)\n") do
        if mark == "$" then command = rest end
        if mark == "+" then
          local file, content = rest:match("^(%S+): (.*)$")
          put(file, (content:gsub("\\n", "\n")))
        end
      end
      local result = run(assert(command))
      assert.equal(0, result.code, result.stdout)
      local at = 1
      for line in text:gmatch("%-%- > ([^\n]*)\n") do
        local found, last = result.stdout:find(line, at, true)
        assert.is_truthy(found, ("%q is not in:\n%s"):format(line, result.stdout))
        at, expected = last + 1, true
      end
      assert.is_true(expected)
      if not name:find("^frontend") then
        assert.matches(("p:use %q"):format(name), text, 1, true)
      end
    end)
  end
end)
