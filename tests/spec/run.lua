-- Runs the Lua specs: busted inside our own binary, the whole run in one coroutine, so that the
-- body of a spec may wait for processes, timers and connections.
--   ggen-lua lua tests/spec/run.lua [FILES or FOLDERS] [busted's options, as --filter=PATTERN]
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/support/?.lua;" .. package.path

local compatibility = require("busted.compatibility")
local fs = require("ggen.core.fs")

-- busted ends the program when it is done; we have checks to make after it.
local ENDED = {}
compatibility.exit = function(code) error({ ENDED, code }, 0) end

-- Without files: all of tests/spec. An empty --helper would be busted's default.
local options, roots = {}, {}
for _, value in ipairs(arg) do
  table.insert(value:sub(1, 1) == "-" and options or roots, value)
end
if #roots == 0 then roots = { here } end
local script = arg[0]
arg = { [0] = script, "--helper=" .. here .. "/support/clean_end.lua", "--pattern=_spec",
  "--output=plainTerminal", unpack(options) }
for _, root in ipairs(roots) do arg[#arg + 1] = root end

local counts = require("counts")
local cwd = fs.cwd()

local ok, problem = xpcall(function()
  require("busted.runner")({ standalone = false })
end, function(problem)
  if type(problem) == "table" and problem[1] == ENDED then return problem end
  return debug.traceback(tostring(problem), 2)
end)

if not ok and not (type(problem) == "table" and problem[1] == ENDED) then
  io.stdout:write("the run of the specs broke: ", problem, "\n")
  counts.failed = counts.failed + 1
end

local function fail(text)
  io.stdout:write("clean end: ", text, "\n")
  counts.failed = counts.failed + 1
end

if fs.cwd() ~= cwd then fail("the current directory moved to " .. fs.cwd()) end
if counts.passed + counts.failed == 0 then fail("no spec ran") end

print(("spec: %d passed, %d failed"):format(counts.passed, counts.failed))
io.stdout:flush()
return counts.failed == 0 and 0 or 1
