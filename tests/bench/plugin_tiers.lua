-- What stands between a plugin and the host, in nanoseconds, each the median of some rounds. With
-- `permission`: a call of the host from an installed plugin, and the same through the check of a
-- permission, two numbers. With `process`: priority(task, view) in a process of its own, with a
-- look at both.
-- Usage: ggen-lua lua tests/bench/plugin_tiers.lua permission|process
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local here = arg[0]:match("^(.*)/[^/]*$") or "."

local ROUNDS = 15

-- Each function is called so often in its turn, one after the other; the median of its rounds.
local function medians(calls, fns)
  local times = {}
  for i = 1, #fns do times[i] = {} end
  for round = 1, ROUNDS do
    for i, fn in ipairs(fns) do
      local began = clock.monotonic()
      for _ = 1, calls do fn() end
      times[i][round] = (clock.monotonic() - began) / calls * 1e9
    end
  end
  for i = 1, #fns do
    table.sort(times[i])
    times[i] = ("%.1f"):format(times[i][math.ceil(ROUNDS / 2)])
  end
  return times
end

local measures = {}

function measures.permission()
  local api = require("ggen.isolation.api")
  local views = require("ggen.isolation.views")
  local granted = require("ggen.isolation.permissions").new("bench", "/")
  assert(granted:grant({ "net:example.org", "env:OTHER", "env:HOME" }))
  local border = require("ggen.isolation.membrane").new(views, function(needed, ...)
    granted:ask(needed, ...)
  end)
  local variable = require("ggen").environment.variable
  local without = border:callable(function(...) return variable(...) end)
  local through = api.new(border, granted, "bench").environment.variable
  return medians(200000, { function() return without("HOME") end,
    function() return through("HOME") end })
end

function measures.process()
  local plugin = require("ggen.isolation.process").plugin("scheduler.in-process", here
    .. "/in_process.lua", { dir = here, granted = {}, search_path = "" })
  local impl = plugin.setup({}, {})
  local task = setmetatable({ index = 1, id = "build", name = "build", dir = "." },
    { __name = "ggen.Task" })
  local view = setmetatable({ jobs = 5, running = {} }, { __name = "ggen.View" })
  local times = medians(2000, { function() assert(impl:priority(task, view) == 6) end })
  impl:close()
  return times
end

print(table.concat(measures[arg[1]](), "\t"))
