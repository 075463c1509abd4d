-- Whether a service answers: once, and again and again until it does. Knows how to ask, by a
-- command, a port, the log or HTTP; what follows from it is decided by container.lua.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local spec_of = require("ggen.std.container_pool.spec")

local async = ggen.async

local M = {}

local FIRST_PAUSE, GROWTH = 0.005, 1.6 -- seconds; pauses grow to the interval of the spec
local ONE_TRY = 5 -- seconds that one question may take

-- What a check found the last time, for the message when it never passes.
local function said(result)
  local text = (result.stderr or "") .. (result.stdout or "")
  return text:match("([^\n]+)%s*$") or result.message or ("exit code %s"):format(result.code)
end

local asks = {}

function asks.cmd(container, ready)
  local result, message, kind = container:command(ready.cmd, { timeout = ONE_TRY })
  if not result then return nil, message, kind end
  if result.code == 0 then return true end
  return nil, said(result)
end

function asks.port(container, ready, patient)
  local host, port = container:address(ready.port)
  return container.world.connects(host, port, patient)
end

function asks.http(container)
  local port, path = spec_of.http_target(container.spec)
  local host, published = container:address(port)
  local response, message = ggen.http.request({ url = ("http://%s:%d%s"):format(host, published,
    path), timeout = ONE_TRY, connect_timeout = ONE_TRY, max_bytes = "1MiB" })
  if not response then return nil, message end
  if response.status >= 200 and response.status < 400 then return true end
  return nil, ("status %d"):format(response.status)
end

-- What the check waits for, as a message says it.
local function sign(ready)
  if ready.cmd then
    return type(ready.cmd) == "table" and table.concat(ready.cmd, " ") or ready.cmd
  end
  return ready.port and "port " .. ready.port or ready.http
    or ("%q in its log"):format(ready.log)
end

local function kind_of(ready)
  return ready.cmd and "cmd" or ready.port and "port" or ready.http and "http" or "log"
end

---Asks once.
---@async
---@param container ggen.PoolContainer that runs
---@param patient boolean? a port that accepts is watched for a moment: what publishes it may accept
---before the service listens
---@return boolean? ready
---@return string? message what it said instead
---@return string? kind
function M.ask(container, patient)
  local ready = container.spec.ready
  local ask = ready and asks[kind_of(ready)]
  if not ask then return true end
  return ask(container, ready, patient)
end

-- Follows the log until the text is there, or nothing more will come.
local function await_log(container, ready)
  local found, tail = false, ""
  return (async.race({
    function()
      container.world.call("logs", container.id, { follow = true, since = container.log_since,
        on_output = function(_, bytes)
          local window = tail .. bytes
          found = window:find(ready.log, 1, true) ~= nil
          tail = window:sub(-#ready.log)
          return not found -- it ends here; nothing else may happen within this call
        end })
      if not found then async.future():wait() end -- whether it runs is told below
      return true
    end,
    function()
      while container:is_running() do container.world.sleep(math.max(ready.interval, 0.1)) end
      return false
    end,
  }))
end

local function ask_until(container, ready)
  local pause = FIRST_PAUSE
  while true do
    local answer, said_instead = M.ask(container, true)
    if answer then return true end
    container.not_yet = said_instead
    if not container:is_running() then return false end
    container.world.sleep(math.min(pause, ready.interval))
    pause = pause * GROWTH
  end
end

---Waits until the service answers, has ended, or its time is over.
---@async
---@param container ggen.PoolContainer
---@param aborted ggen.async.Future
---@return boolean? ready
---@return string? message
---@return string? kind "not_ready", "ended" or "aborted"
function M.wait(container, aborted)
  local ready, world = container.spec.ready, container.world
  if not ready then
    if container:is_running() then return true end
    return nil, container:end_text("it ended at once"), "ended"
  end
  local answer, first = async.race({
    function()
      if ready.log then return await_log(container, ready) end
      return ask_until(container, ready)
    end,
    function() world.sleep(ready.timeout) end,
    function() aborted:wait() end,
  })
  if first == 3 then return nil, "the run ended before it was ready", "aborted" end
  if first == 2 then
    local last = container.not_yet and ("; it said: " .. container.not_yet) or ""
    return nil, ("it was not ready within %s (%s%s)"):format(
      ggen.units.format_duration(ready.timeout), sign(ready), last), "not_ready"
  end
  if answer then return true end
  return nil, container:end_text("it ended before it was ready"), "ended"
end

return M
