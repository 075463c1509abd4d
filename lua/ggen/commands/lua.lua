-- ggen-lua lua FILE args: a script inside our runtime. The script runs in a coroutine on the loop,
-- so it may wait (ggen.async); that is how busted runs in here.
-- SPDX-License-Identifier: MIT
local USAGE = "ggen-lua lua [-e CODE] [FILE] [ARGS...]"
local DESCRIPTION = [[
Runs a Lua script in the runtime of ggen-lua: LuaJIT, the module "ggen" with all its parts, and
functions that may wait. Without FILE and -e, or with -, the script is read from the standard input.
A number that the script returns is the exit code.]]

local function load_script(args)
  if args[1] == "-e" then
    if not args[2] then return nil, "-e needs code" end
    return loadstring(args[2], "=(command line)"), nil, 2
  end
  if args[1] == nil or args[1] == "-" then return loadfile(), nil, 1 end
  local chunk, message = loadfile(args[1])
  return chunk, message, 1
end

return {
  summary = "Run a Lua script in the runtime of ggen-lua",
  description = DESCRIPTION,
  usage = USAGE,
  raw = true,
  run = function(args)
    if args[1] == "-h" or args[1] == "--help" then
      io.write("Usage: ", USAGE, "\n\n", DESCRIPTION, "\n")
      return 0
    end
    local fault = require("ggen.fault")
    local chunk, message, used = load_script(args)
    if not chunk then
      fault.raise(message or select(2, loadstring(args[2] or "", "=(command line)"))
        or "cannot read the script")
    end
    _G.arg = { [0] = args[used] or "-" }
    for i = used + 1, #args do _G.arg[i - used] = args[i] end
    local ok, result = xpcall(chunk, function(value)
      if value == require("ggen.async").CANCELLED then return value end
      return type(value) == "string" and debug.traceback(value, 2)
        or type(value) == "table" and tostring(value) or value
    end, unpack(_G.arg))
    if not ok then
      io.stderr:write("ggen-lua: ", tostring(result), "\n")
      return 1
    end
    return type(result) == "number" and result or 0
  end,
}
