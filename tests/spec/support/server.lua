-- A server for specs that need one (tests/support/fake_http.py). It runs beside the spec and is
-- ended with it.
-- SPDX-License-Identifier: MIT
local arrivals = require("arrivals")
local async = require("ggen.async")
local json = require("ggen.core.json")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

local M = {}

---Calls body(url, requests) while a server gives these answers; `requests` are those it got.
---@async
---@param answers table[]
---@param body fun(url: string, requests: table[])
---@param tls string? the directory of cert.pem and key.pem
function M.with(answers, body, tls)
  local requests, rest = {}, ""
  local ended, port = async.future(), nil
  local ready = async.future()
  local sink = output.callback(function(stream, bytes)
    if stream == "err" then io.stderr:write(bytes) return end
    rest = rest .. bytes
    for line in rest:gmatch("([^\n]*)\n") do
      if port then
        arrivals.add(requests, assert(json.decode(line)))
      else
        port = line
        ready:resolve()
      end
    end
    rest = rest:gsub("^.*\n", "")
  end)
  local handle = assert(process.run({
    argv = { "python3", "tests/support/fake_http.py",
      assert(json.encode(json.array(answers))), tls },
    env = { PATH = os.getenv("PATH") }, output = sink,
  }, function()
    sink:close()
    ended:resolve()
  end))
  ready:wait()
  local ok, problem = pcall(body, "http://127.0.0.1:" .. port, requests)
  handle:kill("TERM")
  ended:wait()
  if not ok then error(problem, 0) end
end

---Waits until so many requests have been read of what the server says; it may say them later than
---it answers.
---@async
---@param requests table[]
---@param count integer
function M.wait(requests, count)
  arrivals.wait(requests, count)
  assert(#requests == count, #requests .. " requests came")
end

return M
