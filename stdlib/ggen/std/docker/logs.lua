-- What a container has written, and writes.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local frames = require("ggen.std.docker.frames")
local kept = require("ggen.std.docker.kept")
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
---@field capture? ggen.Size of each stream to return without on_output (16 MiB); there it ends
---@field tty? boolean whether it has a terminal; asked for without
---@field timeout? ggen.Duration without end when it follows, else that of the engine

local LOGS = { type = "record", fields = { follow = { type = "boolean", default = false },
  tail = { type = "integer", min = 0 }, since = { type = "number", min = 0 },
  timestamps = { type = "boolean", default = false },
  stdout = { type = "boolean", default = true }, stderr = { type = "boolean", default = true },
  capture = { type = "size", default = 16 * 1024 * 1024 },
  on_output = { type = "function" }, tty = { type = "boolean" },
  timeout = { type = "duration" } } }

---What a container has written to its standard output and error: { stdout, stderr, truncated };
---both texts are empty when `on_output` takes it.
---@async
---@param id string
---@param options? ggen.docker.LogOptions
---@return { stdout: string, stderr: string, truncated?: true }?
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
  local keep, result = kept.new(checked.capture)
  local sink = checked.on_output or keep
  local split, stopped, broken = frames.new(), false, nil
  local function take(name, bytes)
    if not stopped and sink(name, bytes) == false then stopped = true end
  end
  local function on_data(bytes)
    if tty then
      take("out", bytes)
    else
      local good, what = split:feed(bytes, take)
      if not good then broken = what end
    end
    return not broken and not stopped
  end
  local timeout = checked.timeout or (checked.follow and 0 or nil)
  local response, message, kind = self:_call("GET",
    "/containers/" .. names.id(id, "container") .. "/logs", { doing = doing, about = "container",
    query = { follow = checked.follow, stdout = checked.stdout, stderr = checked.stderr,
      tail = checked.tail and tostring(checked.tail), timestamps = checked.timestamps,
      since = checked.since and ("%.9f"):format(checked.since) }, timeout = timeout,
    on_data = on_data })
  if not response then return nil, message, kind end
  if broken then return nil, doing .. ": " .. broken, "protocol" end
  if not tty and not stopped and not split:complete() then
    return nil, doing .. ": the connection ended within a piece of the output", "closed"
  end
  return result()
end

return Engine
