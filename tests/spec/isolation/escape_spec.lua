-- Known ways out of an environment, each tried by a plugin. None may lead anywhere.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
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

  -- The mark of lists of JSON is the host's; a process of its own has one of its own.
  local of_this_tier = {
    ["the mark of lists"] = [[
      local list = require('ggen').json.array({})
      local meta = getmetatable(list)
      return type(meta) == "table" and meta or nil]],
    ["another mark of lists"] = "return setmetatable(require('ggen').json.array({}), {})",
  }
  for name, code in pairs(tricks) do of_this_tier[name] = code end

  for name, code in pairs(of_this_tier) do
    it("has no way out by " .. name, function()
      -- Where it may wait: what waits would otherwise be refused for that alone.
      local ended, got
      local thread = async.run(function()
        local ok, value = pcall(run, ("return { got = (function() %s\nend)() }"):format(code))
        ended, got = true, ok and value.got or nil
      end)
      local waits = not ended
      if waits then thread:cancel() end
      assert.is_false(waits)
      assert.is_nil(got)
    end)
  end

  it("has what is public", function()
    local plugin = run([[
      local ggen = require "ggen"
      local path = require "ggen.std.path"
      return { json = ggen.json.encode({ 1, 2 }), join = path.join("a", "b"),
        empty = ggen.json.encode({ a = ggen.json.array({}), b = ggen.json.decode("[]"), c = {} }),
        time = type(os.time()), load = load("return ...", "x")(5),
        sum = coroutine.wrap(function(a) return a + coroutine.yield() end),
        number = ("%d"):format(math.floor(2.5)) }]])
    assert.equal("[1,2]", plugin.json)
    assert.equal('{"a":[],"b":[],"c":{}}', plugin.empty)
    assert.equal("a/b", plugin.join)
    assert.equal("number", plugin.time)
    assert.equal(5, plugin.load)
    assert.equal("2", plugin.number)
    plugin.sum(1)
    assert.equal(3, plugin.sum(2))
  end)

  it("has functions of the pipeline called by nobody else", function()
    local called = false
    local task = setmetatable({ spec = { run = function() called = true end } },
      { __name = "ggen.Task" })
    local plugin = run([[
      local ggen = require "ggen"
      return {
        direct = function(task) task.spec.run() end,
        run = function(task) ggen.async.run(task.spec.run) end,
        all = function(task) ggen.async.all({ task.spec.run }) end,
        with = function(task, semaphore) semaphore:with(task.spec.run) end,
      }]])
    for _, name in ipairs({ "direct", "run", "all", "with" }) do
      local ok, message = pcall(plugin[name], task, require("ggen.async").semaphore(1))
      assert.is_false(ok)
      assert.matches("this function belongs to the pipeline", message)
    end
    assert.is_false(called)
  end)

  it("has a method of one class called with objects of that class only", function()
    local declared, found = false, {}
    local pipeline = setmetatable({ task = function() declared = true end },
      { __name = "ggen.Pipeline" })
    local function project(name)
      return setmetatable({ task = function(_, index) found[index] = name end },
        { __name = "ggen.Project" })
    end
    local plugin = run([[return {
      borrow = function(project, pipeline)
        project.task(pipeline, "mine", { run = function() end })
      end,
      both = function(first, second)
        first.task(first, 1)
        first.task(second, 2)
      end,
    }]])
    local ok, message = pcall(plugin.borrow, project("a"), pipeline)
    assert.is_false(ok)
    assert.matches("call it with a colon: object:task(...)", message, 1, true)
    assert.is_false(declared)
    plugin.both(project("a"), project("b"))
    assert.same({ "a", "b" }, found)
  end)

  it("reads no record of a run by a path that it may not read", function()
    local outside = assert(fs.make_temp_dir("outside"))
    local text = '{"schema":"ggen-run","version":1,"id":"x","tasks":[],"totals":{}}'
    assert(fs.write(outside .. "/record.json", text))
    write("record.json", text)
    local plugin = run([[return { record = function(dir, ref, below)
      local _, message = pcall(function()
        require("ggen").history.open(dir):record(ref, below)
      end)
      return message
    end }]], { "fs:.:ro" })
    local link = dir .. "/link.json"
    assert(os.execute(("ln -s %s/record.json %s"):format(outside, link)) == 0)
    local name = outside:match("[^/]+$") .. "/record.json"
    for _, words in ipairs({ { outside .. "/record.json" }, { link }, { "link.json", dir },
      { "../" .. name, dir }, { "record.json", outside } }) do
      assert.matches("may not read", plugin.record(dir, unpack(words)))
    end
    for _, words in ipairs({ { dir .. "/record.json" }, { "record.json", dir }, { "last" } }) do
      assert.falsy((plugin.record(dir, unpack(words)) or ""):find("may not read", 1, true))
    end
    fs.remove(outside, { recursive = true })
  end)

  it("asks for files only where it may look", function()
    local loading = setmetatable({ dir = dir, directories_with = function() return { "a" } end },
      { __name = "ggen.Loading" })
    local plugin = run([[return { ask = function(loading, file)
      return pcall(loading.directories_with, loading, { "*" }, file)
    end }]], { "fs:.:ro" })
    assert.is_true((plugin.ask(loading, "Cargo.toml")))
    for _, file in ipairs({ "../../../../etc/passwd", "/etc/passwd", "link/passwd" }) do
      local ok, message = plugin.ask(loading, file)
      assert.is_false(ok)
      assert.matches("without a directory", message)
    end
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

  it("has the modules in the directory of its name, and of no other plugin", function()
    for _, name in ipairs({ "test", "tester", "other" }) do
      assert(fs.mkdir(("%s/ggen/plugins/observer/%s"):format(dir, name)))
      write(("ggen/plugins/observer/%s/part.lua"):format(name), "return 'a part'")
    end
    local plugin = run([[
      return { part = require("ggen.plugins.observer.test.part"),
        others = function(name) return (pcall(require, name)) end }]])
    assert.equal("a part", plugin.part)
    for _, name in ipairs({ "ggen.plugins.observer.tester.part", "ggen.plugins.observer.other.part",
      "ggen.plugins.observer.test", "ggen.plugins.observer.test..part", "ggen.run" }) do
      assert.is_false(plugin.others(name), name)
    end
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

  -- A permission that begins with $ is that of one path or host: where a parameter points.
  describe("with a permission that names a parameter", function()
    local PLUGIN = [[
      local files = require("ggen").files
      return { kind = "observer", params = { file = {}, url = {} }, permissions = { %s },
        setup = function() return {
          try = function(_, path) return pcall(files.write, path, "x") end,
          ask = function(_, url)
            return pcall(require("ggen").http.request, { url = url, timeout = 0.1 })
          end,
        } end }]]

    local function set_up(permissions, params)
      write("plugin.lua", PLUGIN:format(permissions))
      return load.plugin("observer.test", dir .. "/plugin.lua",
        { dir = dir, search_path = dir .. "/?.lua" }).setup(params)
    end

    it("has what the parameter says, and nothing beside it", function()
      local impl = set_up('"fs:$file"', { file = "out/a.txt" })
      assert.is_true((impl:try("out/a.txt")))
      for _, path in ipairs({ "out/b.txt", "a.txt", "out/a.txt.lock", "/etc/x", "out" }) do
        local ok, message = impl:try(path)
        assert.is_false(ok, path)
        assert.matches("may not write", message)
      end
    end)

    it("has nothing when the parameter is not given, or is no text", function()
      for _, params in ipairs({ {}, { file = "" }, { file = 5 }, { file = { {} } } }) do
        assert.is_false((set_up('"fs:$file"', params):try("a.txt")))
      end
    end)

    it("has one host", function()
      local impl = set_up('"net:$url"', { url = "http://127.0.0.1:1/x" })
      local _, answer = impl:ask("http://127.0.0.1:1/other")
      assert.is_nil(answer) -- it was asked, and nobody is there
      for _, url in ipairs({ "http://127.0.0.1:2/", "http://127.0.0.11:1/", "http://localhost:1/",
        "http://127.0.0.1:1@example.org/", "http://127x0.0.1:1/" }) do
        local ok, message = impl:ask(url)
        assert.is_false(ok, url)
        assert.matches("may not talk to", message)
      end
    end)

    it("is refused when there is no such parameter", function()
      local ok, message = pcall(set_up, '"fs:$fil"', {})
      assert.is_false(ok)
      assert.matches('"fs:$fil" names no parameter of it (did you mean "file"?)', message, 1, true)
    end)

    it("is refused when it is none", function()
      for text, why in pairs({ ["fs:$Mixed"] = "$param", ["fs:$"] = "$param",
        ["fs:$file.txt"] = "$param", ["net:$url:80"] = "$param", ["net:$url/x"] = "net:HOST" }) do
        local ok, message = pcall(set_up, ("%q"):format(text), {})
        assert.is_false(ok, text)
        assert.matches(why, message, 1, true)
      end
    end)
  end)

  it("says of a store only a directory that it may write to", function()
    write("plugin.lua", [[return { kind = "store", permissions = { "fs:own" },
      setup = function(params) return { machine = true, directory = params.to } end }]])
    local plugin = load.plugin("store.test", dir .. "/plugin.lua", { dir = dir, search_path = "" })
    assert.equal(fs.realpath(dir) .. "/own", plugin.setup({ to = "own" }).directory)
    assert.is_false((pcall(plugin.setup, { to = "/etc" })))
  end)
end)
