-- Prints the nanoseconds that a protected call into a plugin takes when the plugin does nothing.
-- Usage: ggen-lua lua tests/bench/plugin_call.lua
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local registry = require("ggen.registry")

local ROUNDS, CALLS = 15, 1000000
local here = arg[0]:match("^(.*)/[^/]*$") or "."

local plugins = registry.new({})
local instance = plugins:use("./noop.lua", {}, { dir = here })
local task, view = { id = "build" }, {}

local function round()
  local start = clock.monotonic()
  for _ = 1, CALLS do
    local ok, priority = registry.call(instance, "priority", task, view)
    assert(ok and priority == 0)
  end
  return (clock.monotonic() - start) / CALLS * 1e9
end

-- The same in a coroutine, as the host does it, and with the interpreter alone: in a real run the
-- calls are few between other work, and the compiler may not have seen them.
local function median(compiled)
  if not compiled then
    jit.off()
    jit.flush()
  end
  local times = {}
  for i = 1, ROUNDS do times[i] = coroutine.wrap(round)() end
  jit.on()
  table.sort(times)
  return times[math.ceil(ROUNDS / 2)]
end

print(("%.1f\t%.1f"):format(median(true), median(false)))
