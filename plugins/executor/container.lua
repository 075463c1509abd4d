-- Runs the commands of tasks with `container = "image"` in a container, which stays warm for the
-- tasks of the run that come later: a command costs a line to a shell that waits there.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local std = require("ggen.std")

local async = ggen.async

-- What tells of a machine and not of the task: in a container the image says it.
local OF_THE_MACHINE = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "MAKEFLAGS" }
local MOST_SAID = 64 * 1024 -- bytes of output in which a missing file is looked for
local DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

local function lists(list, name)
  for _, entry in ipairs(list or {}) do
    if entry == name then return true end
  end
  return false
end

local function declares(spec, name)
  return spec.env and spec.env[name] ~= nil or lists(spec.pass_env, name)
    or lists(spec.key_env, name)
end

---The environment of a task in a container: that of the image, and what the task has on this
---machine besides what tells of the machine, unless the task says that itself.
local function environment_of(ctx, image, user)
  local env = { PATH = DEFAULT_PATH, HOME = user == "0:0" and "/root" or "/tmp" }
  for name, value in pairs(image.env) do env[name] = value end
  for name, value in pairs(ctx.env) do
    if not lists(OF_THE_MACHINE, name) or declares(ctx.task.spec, name) then env[name] = value end
  end
  return env
end

local function argv_of(step)
  return step.argv or { step.shell_program or "/bin/sh", "-c", step.shell }
end

-- Who we are, so that what is made in a mounted directory is ours.
local function ourselves()
  local status = ggen.files.read("/proc/self/status") or ""
  local uid, gid = status:match("\nUid:%s+%d+%s+(%d+)"), status:match("\nGid:%s+%d+%s+(%d+)")
  return uid and gid and uid .. ":" .. gid or nil
end

-- The engine of one user has its own idea of users: there we are root.
local function is_rootless(engine)
  local info = engine:info()
  for _, option in ipairs(info and info.SecurityOptions or {}) do
    if tostring(option):find("rootless", 1, true) then return true end
  end
  return false
end

local mount = { type = "union", expects = "a path, or a table with source, target and read_only",
  any_of = { { type = "string" }, { type = "record", fields = {
    source = { type = "string", required = true },
    target = { type = "string" },
    read_only = { type = "boolean" },
  } } } }

local params = {
  pull = { type = "enum", values = { "missing", "always", "never" }, default = "missing",
    key = false, desc = "When images are fetched: those that are not here, all once a run that runs"
      .. " something in them, or none" },
  user = { type = "string", desc = 'Who the commands run as ("1000:1000"; default: whoever runs'
    .. ' ggen-lua, so that files belong to him; "image": as the image says)' },
  network = { type = "string", default = "host",
    desc = '"host": as for tasks on this machine; "none", "bridge", or the name of a network' },
  memory = { type = "size", desc = "What all commands in one container may use" },
  cpus = { type = "number", min = 0.01, desc = "Processors for all commands in one container" },
  mounts = { type = "list", of = mount, default = {}, single = true,
    desc = "More directories of this machine that tasks see, at the same path or at target; not in"
      .. " clean rooms" },
  read_only = { type = "boolean", default = false, desc = "Tasks see the project read-only, but"
    .. " for the directories of their outputs" },
  keep = { type = "duration", default = 0, key = false,
    desc = "How long containers wait for a next run of this project" },
  engine = { type = "string", key = false, desc = "Where the container engine is (default:"
    .. " DOCKER_HOST, CONTAINER_HOST, or the usual sockets)" },
}

local function mounts_of(extra)
  local list = {}
  for _, entry in ipairs(extra) do
    if type(entry) == "string" then entry = { source = entry } end
    local target = entry.target or entry.source
    for _, path in ipairs({ entry.source, target }) do
      if path:sub(1, 1) ~= "/" then
        return nil, ("mounts: %q is no path that begins with /"):format(path)
      end
    end
    list[#list + 1] = { source = entry.source, target = target,
      read_only = entry.read_only or false }
  end
  return list
end

---@class ggen.ContainerExecutor
---@field params table
---@field host ggen.Host
---@field mounts ggen.docker.Mount[]
---@field warm ggen.docker.Warm
local Executor = {}
Executor.__index = Executor

function Executor.accepts(_, task) return task.spec.container ~= nil end

-- Who commands run as; nil: as the image says.
function Executor:_user(engine)
  if self.params.user == "image" then return nil end
  if self.params.user then return self.params.user end
  if self.rootless == nil then self.rootless = is_rootless(engine) end
  return self.rootless and "0:0" or ourselves()
end

-- The project at its own path, so that paths in messages and in what is made are right here too.
local function project_mounts(self, ctx)
  local dir = self.host.project_dir
  local list = { { source = dir, target = dir, read_only = self.params.read_only } }
  if self.params.read_only then
    local writable, message = ctx:output_directories()
    if not writable then return nil, message end
    for _, path in ipairs(writable) do list[#list + 1] = { source = path, target = path } end
  end
  for _, entry in ipairs(self.mounts) do list[#list + 1] = entry end
  return list
end

-- The same with a clean room in the place of the project. More is not to be seen there.
local function room_mounts(self, room)
  local list = { { source = room.dir, target = self.host.project_dir } }
  for _, path in ipairs(room.outside) do
    list[#list + 1] = { source = path, target = path, read_only = true }
  end
  return list
end

-- Where the services that a task leases have their sockets; without a network the only way to them.
-- What lies in the project is there with it.
local function add_sockets(self, list, ctx)
  local leases, dir = ctx:leases(), self.host.project_dir .. "/"
  for _, name in ipairs(std.list.keys(leases)) do
    local socket = leases[name].socket
    if socket and (ctx.task.spec.cleanroom or socket:sub(1, #dir) ~= dir) then
      list[#list + 1] = { source = socket, target = socket }
    end
  end
  return list
end

-- What the container of a task shall be; for a clean room one of its own.
function Executor:_container_of(ctx, job, engine)
  local spec, given = ctx.task.spec, self.params
  local mounts, message
  if spec.cleanroom then
    job.room, message = ctx:clean_room()
    mounts = job.room and room_mounts(self, job.room)
  else
    mounts, message = project_mounts(self, ctx)
  end
  if not mounts then return nil, message end
  return { image = spec.container, pull = given.pull, user = self:_user(engine),
    network = spec.cleanroom and "none" or given.network, memory = given.memory,
    cpus = given.cpus, mounts = add_sockets(self, mounts, ctx), fresh = spec.cleanroom }
end

-- Takes a seat for all steps of a task; a failure when there is none.
function Executor:_sit_down(ctx, job)
  local function refused(message, kind)
    return { code = 1, kind = kind, message = ("its container (%s): %s"):format(
      ctx.task.spec.container, message) }
  end
  local engine, message, kind = self.warm:engine()
  if not engine then return refused(message, kind) end
  local wanted, seat
  wanted, message = self:_container_of(ctx, job, engine)
  if not wanted then return refused(message) end
  seat, message, kind = self.warm:borrow(wanted)
  if not seat then return refused(message, kind) end
  job.env = environment_of(ctx, seat.image, wanted.user)
  job.seat = seat
end

-- The same for as long as the task may take, and until it is to end.
local function sit_down_in_time(self, ctx, job, timeout)
  local ways = {
    function() return self:_sit_down(ctx, job) or false end,
    function()
      job.stop:wait()
      return { code = 1, message = "interrupted" }
    end,
  }
  if timeout then
    ways[3] = function()
      async.sleep(timeout)
      return { code = 124, timed_out = true }
    end
  end
  return (async.race(ways)) or nil
end

-- Why a shell is gone; the engine knows most.
local function why_ended(seat, message)
  local found = seat.engine:inspect(seat.id)
  local state = found and found.raw and found.raw.State
  if type(state) == "table" and state.OOMKilled == true then
    return message .. ": the container has run out of memory"
  end
  if not found or not found.running then return message .. ": the container has ended" end
  return message
end

-- Output on its way to the log; of a task in a clean room its end is kept, to be asked what the
-- task has missed.
local function on_output(ctx, job)
  local log = ctx:log()
  if not job.room then return function(stream, bytes) log:write(stream, bytes) end end
  return function(stream, bytes)
    log:write(stream, bytes)
    job.said = (job.said .. bytes):sub(-MOST_SAID)
  end
end

function Executor:_command(ctx, job, step, timeout, grace)
  local began = self.host.now()
  if not job.seat then
    local failure = sit_down_in_time(self, ctx, job, timeout)
    if failure then return failure end
    if timeout then timeout = math.max(timeout - (self.host.now() - began), 0.001) end
  end
  local seat = job.seat
  local result, message = seat.shell:run({ argv = argv_of(step), env = job.env, cwd = ctx.cwd,
    stdin = ctx.task.spec.stdin, timeout = timeout, grace = grace,
    on_output = on_output(ctx, job) })
  return result or { code = 1, message = why_ended(seat, message) }
end

local function run_steps(self, ctx, job)
  local function kill(signal)
    if not job.seat then return job.stop:resolve() end
    job.seat.shell:kill(signal)
  end
  local result, left_behind = { code = 0 }, nil
  for _, step in ipairs(ctx.steps) do
    result = ctx:command({ kill = kill, run = function(timeout, grace)
      return self:_command(ctx, job, step, timeout, grace)
    end })
    left_behind = left_behind or result.left_behind
    if result.code ~= 0 then break end
  end
  result.left_behind = left_behind
  return result
end

-- Of a clean room: outputs go back where all went well; what was missed is said where it did not.
local function leave_room(ctx, job, result)
  if result.code == 0 then
    local done, message = job.room:collect()
    return done and result or { code = 1, message = message, usage = result.usage }
  end
  local missed = not result.timed_out and job.room:missed(job.said, ctx.cwd) or {}
  if #missed > 0 then
    local one = #missed == 1
    result.message = ("%s (%s %s in the project and not among its inputs; a clean room has nothing"
      .. " else)"):format(result.message or ("exit code %d"):format(result.code),
      table.concat(missed, ", "), one and "is" or "are")
  end
  return result
end

function Executor:run(ctx)
  local job = { stop = async.future(), said = "" }
  local ok, result = pcall(function()
    local result = run_steps(self, ctx, job)
    return job.seat and job.room and leave_room(ctx, job, result) or result
  end)
  local room = job.room
  local function close_room() if room then room:close() end end
  if job.seat then self.warm:give_back(job.seat, close_room) else close_room() end
  if not ok then error(result, 0) end
  return result
end

-- For `ggen-lua check`: an engine that answers, and the images that are not fetched.
function Executor:check(tasks)
  local engine, message = self.warm:engine()
  if not engine then return message end
  if self.params.pull ~= "never" then return nil end
  local seen, missing = {}, {}
  for _, task in ipairs(tasks) do
    local ref = task.spec.container
    if not seen[ref] then
      seen[ref] = true
      local image, _, kind = engine:image(ref)
      if not image and kind == "no_such_image" then missing[#missing + 1] = ref end
    end
  end
  if #missing == 0 then return nil end
  return ('tasks run in images that are not here, and pull = "never": %s'):format(
    table.concat(missing, ", "))
end

function Executor:close() self.warm:close() end

---@type ggen.Plugin
return {
  name = "container",
  kind = "executor",
  version = "1.0.0",
  api = 1,
  desc = "Run tasks with `container` in a container of that image",
  permissions = { "process", "fs:/proc/self/status:ro" },
  params = params,
  setup = function(given, host)
    local mounts, message = mounts_of(given.mounts)
    if not mounts then return nil, message end
    local self = setmetatable({ params = given, host = host, mounts = mounts }, Executor)
    self.warm = std.docker.warm.new({
      connect = function() return std.docker.connect({ host = given.engine }) end,
      keep = given.keep,
      owner = function()
        return std.docker.owned.open({ project_dir = host.project_dir,
          engine = function() return self.warm:engine() end })
      end,
      note = function(level, text) host.note(level, text) end,
    })
    return { accepts = Executor.accepts, close = function() self:close() end,
      check = function(_, tasks) return self:check(tasks) end,
      run = function(_, _, ctx) return self:run(ctx) end }
  end,
}
