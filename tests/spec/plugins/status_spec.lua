-- The live line, on a screen that only remembers it.
-- SPDX-License-Identifier: MIT
local registry = require("ggen.registry")
local style = require("ggen.style")

describe("the status line", function()
  local function shown_by(options)
    local shown = { now = 10 }
    local screen = {
      is_tty = function() return true end,
      status = function(_, text) shown.text = text end,
    }
    local plugins = registry.new({ project_dir = "/nowhere", options = {}, screen = screen,
      style = style.new(false), now = function() return shown.now end })
    local plugin = plugins:use("observer.status").impl
    plugin:on_run_start({ totals = { tasks = 7, ok = 2 },
      time_left = function() return options.left end })
    return shown, plugin
  end

  local function task(id) return { id = id, spec = {} } end

  it("has progress, the time, and what runs", function()
    local shown, plugin = shown_by({})
    plugin:on_task_start(task("a"))
    shown.now = 11.5
    plugin:on_tick()
    assert.truthy(shown.text:find("^%[2/7%] 1.50 s  .* a$"), shown.text)
  end)

  it("says how long is left once that is known", function()
    local shown, plugin = shown_by({ left = 125.4 })
    local a = task("a")
    plugin:on_task_start(a)
    assert.is_nil(shown.text:find("left"))
    plugin:on_tick()
    assert.truthy(shown.text:find("^%[2/7%] 0.00 s, about 2 m 05 s left  .* a$"), shown.text)
    plugin:on_task_end(a, {})
    assert.truthy(shown.text:find("^%[3/7%] 0.00 s, about 2 m 05 s left"), shown.text)
    plugin:on_run_end()
    assert.is_nil(shown.text)
  end)

  it("has nothing to wait for when all have ended and observers still work", function()
    local shown, plugin = shown_by({ left = 3 })
    local tasks = {}
    for i = 1, 5 do
      tasks[i] = task("a" .. i)
      plugin:on_task_start(tasks[i])
    end
    for i = 1, 5 do plugin:on_task_end(tasks[i], {}) end
    plugin:on_tick()
    assert.equal("[7/7] 0.00 s", (shown.text:gsub("%s+$", "")))
  end)

  it("does not count in less than a second", function()
    local shown, plugin = shown_by({ left = 0.02 })
    plugin:on_tick()
    assert.truthy(shown.text:find("about 1 s left"), shown.text)
  end)
end)
