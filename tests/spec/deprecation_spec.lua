-- ggen.deprecate: what is said, by whom, of whom, and how often.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local ggen = require("ggen")
local load = require("ggen.isolation.load")
local registry = require("ggen.registry")

describe("ggen.deprecate", function()
  local dir, notes, before

  before_each(function()
    dir = assert(fs.make_temp_dir("deprecation"))
    notes, before = {}, registry.events
    registry.events = { note = function(_, level, text) notes[#notes + 1] = { level, text } end }
  end)
  after_each(function()
    registry.events = before
    fs.remove(dir, { recursive = true })
  end)

  local function chunk(name, text) return assert(loadstring(text, "@" .. name)) end

  it("says it once for each name, with the place that uses it", function()
    local old = chunk("lib/a.lua", [[return function()
      require("ggen").deprecate("a.old", "a.new", "2.0")
    end]])()
    chunk("user.lua", "local old = ...\n\nold() old()\nold()")(old)
    assert.same({ { "warning",
      '"a.old" is deprecated and will be removed in 2.0: use a.new (user.lua:3)' } }, notes)
  end)

  it("says the same name of another module again", function()
    for _, file in ipairs({ "lib/b.lua", "lib/c.lua" }) do
      local old = chunk(file, 'return function() require("ggen").deprecate("old") end')()
      chunk("user.lua", "local old = ... old()")(old)
    end
    assert.same({ { "warning", '"old" is deprecated (user.lua:1)' },
      { "warning", '"old" is deprecated (user.lua:1)' } }, notes)
  end)

  it("names the plugin that uses something of the host", function()
    local path = dir .. "/mine.lua"
    fs.write(path, [[return { name = "mine", kind = "observer", version = "1", api = 1, desc = "d",
      setup = function(_, host)
        host.old()
        return {}
      end }]])
    local old = chunk("ggen:lua/ggen/some.lua",
      'return function() require("ggen").deprecate("host.old", "host.new") end')()
    registry.new({ old = old }):use("./mine.lua", nil, { dir = dir, file = "p.lua", line = 7 })
    assert.equal(1, #notes)
    assert.equal('"host.old" is deprecated: use host.new (plugin "./mine.lua", ' .. path .. ":3)",
      notes[1][2])
  end)

  it("names the plugin that says it of an installed one, too", function()
    fs.write(dir .. "/plugin.lua", [[local ggen = require "ggen"
      return { name = "d", kind = "observer", version = "1", api = "^1", desc = "d",
        setup = function()
          ggen.deprecate("depth", "max_depth", "2.0")
          return {}
        end }]])
    local plugin = load.plugin("observer.deep", dir .. "/plugin.lua",
      { dir = dir, granted = {}, search_path = "" })
    assert.is_truthy(registry.check(plugin))
    plugin.setup({}, {})
    plugin.setup({}, {})
    assert.equal(1, #notes)
    assert.matches('^plugin "observer.deep": "depth" is deprecated and will be removed in 2.0: use'
      .. ' max_depth', notes[1][2])
  end)

  it("refuses an installed plugin by its level as any other", function()
    fs.write(dir .. "/plugin.lua", [[return { name = "d", kind = "observer", version = "1",
      api = "^2", desc = "d", of_level_2 = true, setup = function() return {} end }]])
    local plugin = load.plugin("observer.next", dir .. "/plugin.lua",
      { dir = dir, granted = {}, search_path = "" })
    local checked, message, why = registry.check(plugin)
    assert.same({ nil, "level" }, { checked, why })
    assert.matches("^it is written for level %^2 of the API of kind observer", message)
  end)

  it("lets nothing of a name reach the terminal", function()
    local old = chunk("lib/e.lua",
      'return function() require("ggen").deprecate("a\\27[2J\\nb", "c\\rd") end')()
    chunk("user.lua", "local old = ... old()")(old)
    assert.is_nil(notes[1][2]:find("%c"))
  end)

  it("refuses what is no text, at the line that calls it", function()
    for _, arguments in ipairs({ { 1 }, { "" }, { "a", 1 }, { "a", "b", 2 }, { "a", "" } }) do
      local ok, message = pcall(chunk("wrong.lua", "local d, a = ...\n\nd(a[1], a[2], a[3])\n"),
        ggen.deprecate, arguments)
      assert.is_false(ok)
      assert.matches("^wrong.lua:3: ggen.deprecate: .* has to be a text, it is ", message)
    end
    assert.same({}, notes)
  end)
end)
