-- When something that was started is ready: a port that accepts, an address that answers, a text in
-- its output, a command that ends well (public as ggen.readiness). Knows nobody who starts it.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local units = require("ggen.units")

local M = {}

---How to check what is in `ready` (schema.lua), for params of plugins.
M.schema = require("ggen.fields").readiness

---@class ggen.ReadinessProbe how to ask what is waited for
---@field run? async fun(command: string|string[]): integer runs `cmd`, returns its exit code
---@field seen? ggen.async.Future resolved when the text of `log` was there (see watch)
---@field ended? async fun(): string? returns, with a reason, when there is nothing to wait for

local function connects(host, port)
  local net = require("ggen.core.net")
  local conn
  local message = async.await(function(resume)
    local problem
    conn, problem = net.connect(host, port, resume)
    if not conn then resume(problem) end
    return conn
  end)
  if message then
    if conn then conn:close() end
    return nil
  end
  return conn
end

-- GET with the least that a server accepts; only the status line matters.
local function answers(url)
  local authority, path = url:match("^http://([^/]+)(.*)$")
  local host, port = authority:match("^(.-):(%d+)$")
  local conn = connects(host or authority, tonumber(port) or 80)
  if not conn then return false end
  local request = ("GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n"):format(
    path == "" and "/" or path, authority)
  local head = ""
  conn:write(request) -- that it did not go out is said to the reader, too
  while not head:find("\n", 1, true) and #head < 4096 do
    local chunk = async.await(function(resume)
      if not conn:read(resume) then resume() end
      return conn
    end)
    if not chunk then break end
    head = head .. chunk
  end
  conn:close()
  local status = tonumber(head:match("^HTTP/%S+%s+(%d%d%d)"))
  return status ~= nil and status >= 200 and status < 400
end

-- Asks again and again; nothing tells us when a server begins to listen.
local function until_true(interval, check)
  while not check() do async.sleep(interval) end
end

-- One way to wait for each kind of readiness; each returns when it is there.
local waits = {}

function waits.port(_, ready)
  until_true(ready.interval, function()
    local conn = connects(ready.host or "127.0.0.1", ready.port)
    if conn then conn:close() end
    return conn ~= nil
  end)
end

function waits.http(_, ready)
  until_true(ready.interval, function() return answers(ready.http) end)
end

function waits.cmd(probe, ready)
  until_true(ready.interval, function() return probe.run(ready.cmd) == 0 end)
end

function waits.log(probe) probe.seen:wait() end

---Looks for a text in what is written, also across two pieces.
---@param text string
---@return fun(bytes: string) feed takes each piece
---@return ggen.async.Future seen
function M.watch(text)
  local seen, tail, found = async.future(), "", false
  return function(bytes)
    if found then return end
    local window = tail .. bytes
    if window:find(text, 1, true) then
      found, tail = true, ""
      seen:resolve()
    else
      tail = #text > 1 and window:sub(1 - #text) or ""
    end
  end, seen
end

-- What is waited for, as a message says it.
local SIGNS = { port = "port %s", http = "%s", cmd = "%s", log = "%q in its output" }

---Waits until it is ready.
---@async
---@param ready ggen.TaskReady checked: one of port, log, http and cmd; timeout, interval
---@param probe ggen.ReadinessProbe
---@return boolean? ready
---@return string? message why not
---@return "ended"|"timeout"|nil kind
function M.wait(ready, probe)
  local kind = ready.port and "port" or ready.http and "http" or ready.cmd and "cmd" or "log"
  local what = ready[kind]
  if type(what) == "table" then what = table.concat(what, " ") end
  local reason
  local ways = {
    function() waits[kind](probe, ready) end,
    function() async.sleep(ready.timeout) end,
  }
  if probe.ended then ways[3] = function() reason = probe.ended() end end
  local _, first = async.race(ways)
  if first == 1 then return true end
  if first == 3 then return nil, reason or "it ended before it was ready", "ended" end
  return nil, ("it was not ready within %s (%s)"):format(units.format_duration(ready.timeout),
    SIGNS[kind]:format(what)), "timeout"
end

return M
