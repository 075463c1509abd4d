-- Known ways out of an environment, each tried by a plugin. None may lead anywhere.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local load = require("ggen.isolation.load")

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

  -- Each is code that returns what it got hold of, and nil or an error when it got nothing.
  local TRICKS = {
    -- Libraries that reach outside.
    ["io"] = "return io",
    ["os.execute"] = "return os.execute",
    ["os.remove"] = "return os.remove",
    ["os.rename"] = "return os.rename",
    ["os.getenv"] = "return os.getenv",
    ["os.exit"] = "return os.exit",
    ["os.tmpname"] = "return os.tmpname",
    ["os.setlocale"] = "return os.setlocale",
    ["debug"] = "return debug",
    ["package"] = "return package",
    ["package by require"] = "return require 'package'",
    ["package.loadlib"] = "return package.loadlib",
    ["jit"] = "return jit",
    ["jit by require"] = "return require 'jit'",
    ["jit.util by require"] = "return require 'jit.util'",
    ["ffi"] = "return require 'ffi'",
    ["io by require"] = "return require 'io'",
    ["debug by require"] = "return require 'debug'",
    ["dofile"] = "return dofile",
    ["loadfile"] = "return loadfile",
    ["module"] = "return module",
    ["newproxy"] = "return newproxy",
    ["collecting garbage"] = "return collectgarbage 'collect'",
    ["stopping the collector"] = "return collectgarbage 'stop'",
    ["the seed of all random numbers"] = "return math.randomseed",
    -- Environments of functions.
    ["getfenv"] = "return getfenv(0)",
    ["getfenv of a host function"] = "return getfenv(require('ggen').json.encode)",
    ["setfenv"] = "return setfenv",
    ["_G leads out"] = "return _G._G.io or rawget(_G, 'io')",
    ["a chunk of load"] = "return load('return io or debug or package')()",
    ["a chunk of loadstring"] = "return loadstring('return io')()",
    ["a chunk with an environment of its own"] =
      "return load('return getmetatable(\"\")', 'x', 't', { getmetatable = getmetatable })()",
    -- Bytecode.
    ["string.dump"] = "return string.dump",
    ["string.dump by a text"] = "return (''):dump()",
    ["the function dump by a text"] = "return (('').dump)",
    ["bytecode by load"] = "return load('\\27LJ\\2', 'x')",
    ["bytecode by load, mode b"] = "return load('\\27LJ\\2', 'x', 'b')",
    ["bytecode by load, in pieces"] = [[
      local pieces = { "\27L", "J\2" }
      return load(function() return table.remove(pieces, 1) end, "x")]],
    ["bytecode behind an empty first piece"] = [[
      local n = 0
      return load(function() n = n + 1 return n == 1 and "\27" or n == 2 and "LJ\2" or nil end)]],
    ["bytecode by loadstring"] = "return loadstring('\\27LJ\\2')",
    -- Metatables.
    ["the metatable of texts"] = "return getmetatable('')",
    ["another __index for texts"] = "getmetatable('').__index = function() end return true",
    ["the metatable of a function"] = "return getmetatable(print or function() end)",
    ["the metatable of ggen"] = "return getmetatable(require 'ggen')",
    ["another metatable for ggen"] = "return setmetatable(require('ggen'), {})",
    ["another metatable for the globals"] = "return setmetatable(_G, {})",
    ["a field of ggen"] = "require('ggen').json = {} return true",
    ["a function of ggen"] = "require('ggen').json.encode = nil return true",
    ["a function of the standard library"] = "require('ggen.std').json.decode = nil return true",
    -- Modules.
    ["a module of the host"] = "return require 'ggen.run'",
    ["a module of the engine"] = "return require 'ggen.core.process'",
    ["a module of the host by a path"] = "return require 'ggen/run'",
    ["a module of the isolation"] = "return require 'ggen.isolation.membrane'",
    ["a module above"] = "return require '../../secret'",
    ["a module by dots"] = "return require '....secret'",
    ["a module by its absolute path"] = "return require '/etc/passwd'",
    ["a name with a question mark"] = "return require '?'",
    ["a name that is no text"] = "return require({ __tostring = function() return 'io' end })",
    ["std.docker"] = "return require('ggen.std').docker",
    ["another plugin"] = "return require 'ggen.plugins.executor.process'",
    -- Coroutines.
    ["to yield in a coroutine of the host"] = "return coroutine.yield('hello')",
    ["to resume a coroutine of the host"] = "return coroutine.resume(coroutine.running())",
    ["globals of a new coroutine"] =
      "local ok, value = coroutine.resume(coroutine.create(function() return io end)) return value",
    ["globals of a wrapped coroutine"] = "return coroutine.wrap(function() return debug end)()",
    -- Calls that need a permission.
    ["a program"] = "return require('ggen').std.sh.run('id')",
    ["a program, its output"] = "return require('ggen').std.sh.capture('id')",
    ["a request"] = "return require('ggen').http.request { url = 'http://127.0.0.1:1/' }",
    ["a request over a unix socket"] =
      "return require('ggen').http.request { url = 'http://x/', unix_socket = '/run/docker.sock' }",
    ["a file"] = "return require('ggen').files.write('stolen', 'x')",
    ["files by a glob"] = "return require('ggen').std.glob.list('*', '/etc')",
    ["a variable"] = "return require('ggen').environment.base().PATH",
    ["a trace over a file"] = "return require('ggen').trace.write('/tmp/x')",
    -- Errors.
    ["an error object of the host"] = [[
      local ok, err = pcall(require("ggen").json.decode, {})
      return not ok and type(err) ~= "string" and err or nil]],
    ["frames in a traceback"] = [[
      local _, err = xpcall(error, function(value) return debug and debug.traceback(value) end, "x")
      return err]],
  }

  for name, code in pairs(TRICKS) do
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
