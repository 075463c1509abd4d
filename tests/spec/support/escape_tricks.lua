-- Known ways out of the environment of a plugin.
-- SPDX-License-Identifier: MIT

-- Each is code that returns what it got hold of, and nil or an error when it got nothing.
return {
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
  ["a variable by its name"] = "return require('ggen').environment.variable('PATH')",
  ["the text of a file"] = "return require('ggen').files.read('/etc/passwd')",
  ["a file as a make.toml"] = "return require('ggen').make_toml.read('/etc/passwd', 'x')",
  ["whether a file is there"] = "return require('ggen').make_toml.exists('/etc/passwd')",
  ["a record of any file"] = "return require('ggen').history.read('/etc/passwd')",
  ["a stream to the container engine"] =
    "return require('ggen').http.upgrade { url = 'http://x/', unix_socket = '/run/docker.sock' }",
  ["a stream to the container engine, without an address"] =
    "require('ggen').http.upgrade { unix_socket = '/run/docker.sock', path = '/' } return true",
  ["a stream to a host, without an address"] =
    "require('ggen').http.upgrade { host = '127.0.0.1', port = 1, path = '/' } return true",
  ["what an await of its own yields"] = [[
    local ok, value = coroutine.resume(coroutine.create(function()
      return require("ggen").async.future():wait()
    end))
    return ok and value]],
  ["bytecode behind a mark of order"] = "return load('\\239\\187\\191\\27LJ\\2')",
  ["bytecode behind a first line"] = "return load('#!x\\n\\27LJ\\2')",
  ["an error of the host in a handler"] = [[
    local got
    xpcall(function() require("ggen").json.decode({}) end, function(value) got = value end)
    return type(got) ~= "string" and got or nil]],
  ["the fields of an object"] = [[
    for _, value in next, require("ggen").async.future() do return value end]],
  ["the functions of a module"] = [[
    for _, value in next, require("ggen").std.list do return value end]],
  ["values of the host by a number of C"] = "return (1LL).x or getmetatable(1LL)",
  ["a file by its address"] = "return require('ggen').http.request { url = 'file:///etc/passwd' }",
  ["a file behind a zero"] = "return require('ggen').files.read('/etc/passwd\\0.txt')",
  ["a service of this machine"] = "return require('ggen').local_service.start { run = 'true' }",
  ["a port that is asked"] = [[return require('ggen').readiness.wait({ port = 1, timeout = 0.01,
    interval = 0.01 }, {})]],
  ["containers by the pool"] = "return require('ggen').std.container_pool.open { containers = {} }",
  ["an address behind a second @"] =
    "return require('ggen').http.request { url = 'http://a@b@127.0.0.1:1/' }",
  ["what a cancelled wait raises"] = [[
    local token = require('ggen').async.CANCELLED
    return getmetatable(token) or setmetatable(token, {})]],
  ["a trace over a file"] = "return require('ggen').trace.write('/tmp/x')",
  -- Errors.
  ["an error object of the host"] = [[
    local ok, err = pcall(require("ggen").json.decode, {})
    return not ok and type(err) ~= "string" and err or nil]],
  ["frames in a traceback"] = [[
    local _, err = xpcall(error, function(value) return debug and debug.traceback(value) end, "x")
    return err]],
}
