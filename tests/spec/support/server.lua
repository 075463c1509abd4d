-- A server for specs that need one (tests/support/fake_http.py). It runs beside the spec and is
-- ended with it.
-- SPDX-License-Identifier: MIT
local arrivals = require("arrivals")
local beside = require("beside")
local json = require("ggen.core.json")

local M = {}

---Calls body(url, requests) while a server gives these answers; `requests` are those it got.
---@async
---@param answers table[]
---@param body fun(url: string, requests: table[])
---@param tls string? the directory of cert.pem and key.pem
function M.with(answers, body, tls)
  beside.with({ signal = "TERM", argv = { "python3", "tests/support/fake_http.py",
    assert(json.encode(json.array(answers))), tls } }, function(port, requests)
    body("http://127.0.0.1:" .. port, requests)
  end)
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
