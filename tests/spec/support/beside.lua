-- A program that runs beside a spec and is ended with it. Its first line says that it is ready, the
-- others are requests that came, as JSON.
-- SPDX-License-Identifier: MIT
local arrivals = require("arrivals")
local async = require("ggen.async")
local json = require("ggen.core.json")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

local M = {}

---Calls body(line, requests) while the program runs.
---@async
---@param spec { argv: string[], stdin: string?, signal: string } what to run, and what ends it
---@param body fun(line: string, requests: table[])
function M.with(spec, body)
  local requests, rest, said = {}, "", nil
  local ended, ready = async.future(), async.future()
  local sink = output.callback(function(stream, bytes)
    if stream == "err" then io.stderr:write(bytes) return end
    rest = rest .. bytes
    for line in rest:gmatch("([^\n]*)\n") do
      if said then
        arrivals.add(requests, assert(json.decode(line)))
      else
        said = line
        ready:resolve()
      end
    end
    rest = rest:gsub("^.*\n", "")
  end)
  local handle = assert(process.run({
    argv = spec.argv, stdin = spec.stdin and { bytes = spec.stdin } or nil,
    env = { PATH = os.getenv("PATH") }, output = sink,
  }, function()
    sink:close()
    ended:resolve()
    ready:resolve("the program beside the spec has ended")
  end))
  assert(not ready:wait())
  local ok, problem = pcall(body, said, requests)
  handle:kill(spec.signal)
  ended:wait()
  if not ok then error(problem, 0) end
end

return M
