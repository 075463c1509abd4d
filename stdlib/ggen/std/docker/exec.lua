-- Processes in a container that runs: started, talked to, their output and exit code.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local create = require("ggen.std.docker.create")
local frames = require("ggen.std.docker.frames")
local kept = require("ggen.std.docker.kept")
local names = require("ggen.std.docker.names")
local streams = require("ggen.std.docker.stream")
local view = require("ggen.std.docker.view")

---@class ggen.docker.Engine
local Engine = {}

---@class ggen.docker.ExecStreamOptions
---@field cmd string[]
---@field env? table<string, string|number> added to that of the container
---@field user? string
---@field workdir? string
---@field stdin? boolean|string it has a standard input; of exec: the bytes of it
---@field tty? boolean
---@field privileged? boolean

---@class ggen.docker.ExecOptions : ggen.docker.ExecStreamOptions
---@field on_output? fun(stream: "out"|"err", bytes: string) called as it comes
---@field capture? ggen.Size of each stream to keep (16 MiB); what is beyond is lost
---@field timeout? ggen.Duration without end, unless it stands here

---@class ggen.docker.ExecResult
---@field code integer
---@field stdout string
---@field stderr string
---@field truncated? boolean more came than was kept

local WORD = { type = "string" }
local FIELDS = {
  cmd = { type = "list", of = WORD, required = true, check = function(cmd)
    if not cmd[1] then return "a program expected" end
  end },
  env = create.ENV, user = WORD, workdir = WORD, tty = { type = "boolean", default = false },
  privileged = { type = "boolean" },
}

local function with(fields)
  for name, field in pairs(FIELDS) do fields[name] = field end
  return { type = "record", fields = fields }
end

local EXEC = with { stdin = WORD, on_output = { type = "function" },
  capture = { type = "size", default = 16 * 1024 * 1024 }, timeout = { type = "duration" } }
local EXEC_STREAM = with { stdin = { type = "boolean", default = false } }

local function check_options(spec, options, what)
  local checked, problem, where = ggen.schema.check(spec, options or {})
  if not checked then error(what .. ": " .. ggen.schema.message(problem, where), 3) end
  return checked
end

local function doing_of(id, options)
  return ("run %s in container %s"):format(options.cmd[1], names.short(id))
end

-- Makes an exec; its id.
local function make(engine, id, options)
  local doing = doing_of(id, options)
  local made, message, kind = engine:_ask("POST",
    "/containers/" .. names.id(id, "container") .. "/exec", { doing = doing, about = "container",
    body = { AttachStdin = options.stdin and true or false, AttachStdout = true,
      AttachStderr = true, Cmd = ggen.json.array(options.cmd), Tty = options.tty,
      Env = options.env and create.env_list(options.env), User = options.user,
      WorkingDir = options.workdir, Privileged = options.privileged } })
  if not made then return nil, message, kind end
  local exec = view.text(made.Id)
  if not exec or not exec:find("^%w+$") then
    return nil, doing .. ": the engine answered without an id", "protocol"
  end
  return exec
end

local function start_call(id, options)
  return { doing = doing_of(id, options), about = "exec",
    body = { Detach = false, Tty = options.tty } }
end

-- Makes and starts an exec; its stream.
local function open(engine, id, options)
  local exec, message, kind = make(engine, id, options)
  if not exec then return nil, message, kind end
  local call = start_call(id, options)
  local doing = call.doing
  local raw
  raw, message, kind = engine:_upgrade("/exec/" .. exec .. "/start", call)
  if not raw then return nil, message, kind end
  return streams.new(raw, { id = exec, tty = options.tty, doing = doing, engine = engine })
end

---Starts a process in a container, to talk to it.
---@async
---@param id string
---@param options ggen.docker.ExecStreamOptions
---@return ggen.docker.Stream?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:exec_stream(id, options)
  return open(self, id, check_options(EXEC_STREAM, options, "engine:exec_stream"))
end

-- How often and with which pauses an engine is asked that has sent the end of the output and does
-- not yet say that the process has ended (seconds).
local PAUSES = { 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2 }

function Engine:_exec_code(exec, doing)
  for attempt = 1, #PAUSES + 1 do
    local answer, message, kind = self:_ask("GET", "/exec/" .. names.id(exec, "exec") .. "/json",
      { doing = doing, about = "exec" })
    if not answer then return nil, message, kind end
    local code = view.number(answer.ExitCode)
    if answer.Running ~= true and code then return code end
    if PAUSES[attempt] then ggen.async.sleep(PAUSES[attempt]) end
  end
  return nil, doing .. ": its output has ended, but it goes on running: it has closed its output",
    "timeout"
end

local function feed_stdin(stream, bytes)
  -- A process that ends without reading all of it is no failure.
  if bytes ~= "" and not stream:write(bytes) then return end
  stream:close_write()
end

local function talk(stream, options)
  local keep, result = kept.new(options.capture)
  local writer
  if options.stdin then
    writer = ggen.async.run(function() feed_stdin(stream, options.stdin) end, function() end)
  end
  local ok, failure, kind = pcall(function()
    while true do
      local name, bytes, kind = stream:read()
      if not name then return bytes, kind end
      keep(name, bytes)
      if options.on_output then options.on_output(name, bytes) end
    end
  end)
  if writer then writer:cancel() end
  if not ok then error(failure, 0) end
  -- A connection is reset behind the output of a process that has not read all of its input.
  local unread = failure and kind == "closed" and options.stdin and stream:_whole()
  if failure and not unread then return nil, failure, kind end
  local code, message, why = stream:exit_code()
  if not code then return nil, failure or message, failure and kind or why end
  local all = result()
  all.code = code
  return all
end

-- Over TLS: the answer to its start is its output, and nothing can be written to it.
local function listen(engine, id, options)
  if options.stdin then
    return nil, doing_of(id, options) .. ": an engine that is reached by TLS gives commands no "
      .. "standard input; use one that listens on a socket", "no_engine"
  end
  local exec, message, kind = make(engine, id, options)
  if not exec then return nil, message, kind end
  local keep, result = kept.new(options.capture)
  local call, split, broken = start_call(id, options), frames.new(), nil
  local function take(name, bytes)
    keep(name, bytes)
    if options.on_output then options.on_output(name, bytes) end
  end
  call.timeout = 0
  function call.on_data(bytes)
    if options.tty then return take("out", bytes) end
    local good, problem = split:feed(bytes, take)
    if not good then broken = call.doing .. ": " .. problem end
    return good
  end
  local response
  response, message, kind = engine:_call("POST", "/exec/" .. exec .. "/start", call)
  if not response then return nil, message, kind end
  if broken then return nil, broken, "protocol" end
  if not split:complete() then
    return nil, call.doing .. ": the connection ended within a piece of the output", "closed"
  end
  local code
  code, message, kind = engine:_exec_code(exec, call.doing)
  if not code then return nil, message, kind end
  local all = result()
  all.code = code
  return all
end

local function exec(engine, id, options)
  if engine.endpoint.tls then return listen(engine, id, options) end
  local stream, message, kind = open(engine, id, options)
  if not stream then return nil, message, kind end
  local results = { pcall(talk, stream, options) }
  stream:close()
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, 4)
end

---Runs a command in a container and waits for its end; a failure is a result like any other. When
---`timeout` is over the answer is `nil, message, "timeout"`, and the process goes on until its
---container ends: no engine can end one.
---@async
---@param id string
---@param options ggen.docker.ExecOptions
---@return ggen.docker.ExecResult?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:exec(id, options)
  local checked = check_options(EXEC, options, "engine:exec")
  if not checked.timeout or checked.timeout == 0 then return exec(self, id, checked) end
  local results = ggen.async.race({
    function() return { exec(self, id, checked) } end,
    function()
      ggen.async.sleep(checked.timeout)
      return { nil, ("run %s in container %s: not done after %s"):format(checked.cmd[1],
        names.short(id), ggen.units.format_duration(checked.timeout)), "timeout" }
    end,
  })
  return unpack(results, 1, 3)
end

---@class ggen.docker.AttachOptions
---@field stdin? boolean to write to it (it must have been made with stdin = true)
---@field stdout? boolean true, unless it stands here
---@field stderr? boolean true, unless it stands here
---@field logs? boolean first what it has written before
---@field tty? boolean whether it has a terminal; asked for without

local ATTACH = { type = "record", fields = { stdin = { type = "boolean", default = false },
  stdout = { type = "boolean", default = true }, stderr = { type = "boolean", default = true },
  logs = { type = "boolean", default = false }, tty = { type = "boolean" } } }

---Connects to the first process of a container. When it is made and not yet started, nothing of its
---output is missed.
---@async
---@param id string
---@param options? ggen.docker.AttachOptions
---@return ggen.docker.Stream?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:attach(id, options)
  local checked = check_options(ATTACH, options, "engine:attach")
  local doing = "attach to container " .. names.short(id)
  local tty = checked.tty
  if tty == nil then
    local container, message, kind = self:inspect(id)
    if not container then return nil, message, kind end
    tty = container.tty
  end
  local path = "/containers/" .. names.id(id, "container") .. "/attach"
  local raw, message, kind = self:_upgrade(path, { doing = doing, about = "container",
    query = { stream = true, stdin = checked.stdin, stdout = checked.stdout,
      stderr = checked.stderr, logs = checked.logs } })
  if not raw then return nil, message, kind end
  return streams.new(raw, { id = id, tty = tty, doing = doing, engine = self })
end

return Engine
