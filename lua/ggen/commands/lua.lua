-- ggen-lua lua: Lua as lua and luajit run it, in our runtime. What runs is in a coroutine on the
-- loop, so it may wait (ggen.async); that is how busted runs in here.
-- SPDX-License-Identifier: MIT
local USAGE = "ggen-lua lua [-e CODE] [-l NAME] [-i] [-v] [-E] [-j CMD] [-O OPT] [--]"
  .. " [SCRIPT | -] [ARGS...]"

local DESCRIPTION = [[
Runs Lua as the programs lua and luajit do, in the runtime of ggen-lua: LuaJIT, the module "ggen"
with all its parts, and functions that may wait. Without SCRIPT, -e, -l and -v, or with -, the
script is read from the standard input; on a terminal, lines are read and run one by one.]]

local OPTIONS = [[
  -e CODE   runs a text
  -l NAME   requires a module
  -i        reads lines and runs them, after the script
  -v        prints the version
  -E        without LUA_INIT, LUA_PATH and LUA_CPATH of the environment
  -j CMD    LuaJIT: on, off, flush, or a module jit.CMD
  -O OPT    LuaJIT: the optimisations
  --        ends the options
  -         the standard input is the script]]

local REST = [[
SCRIPT has its arguments in ... and in the global arg: arg[0] is the script, what stands before it
has negative indexes. LUA_INIT of the environment (a text, or @FILE) is run first. The exit code is
that of os.exit, or a number that the script returns, or 0; 1 after an error. A program of the name
lua or luajit that is a link to ggen-lua is ggen-lua lua.]]

return {
  summary = "Run Lua, as lua and luajit do, in the runtime of ggen-lua",
  description = DESCRIPTION .. "\n" .. REST,
  usage = USAGE,
  raw = true,
  run = function(args)
    if args.before then
      require("ggen.fault").raise(("%s stands before lua, where it means nothing: a script runs in"
        .. " the directory that it is started in"):format(args[1]))
    end
    if args[1] == "-h" or args[1] == "--help" then
      io.write("Usage: ", USAGE, "\n\n", DESCRIPTION, "\n\n", OPTIONS, "\n\n", REST, "\n")
      return 0
    end
    return require("ggen.interpreter.run").run(args)
  end,
}
