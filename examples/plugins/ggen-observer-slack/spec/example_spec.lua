-- Runs example/pipeline.lua with the plugin as its users have it: found by its name, in an
-- environment of its own, with the permissions that it asks for. Nobody is told anything.
-- SPDX-License-Identifier: MIT
local sh = require("ggen").std.sh

describe("example", function()
  it("runs without an address as well", function()
    local output = assert(sh.capture({ "ggen-lua", "-C", "example", "run", "--force" }, { env = {
      LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;", SLACK_WEBHOOK_URL = "",
    } }))
    assert.truthy(output:find("all is well", 1, true), output)
  end)
end)
