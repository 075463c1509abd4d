-- What a container has written, and writes.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local frames = require("ggen.std.docker.frames")
local names = require("ggen.std.docker.names")

---@class ggen.docker.Engine
local Engine = {}

---What of a log is wanted, and who takes it: `on_output` is called as it comes, must not wait, and
---ends it by `false`.
---@class ggen.docker.LogOptions
---@field follow? boolean goes on until the container ends
---@field tail? integer so many lines of what is there
---@field since? number seconds since 1970
---@field timestamps? boolean
---@field stdout? boolean true, unless it stands here
---@field stderr? boolean true, unless it stands here
---@field on_output? fun(stream: "out"|"err", bytes: string): boolean?
---@field tty? boolean whether it has a terminal; asked for without
---@field timeout? ggen.Duration without end when it follows, else that of the engine

local LOGS = { type = "record", fields = { follow = { type = "boolean", default = false },
  tail = { type = "integer", min = 0 }, since = { type = "number", min = 0 },
  timestamps = { type = "boolean", default = false },
  stdout = { type = "boolean", default = true }, stderr = { type = "boolean", default = true },
  on_output = { type = "function" }, tty = { type = "boolean" },
  timeout = { type = "duration" } } }

-- Collects into { out, err } when nobody else takes it.
local function collector(kept)
  local parts = { out = {}, err = {} }
  return function(name, bytes) table.insert(parts[name], bytes) end, function()
    kept.stdout, kept.stderr = table.concat(parts.out), table.concat(parts.err)
  end
end

---What a container has written to its standard output and error: { stdout, stderr }, both empty
---when `on_output` takes it.
---@async
---@param id string
---@param options? ggen.docker.LogOptions
---@return { stdout: string, stderr: string }?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:logs(id, options)
  local checked, problem, where = ggen.schema.check(LOGS, options or {})
  if not checked then error("engine:logs: " .. ggen.schema.message(problem, where), 2) end
  local doing, tty = "read log of container " .. names.short(id), checked.tty
  if tty == nil then
    local container, message, kind = self:inspect(id)
    if not container then return nil, message, kind end
    tty = container.tty
  end
  local kept = {}
  local collect, finish = collector(kept)
  local sink = checked.on_output or collect
  local split, stopped, failed, broken = frames.new(), false, nil, nil
  local function take(name, bytes)
    if not stopped and sink(name, bytes) == false then stopped = true end
  end
  local timeout = checked.timeout or (checked.follow and 0 or nil)
  local response, message, kind = self:_call("GET",
    "/containers/" .. names.id(id, "container") .. "/logs", { doing = doing, about = "container",
    query = { follow = checked.follow, stdout = checked.stdout, stderr = checked.stderr,
      tail = checked.tail and tostring(checked.tail), timestamps = checked.timestamps,
      since = checked.since and ("%.9f"):format(checked.since) }, timeout = timeout,
    on_data = function(bytes)
      local ok, text = pcall(function()
        if tty then return take("out", bytes) end
        local good, what = split:feed(bytes, take)
        if not good then broken = what end
      end)
      if not ok then failed = { text } end
      return ok and not broken and not stopped
    end })
  if failed then error(failed[1], 0) end
  if broken then return nil, doing .. ": " .. broken, "protocol" end
  if not response and not stopped then return nil, message, kind end
  if response and not tty and not split:complete() and not stopped then
    return nil, doing .. ": the connection ended within a piece of the output", "closed"
  end
  finish()
  return kept
end

return Engine
