-- Lua as the programs lua and luajit run it: LUA_INIT, -e and -l, the script, lines of a terminal.
-- Errors are printed with a traceback and make the exit code 1.
-- SPDX-License-Identifier: MIT
local M = {}

local USUAL_HOTLOOP = 56 -- LuaJIT's own; the host sets a higher one for its short runs

local function report(message)
  io.stdout:flush()
  io.stderr:write("ggen-lua: ", message, "\n")
end

-- The frames of a script: what lies below is how it was started.
local function traceback(text)
  local frames = debug.traceback(text, 3)
  frames = frames:gsub("\n\t%[C%]: in function 'xpcall'\n\tggen:lua/ggen/interpreter.*$", "")
  return (frames:gsub("\nstack traceback:$", ""))
end

-- What is said of an error value; nil for one that wants nothing to be said.
local function on_error(value)
  if value == nil or value == require("ggen.async").CANCELLED then return value end
  if type(value) == "string" then return traceback(value) end
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__tostring then return tostring(value) end
  return type(value) == "number" and tostring(value)
    or ("(error object is a %s value)"):format(type(value))
end

---Calls a chunk.
---@async
---@param chunk function?
---@param message string? why there is no chunk
---@return boolean ok
---@return any ... what it returned; the error has been said
function M.call(chunk, message, ...)
  if not chunk then
    report(message)
    return false
  end
  local function ended(ok, ...)
    if ok then return true, ... end
    if (...) ~= nil then report(tostring((...))) end
    return false
  end
  return ended(xpcall(chunk, on_error, ...))
end

local acts = {}

function acts.e(code) return M.call(loadstring(code, "=(command line)")) end

function acts.l(name) return M.call(require, nil, name) end

function acts.O(options)
  local words = {}
  for word in options:gmatch("[^,]+") do words[#words + 1] = word end
  return M.call(jit.opt.start, nil, unpack(words))
end

function acts.j(command)
  local name, rest = command:match("^([^=]*)=?(.*)$")
  local words = {}
  for word in rest:gmatch("[^,]+") do words[#words + 1] = word end
  return M.call(function()
    if type(jit[name]) == "function" then return jit[name](unpack(words)) end
    local module = "jit." .. name
    require(module).start(unpack(words))
  end)
end

-- The search paths as they are without the environment: those of a new state of Lua.
local function forget_environment()
  local ffi = require("ffi")
  ffi.cdef([[
    void *luaL_newstate(void); void luaL_openlibs(void *); void lua_close(void *);
    void lua_pushboolean(void *, int); void lua_setfield(void *, int, const char *);
    void lua_getfield(void *, int, const char *); const char *lua_tolstring(void *, int, size_t *);
  ]])
  local REGISTRY, GLOBALS = -10000, -10002
  local C = ffi.C
  local state = C.luaL_newstate()
  C.lua_pushboolean(state, 1)
  C.lua_setfield(state, REGISTRY, "LUA_NOENV")
  C.luaL_openlibs(state)
  C.lua_getfield(state, GLOBALS, "package")
  for _, field in ipairs({ "path", "cpath" }) do
    C.lua_getfield(state, -1, field)
    package[field] = ffi.string(C.lua_tolstring(state, -1, nil))
    C.lua_setfield(state, GLOBALS, field)
  end
  C.lua_close(state)
end

local function run_init()
  local init = os.getenv("LUA_INIT")
  if not init then return true end
  if init:sub(1, 1) == "@" then return M.call(loadfile(init:sub(2))) end
  return M.call(loadstring(init, "=LUA_INIT"))
end

-- The global arg: the script has the index 0, what stands before it negative ones.
local function set_arg(args, script)
  local program = require("ggen.core.fs").realpath("/proc/self/exe") or "ggen-lua"
  local all = { [-1] = program, [0] = "lua" }
  for i, word in ipairs(args) do all[i] = word end
  local table_of_args = {}
  for i = -1, #args do table_of_args[i - script] = all[i] end
  _G.arg = table_of_args
end

local function run_script(args, options)
  local name = args[options.script]
  local chunk, message
  if options.stdin then chunk, message = loadfile() else chunk, message = loadfile(name) end
  return M.call(chunk, message, unpack(args, options.script + 1))
end

-- busted runs the interpreter of --lua="ggen-lua lua" with its own arguments, joined by blanks and
-- not quoted: what was one is two words then, and the second would be a folder of specs.
local function mend_busted(args, script)
  if args[script + 1] ~= "--ignore-lua" then return end
  for i = script + 2, #args - 1 do
    local value = args[i]:match("^%-%-lua=(.*)$") or args[i - 1] == "--lua" and args[i]
    if value and value:find("ggen%-lua$") and args[i + 1] == "lua" then
      args[i] = args[i] .. " " .. table.remove(args, i + 1)
      return
    end
  end
end

---@async
---@param args string[]
---@return integer code
function M.run(args)
  local options, problem = require("ggen.interpreter.options").read(args)
  if not options then
    report(problem .. "\nTry: ggen-lua lua --help")
    return 1
  end
  jit.opt.start("hotloop=" .. USUAL_HOTLOOP)
  if options.clean then forget_environment() end
  local repl = require("ggen.interpreter.repl")
  if options.script then mend_busted(args, options.script) end
  if options.version then repl.print_version() end
  set_arg(args, options.script or #args + 1)
  if not options.script then _G.arg[0] = "-" end
  if not options.clean and not run_init() then return 1 end
  for _, act in ipairs(options.acts) do
    if not acts[act[1]](act[2]) then return 1 end
  end

  local ok, result = true, nil
  if options.script then
    ok, result = run_script(args, options)
  elseif not options.interactive and not options.code and not options.version then
    if require("ggen.core.fs").is_tty(0) then
      repl.print_version()
      options.interactive = true
    else
      ok, result = M.call(loadfile())
    end
  end
  if options.interactive then
    repl.run()
  elseif not ok then
    return 1
  end
  return type(result) == "number" and result or 0
end

return M
