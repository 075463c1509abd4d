-- The examples on the pages of docs/contract/: each is a plugin of its kind that can be set up.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local registry = require("ggen.registry")
local sorted = require("ggen.sorted")

local FOLDER = assert(fs.realpath("docs/contract/examples"))

local function host()
  return { project_dir = "/", options = {}, file = "tasks.txt", now = os.time, unix = os.time }
end

describe("the example of the contract's page", function()
  for _, kind in ipairs(sorted.keys(registry.kinds)) do
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
