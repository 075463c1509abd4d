-- A container engine for specs that says what it is told to (tests/support/fake_engine.py). It runs
-- beside the spec and is ended with it.
-- SPDX-License-Identifier: MIT
local arrivals = require("arrivals")
local beside = require("beside")
local docker = require("ggen.std.docker")
local fs = require("ggen.core.fs")
local json = require("ggen.core.json")

local M = {}

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

---Bytes as an answer's `raw` and `pieces` have them.
---@param bytes string
---@return string
function M.base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 0, 3 do
      local digit = math.floor(n / 64 ^ (3 - k)) % 64
      local there = k < 2 or (k == 2 and b) or (k == 3 and c)
      out[#out + 1] = there and DIGITS:sub(digit + 1, digit + 1) or "="
    end
  end
  return table.concat(out)
end

---One piece of the stream of an engine.
---@param number integer of the stream
---@param bytes string
---@param claimed integer? its length, when the head shall lie
---@return string
function M.frame(number, bytes, claimed)
  local n = claimed or #bytes
  return string.char(number, 0, 0, 0, math.floor(n / 16777216) % 256, math.floor(n / 65536) % 256,
    math.floor(n / 256) % 256, n % 256) .. bytes
end

---What an engine answers to a ping.
M.PONG = { body = "OK", headers = { ["Api-Version"] = "1.43", Server = "Docker/24.0.7 (linux)" } }

---Calls body(host, requests) while an engine gives these answers; `requests` are those it got.
---@async
---@param answers table[]
---@param body fun(host: string, requests: table[])
---@param tls string? a directory: by TLS, as tests/support/fake_engine.py says
function M.serve(answers, body, tls)
  local dir = assert(fs.make_temp_dir("ggen-engine-"))
  local ok, problem = pcall(beside.with, { signal = "KILL",
    stdin = assert(json.encode(json.array(answers))),
    argv = { "python3", "-IS", "tests/support/fake_engine.py",
      tls and "tls:" .. tls or dir .. "/engine.sock" } }, function(said, requests)
    body(tls and "https://localhost:" .. said or "unix://" .. dir .. "/engine.sock", requests)
  end)
  assert(fs.remove(dir, { recursive = true }))
  if not ok then error(problem, 0) end
end

---The same with a client that has connected: body(engine, requests).
---@async
---@param answers table[] behind the one to the ping
---@param body fun(engine: ggen.docker.Engine, requests: table[])
---@param options table? of docker.connect
function M.with(answers, body, options)
  local all = { M.PONG }
  for _, answer in ipairs(answers) do all[#all + 1] = answer end
  M.serve(all, function(host, requests)
    options = options or {}
    options.host = host
    body(assert(docker.connect(options)), requests)
  end)
end

---Waits until so many requests have been read of what the engine tells.
---@async
---@param requests table[]
---@param count integer
function M.wait(requests, count)
  arrivals.wait(requests, count)
  assert(#requests == count, #requests .. " requests came")
end

return M
