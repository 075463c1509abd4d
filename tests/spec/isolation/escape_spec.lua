-- Known ways out of an environment, each tried by a plugin. None may lead anywhere.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local load = require("ggen.isolation.load")
local tricks = require("escape_tricks")

describe("an installed plugin", function()
  local dir

  before_each(function() dir = assert(fs.make_temp_dir("isolation")) end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function write(name, text) assert(fs.write(dir .. "/" .. name, text)) end

  -- What a plugin's file returns that consists of this text.
  local function run(text, granted)
    write("plugin.lua", text)
    return load.plugin("observer.test", dir .. "/plugin.lua",
      { dir = dir, granted = granted or {}, search_path = dir .. "/?.lua" })
  end

  for name, code in pairs(tricks) do
    it("has no way out by " .. name, function()
      local ok, value = pcall(run, ("return { got = (function() %s\nend)() }"):format(code))
      assert.is_nil(ok and value.got or nil)
    end)
  end

  it("has what is public", function()
    local plugin = run([[
      local ggen = require "ggen"
      local path = require "ggen.std.path"
      return { json = ggen.json.encode({ 1, 2 }), join = path.join("a", "b"),
        time = type(os.time()), load = load("return ...", "x")(5),
        sum = coroutine.wrap(function(a) return a + coroutine.yield() end),
        number = ("%d"):format(math.floor(2.5)) }]])
    assert.equal("[1,2]", plugin.json)
    assert.equal("a/b", plugin.join)
    assert.equal("number", plugin.time)
    assert.equal(5, plugin.load)
    assert.equal("2", plugin.number)
    plugin.sum(1)
    assert.equal(3, plugin.sum(2))
  end)

  it("is no compiled file", function()
    local ok, message = pcall(run, "\27LJ\2\0")
    assert.is_false(ok)
    assert.matches("it is compiled", message)
  end)

  it("brings no compiled module", function()
    write("part.lua", "\27LJ\2\0")
    local ok, message = pcall(run, "return require 'part'")
    assert.is_false(ok)
    assert.matches("it is compiled", message)
  end)

  it("brings no module in C", function()
    write("part.so", "\127ELF")
    local ok, message = pcall(run, "return require 'part'")
    assert.is_false(ok)
    assert.matches("no module \"part\" in Lua", message)
  end)

  it("leaves the methods of texts as they are for all others", function()
    run("string.rep = nil; string.upper = function() return 'mine' end; return {}")
    assert.equal("ABAB", ("ab"):rep(2):upper())
    assert.equal("AB", string.upper("ab"))
  end)

  it("shares its globals with its own modules only", function()
    write("part.lua", "return { globals = _G, io = io }")
    local plugin = run("local part = require 'part' return { same = part.globals == _G,"
      .. " io = part.io }")
    assert.is_true(plugin.same)
    assert.is_nil(plugin.io)
  end)

  it("cannot add a global", function()
    local ok, message = pcall(run, "counter = 1 return {}")
    assert.is_false(ok)
    assert.matches("plugin.lua:1: assignment to the global \"counter\"", message)
  end)

  it("gets no further than its directory by dots and links", function()
    local outside = assert(fs.make_temp_dir("outside"))
    assert(os.execute(("ln -s %s %s/link"):format(outside, dir)) == 0)
    local function try(path, granted)
      local plugin = run([[return { write = function(path)
        local ok, message = pcall(require("ggen").files.write, path, "x")
        return { ok = ok, message = message }
      end }]], granted)
      return plugin.write(path)
    end
    local paths = { "own/../../x", "link/x", "own/./../link/x", "/etc/x", "../x", "own/.." }
    for _, path in ipairs(paths) do
      assert(fs.mkdir(dir .. "/own"))
      local result = try(path, { "fs:own", "fs:link/../own" })
      assert.is_false(result.ok, path)
      assert.matches("may not write", result.message)
    end
    assert.is_true(try("own/x", { "fs:own" }).ok)
    assert.is_false(try("own/x", { "fs:own:ro" }).ok)
    assert.same({}, fs.list(outside))
    fs.remove(outside, { recursive = true })
  end)

  it("cannot make an error of its own run code in the host", function()
    local plugin = run([[
      local ran = false
      return {
        fail = function() error(setmetatable({}, { __tostring = function() ran = true end })) end,
        ran = function() return ran end,
      }]])
    local ok, message = pcall(plugin.fail)
    assert.is_false(ok)
    assert.equal("error() was called with a table, not with a text", message)
    assert.is_false(plugin.ran())
  end)

  it("cannot catch that it is cancelled", function()
    local async = require("ggen.async")
    local plugin = run([[
      local ggen = require "ggen"
      return { wait = function()
        while true do pcall(function() ggen.async.sleep(1000) end) end
      end }]])
    local ended
    local thread = async.run(plugin.wait, function(ok, problem) ended = { ok, problem } end)
    thread:cancel()
    assert.is_false(ended[1])
    assert.equal(async.CANCELLED, ended[2])
  end)
end)
