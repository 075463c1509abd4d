-- The engine that the specs of this folder talk to: it is there, and it runs a container.
-- images: bb
-- SPDX-License-Identifier: MIT
local sh = require("ggen.std").sh

local ENV = { CONTAINERS_CONF = os.getenv("CONTAINERS_CONF"),
  CONTAINERS_STORAGE_CONF = os.getenv("CONTAINERS_STORAGE_CONF") }

describe("the container engine of the tests", function()
  it("answers on its socket", function()
    local socket = assert(os.getenv("GGEN_TEST_CONTAINER_SOCKET"))
    local result = sh.run { "curl", "-s", "--unix-socket", socket, "http://d/v1.41/version" }
    assert.matches('"ApiVersion":"1%.%d+"', result.stdout)
  end)

  it("runs a container without a network", function()
    local result = sh.run({ "podman", "run", "--rm", "--network=none", "localhost/ggen/bb:1",
      "cat", "/proc/net/route" }, { env = ENV })
    assert.equal(0, result.code)
    assert.not_matches("eth0", result.stdout)
  end)
end)
