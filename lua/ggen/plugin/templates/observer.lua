-- What `plugin new observer NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- What is recorded, shown or sent: the tasks that took longest, at the end of the run.
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "observer",
  version = "@VERSION@",
  api = "^1",
  desc = "Show which tasks took longest",
  params = {
    most = { type = "integer", min = 1, default = 3, desc = "So many tasks are shown." },
    over = { type = "duration", default = "1s", desc = "What took less is not shown." },
  },
  setup = function(params, host)
    local slow = {}

    return {
      on_task_end = function(_, task, result)
        if result.duration >= params.over then
          slow[#slow + 1] = { id = task.id, duration = result.duration }
        end
      end,

      on_run_end = function()
        table.sort(slow, function(a, b)
          if a.duration ~= b.duration then return a.duration > b.duration end
          return a.id < b.id
        end)
        for i = 1, math.min(#slow, params.most) do
          host.screen:write(("slow: %s %s\n"):format(slow[i].id,
            host.style:yellow(ggen.units.format_duration(slow[i].duration))))
        end
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.observer.@NAME@")

describe("observer.@NAME@", function()
  it("shows the longest first, and no more than asked for", function()
    local lines = {}
    local observer = plugin.setup({ most = 2, over = 1 }, {
      screen = { write = function(_, text) lines[#lines + 1] = text end },
      style = { yellow = function(_, text) return text end },
    })
    for id, duration in pairs({ a = 2, b = 0.5, c = 4, d = 3 }) do
      observer:on_task_end({ id = id }, { duration = duration })
    end
    observer:on_run_end()
    assert.same({ "slow: c 4.00 s\n", "slow: d 3.00 s\n" }, lines)
  end)
end)
]==],
  use = [==[p:use "observer.@NAME@" { most = 5, over = "100ms" }]==],
  example = [==[
p:use "observer.@NAME@" { most = 1, over = "100ms" }

p:task "quick" { run = "true" }
p:task "slow" { run = "sleep 0.3" }
]==],
  example_spec = [==[
  it("names the slow task", function()
    local output = ggen_lua("run", "--force")
    assert.truthy(output:find("slow: slow", 1, true), output)
    assert.falsy(output:find("slow: quick", 1, true), output)
  end)
]==],
}
