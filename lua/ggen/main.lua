-- The entry of the host: finds the command, runs it in a coroutine on the loop, prints faults.
-- SPDX-License-Identifier: MIT

require("ggen.pairs") -- before anything keeps the other ones

-- Most runs end before machine code pays: it is made of what is more often run than usual.
jit.opt.start("hotloop=200")

-- For developing: GGEN_LUA_PATH=<source tree> replaces the sources inside the binary.
local source_tree = os.getenv("GGEN_LUA_PATH")
if source_tree and source_tree ~= "" then
  require("ggen.source_tree").use(source_tree)
end

local async = require("ggen.async")
local fault = require("ggen.fault")
local loop = require("ggen.core.loop")

---@param ... string the arguments of the program
---@return integer code its exit code
return function(...)
  local cli = require("ggen.cli")
  local argv = { ... }
  local code, failure
  async.run(function()
    local ok, result = xpcall(cli.dispatch, fault.handler(cli.is_verbose(argv)), argv)
    if ok then return result or 0 end
    error(result, 0)
  end, function(ok, result)
    if ok then code = result else failure = result end
  end)
  loop.run()
  local deprecation = package.loaded["ggen.deprecation"]
  if deprecation and not cli.for_programs then deprecation.finish() end
  if failure then
    fault.print(failure, cli.color_on_stderr(argv))
    return fault.is(failure) and failure.exit or 70
  end
  return code or 70
end
