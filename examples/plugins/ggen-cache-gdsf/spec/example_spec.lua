-- Runs example/pipeline.lua with the plugin as its users have it: found by its name, in an
-- environment of its own, with the permissions that it asks for (none).
-- SPDX-License-Identifier: MIT
local sh = require("ggen").std.sh

local function run(edition, cache)
  return assert(sh.capture({ "ggen-lua", "-C", "example", "run", "-j1" }, { env = {
    LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;", EDITION = cache .. edition, GGEN_CACHE_DIR = cache,
  } }))
end

describe("example", function()
  it("keeps what was slow and is small", function()
    local cache = assert(sh.capture({ "mktemp", "-d" })):gsub("%s+$", "")
    for edition = 1, 5 do run(edition, cache) end
    local output = run(1, cache)
    sh.run({ "rm", "-rf", cache })
    assert.truthy(output:find("index  restored", 1, true), output)
    assert.falsy(output:find("photo  restored", 1, true), output)
  end)
end)
