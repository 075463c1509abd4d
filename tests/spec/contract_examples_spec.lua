-- The examples on the pages of docs/contract/: each is a plugin of its kind that can be set up, and
-- passes the contract suite of that kind.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")
local registry = require("ggen.registry")
local sorted = require("ggen.sorted")

local FOLDER = assert(fs.realpath("docs/contract/examples"))

local function host()
  return { project_dir = "/", options = {}, file = "tasks.txt", now = os.time, unix = os.time }
end

-- Params without which an example has nothing to do.
local PARAMS = { containers = '{"gpus": {"large": ["0", "1"]}}' }

-- In a process of its own, as a user would: the suite makes Lua's libraries others.
local function test(kind)
  local file = ("%s/%s.lua"):format(FOLDER, kind)
  local argv = { fs.realpath("/proc/self/exe"), "plugin", "test", file,
    "--schedules", "50", "--params", PARAMS[kind] or "{}" }
  local result = async.await(function(resume)
    return assert(process.run({ argv = argv, capture = 1024 * 1024, timeout = 60,
      env = { PATH = os.getenv("PATH"), HOME = fs.temp_dir(),
        GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH") } }, resume))
  end)
  return result.code, result.stdout .. result.stderr
end

describe("the example of the contract's page", function()
  for _, kind in ipairs(sorted.keys(registry.kinds)) do
    if fs.stat(("lua/ggen/contract/%s.lua"):format(kind)) then
      it("of " .. kind .. " passes the contract suite", function()
        local code, said = test(kind)
        assert.equal(0, code, said)
      end)
    end

    it("of " .. kind .. " is a plugin of that kind", function()
      local instance = registry.new(host()):make(FOLDER .. "/" .. kind .. ".lua", nil, nil, kind)
      local methods = registry.kinds[kind].methods
      local has = 0
      for name in pairs(instance.impl) do if methods[name] then has = has + 1 end end
      local class = getmetatable(instance.impl)
      for name in pairs(class and class.__index or {}) do
        if methods[name] then has = has + 1 end
      end
      assert.is_true(has > 0)
    end)
  end
end)
