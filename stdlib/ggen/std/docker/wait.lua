-- The end of a container. Docker answers when it comes. podman looks now and then, and is late by
-- some 150 ms; but the end of a container is the end of its output, and that comes at once.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local names = require("ggen.std.docker.names")
local view = require("ggen.std.docker.view")

---@class ggen.docker.Engine
local Engine = {}

local WAIT = { type = "record", fields = { timeout = { type = "duration", default = 0 } } }

local function ask(engine, id, doing, seconds)
  local call = { doing = doing, about = "container", timeout = seconds }
  if engine.name == "podman" then call.libpod, call.query = true, { interval = "20ms" } end
  local answer, message, kind = engine:_call("POST",
    "/containers/" .. names.id(id, "container") .. "/wait", call)
  if not answer then return nil, message, kind end
  local value = ggen.json.decode(answer.body)
  local code = view.number(view.map(value).StatusCode) or view.number(value)
  if not code then return nil, doing .. ": the engine answered without a code", "protocol" end
  return code
end

-- Reads the output of a container to its end, as far as it can be had.
local function listen(engine, id)
  -- As of a terminal: nothing has to be taken apart.
  local stream = engine:attach(id, { tty = true, stderr = false })
  if not stream then return end
  local ok, problem = pcall(function()
    while stream:read() do end
  end)
  stream:close()
  if not ok then error(problem, 0) end
end

-- podman may say for some milliseconds yet that it runs (seconds).
local PAUSES = { 0.002, 0.005, 0.01, 0.02, 0.04 }

-- The code of what has ended; nil of what runs on, because it has only closed its output.
local function at_end_of_output(engine, id)
  local container, message, kind = engine:inspect(id)
  if container and container.running then
    listen(engine, id)
    for i = 1, #PAUSES + 1 do
      container, message, kind = engine:inspect(id)
      if not (container and container.running and PAUSES[i]) then break end
      ggen.async.sleep(PAUSES[i])
    end
  end
  if not container then return nil, message, kind end
  if container.status == "exited" or container.status == "stopped" then
    return container.exit_code
  end
end

local function wait(engine, id, doing)
  if engine.name == "podman" and not engine.endpoint.tls then
    local code, message, kind = at_end_of_output(engine, id)
    if code or message then return code, message, kind end
  end
  return ask(engine, id, doing, 0)
end

---Waits until it does not run any more; the exit code of its first process.
---@async
---@param id string
---@param options? { timeout?: ggen.Duration } without end, unless it stands here
---@return integer? code
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:wait(id, options)
  local checked, problem, where = ggen.schema.check(WAIT, options or {})
  if not checked then error("engine:wait: " .. ggen.schema.message(problem, where), 2) end
  local seconds = checked.timeout
  local doing = "wait for container " .. names.short(names.id(id, "container"))
  if seconds == 0 then return wait(self, id, doing) end
  local results = ggen.async.race({
    function() return { wait(self, id, doing) } end,
    function()
      ggen.async.sleep(seconds)
      return { nil, ("%s: it runs on after %s"):format(doing, ggen.units.format_duration(seconds)),
        "timeout" }
    end,
  })
  return unpack(results, 1, 3)
end

return Engine
