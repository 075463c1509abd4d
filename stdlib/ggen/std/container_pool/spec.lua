-- What a pipeline says of one container of the pool: the schema, what does not go together, the
-- digest of a configuration, and what the container engine is asked to create. Knows no engine.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local hash = require("ggen.core.hash")

local schema = ggen.schema

local M = {}

local COMMAND = { type = "union", expects = 'a command ("pg_isready", or { "pg_isready", "-q" })',
  any_of = {
    { type = "string", check = function(text) if text == "" then return "it is empty" end end },
    { type = "list", of = { type = "string" },
      check = function(words) if #words == 0 then return "it is empty" end end },
  } }

local KINDS = { "cmd", "port", "log", "http" }

local function one_kind(ready)
  local given = {}
  for _, kind in ipairs(KINDS) do
    if ready[kind] then given[#given + 1] = kind end
  end
  if #given == 1 then return nil end
  if #given == 0 then return "it says nothing to wait for (one of cmd, port, log, http)" end
  return ("%s and %s at once (choose one)"):format(given[1], given[2])
end

local READY_FIELDS = {
  cmd = COMMAND,
  port = { type = "integer", min = 1, max = 65535 },
  log = { type = "string" },
  http = { type = "string", check = function(text)
    if not (text:match("^/") or text:match("^:%d+/") or text:match("^http://[^/]+/")) then
      return ('%q is no path of a URL (examples: "/health", ":9000/health")'):format(text)
    end
  end },
  timeout = { type = "duration", default = "30s" },
  interval = { type = "duration", default = "100ms" },
}

local PORT = { type = "union", expects = "a port of the container, or { container =, host = }",
  any_of = {
    { type = "integer", min = 1, max = 65535 },
    { type = "record", fields = {
      container = { type = "integer", min = 1, max = 65535, required = true },
      host = { type = "integer", min = 1, max = 65535 },
      protocol = { type = "enum", values = { "tcp", "udp" }, default = "tcp" },
    } },
  } }

local function absolute(path)
  if path:sub(1, 1) ~= "/" then return ("%q is no absolute path"):format(path) end
end

local MOUNT = { type = "record", fields = {
  source = { type = "string", required = true },
  target = { type = "string", required = true, check = absolute },
  read_only = { type = "boolean", default = false },
  type = { type = "enum", values = { "bind", "volume" }, default = "bind" },
} }

local RESET = { type = "union",
  expects = '"recreate", "restart", a command as a list, or a function',
  any_of = {
    { type = "string", check = function(text)
      local ways = { "recreate", "restart" }
      if text == ways[1] or text == ways[2] then return nil end
      return ('"recreate" or "restart" expected, got %q%s (a command is a list)'):format(text,
        ggen.suggest.hint(text, ways))
    end },
    { type = "list", of = { type = "string" },
      check = function(words) if #words == 0 then return "the command is empty" end end },
    { type = "function" },
  } }

-- What no environment can hold.
local function wrong_variable(env)
  for name, value in pairs(env) do
    if name == "" or name:find("[=%z]") then
      return ("%q is no name of a variable"):format(name)
    end
    if tostring(value):find("%z") then
      return ("%s: a text without NUL bytes expected"):format(name)
    end
  end
end

local PLACES = { host = true, port = true, socket = true, name = true, id = true }

-- A text with ${host} and the like: what is wrong with it.
local function wrong_place(text)
  for place in text:gmatch("%${([^}]*)}") do
    if not PLACES[place] and not place:match("^port:%d+$") then
      return ("a lease has no ${%s}%s"):format(place, ggen.suggest.hint(place, PLACES))
    end
  end
end

local LEASE_ENV = { type = "map", of = { type = "union", expects = "a text or a number",
  any_of = { { type = "string", check = wrong_place }, { type = "number" } } } }

---The fields of one container, as a description for ggen.schema.
M.fields = {
  image = { type = "string", required = true, desc = "What it is made from", check = function(text)
    if text == "" or text:find("%s") then return ("%q is no name of an image"):format(text) end
  end },
  size = { type = "integer", min = 1, max = 1000, default = 1, desc = "How many there may be" },
  min = { type = "integer", min = 0, default = 0,
    desc = "How many are made at the start of a run that will want one" },
  env = { type = "map", of = { type = "union", expects = "a text or a number",
    any_of = { { type = "string" }, { type = "number" } } }, default = {},
    desc = "Environment of the container", check = wrong_variable },
  cmd = { type = "list", of = { type = "string" },
    desc = "Arguments instead of those of the image" },
  entrypoint = { type = "list", of = { type = "string" },
    desc = "Program instead of that of the image" },
  ports = { type = "list", of = PORT, single = true, default = {},
    desc = "Ports of the container that tasks reach, each at a free port of this machine" },
  socket = { type = "string", check = absolute,
    desc = "Directory of the container in which the service has its unix sockets" },
  mounts = { type = "list", of = MOUNT, default = {},
    desc = "{ source =, target =, read_only = }; a relative source is one of the project" },
  tmpfs = { type = "list", of = { type = "string", check = absolute }, single = true, default = {},
    desc = "Directories of the container that are kept in memory" },
  memory = { type = "size", desc = "What it may use at most" },
  cpus = { type = "number", min = 0.01, desc = "How much of the processors it may use" },
  network = { type = "string",
    desc = 'Default: "bridge" with ports or without a socket, else "none"' },
  user = { type = "string", desc = "As whom its program runs" },
  pull = { type = "enum", values = { "missing", "never" }, default = "missing",
    desc = "What to do when the image is not on this machine" },
  ready = { type = "union", expects = "a command as a list, or { cmd | port | log | http = ... }",
    any_of = {
      { type = "list", of = { type = "string" },
        check = function(words) if #words == 0 then return "the command is empty" end end },
      { type = "record", fields = READY_FIELDS, check = one_kind },
    }, desc = "When it may be used: { cmd | port | log | http =, timeout =, interval = }, or the"
      .. " command itself" },
  reset = { type = RESET.type, expects = RESET.expects, any_of = RESET.any_of,
    default = "recreate", desc = "What makes it as new after a lease" },
  idle = { type = "enum", values = { "pause", "run" }, default = "pause",
    desc = "What it does while nobody will want it soon" },
  keep = { type = "duration",
    desc = "How long it stays for the next run (default: that of the pool)" },
  lease = { type = "union", expects = "a table of variables, or a function that returns one",
    any_of = { { type = "function" }, LEASE_ENV }, desc = "Environment of the tasks that have it: a"
      .. " function of the lease, or a table, in whose texts ${host}, ${port}, ${port:5432},"
      .. " ${socket}, ${name} and ${id} stand for those of the lease" },
  fallback = { type = "record", fields = ggen.local_service.schema.fields,
    desc = "The service as a process of this machine, where there is no container engine:"
      .. " { run =, ready =, env = }; run gets PORT, HOST and DIR" },
}

local function container_ports(spec)
  local found = {}
  for _, port in ipairs(spec.ports) do found[port.container] = true end
  return found
end

-- The port of the container that a ready check by http asks.
local function http_port(spec)
  local text = spec.ready.http
  local port = text:match("^:(%d+)") or text:match("^http://[^/:]*:(%d+)/")
  return tonumber(port) or text:match("^http://") and 80 or spec.ports[1] and
    spec.ports[1].container
end

---What does not go together.
---@param spec table with defaults, normalised
---@return string? message
---@return string? field
local function conflict(spec)
  if spec.min > spec.size then
    return ("%d are to be made at the start, and there may be %d at most"):format(spec.min,
      spec.size), "min"
  end
  if spec.network == "none" and #spec.ports > 0 then
    return 'a container without a network has no ports (network = "bridge", or socket = "/dir")',
      "ports"
  end
  local seen = {}
  for _, port in ipairs(spec.ports) do
    local name = port.container .. "/" .. port.protocol
    if seen[name] then return ("port %s is there twice"):format(name), "ports" end
    seen[name] = true
    if spec.size > 1 and (port.host or spec.network == "host") then
      return ("port %d of this machine can be that of one container only, and size is %d"):format(
        port.host or port.container, spec.size), "ports"
    end
  end
  local ready = spec.ready
  local asked = ready and (ready.port or ready.http and http_port(spec))
  if ready and ready.http and not asked then
    return "no port is published that it could be asked at (ports = { ... })", "ready.http"
  end
  if asked and not container_ports(spec)[asked] then
    return ("port %d is not published (ports = { %d })"):format(asked, asked),
      ready.port and "ready.port" or "ready.http"
  end
  local targets = {}
  for i, mount in ipairs(spec.mounts) do
    if mount.target == spec.socket or targets[mount.target] then
      return ("something else is mounted at %s already"):format(mount.target),
        ("mounts[%d].target"):format(i)
    end
    targets[mount.target] = true
  end
end

-- One shape for what may be written in several.
local function normalised(spec)
  for i, port in ipairs(spec.ports) do
    if type(port) == "number" then
      spec.ports[i] = { container = port, protocol = "tcp" }
    end
  end
  for name, value in pairs(spec.env) do spec.env[name] = tostring(value) end
  local ready = spec.ready
  if ready and ready[1] then
    spec.ready = schema.check({ type = "record", fields = READY_FIELDS }, { cmd = ready })
  end
  if not spec.network then
    spec.network = (#spec.ports > 0 or not spec.socket) and "bridge" or "none"
  end
  return spec
end

---Makes the table of a pipeline whole: defaults, units, one shape.
---@param value any
---@return table? spec
---@return string? message
---@return string? where the path of the field that is wrong
function M.check(value)
  local spec, message, where = schema.check({ type = "record", fields = M.fields }, value)
  if spec == nil then return nil, message, where end
  spec = normalised(spec)
  message, where = conflict(spec)
  if message then return nil, message, where end
  return spec
end

---As a check of the schema: what is wrong with a container, with the path of the field.
---@param spec table that fits the fields
---@return string? message
function M.problem(spec)
  local copy = {}
  for key, value in pairs(spec) do copy[key] = value end
  copy.ports, copy.env = {}, {}
  for i, port in ipairs(spec.ports) do copy.ports[i] = port end
  local message, where = conflict(normalised(copy))
  if message then return schema.message(message, where) end
end

-- The same text for the same plain value. Functions are left to the caller.
local function write(out, value)
  local kind = type(value)
  if kind ~= "table" then
    out[#out + 1] = kind == "string" and ("%d:%s"):format(#value, value) or tostring(value)
    return
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  out[#out + 1] = "{"
  for _, key in ipairs(keys) do
    out[#out + 1] = tostring(key) .. "="
    write(out, value[key])
    out[#out + 1] = ","
  end
  out[#out + 1] = "}"
end

-- What decides what a container is. The rest (how many, when paused, how reset) does not.
local MAKES_IT = { "image", "env", "cmd", "entrypoint", "ports", "socket", "mounts", "tmpfs",
  "memory", "cpus", "network", "user" }

---What decides what a task sees of a container, as a plain value for its key.
---@param spec table
---@return table
function M.value(spec)
  local value = {}
  for _, field in ipairs(MAKES_IT) do value[field] = spec[field] end
  value.memory, value.cpus = nil, nil
  value.reset = type(spec.reset) ~= "function" and spec.reset or "function"
  return value
end

---@param spec table
---@param image_id string? what the image's name stands for now
---@return string hex the same when a container that is there may serve
function M.digest(spec, image_id)
  local what = { image_id = image_id }
  for _, field in ipairs(MAKES_IT) do what[field] = spec[field] end
  local out = {}
  write(out, what)
  return hash.bytes(table.concat(out)):sub(1, 32)
end

-- "data" of the project, "~"-less and absolute for the engine.
local function source_of(mount, project_dir)
  if mount.type == "volume" or mount.source:sub(1, 1) == "/" then return mount.source end
  return project_dir .. "/" .. mount.source:gsub("^%./", "")
end

---What the container engine is to create.
---@param spec table
---@param more table { name, project_dir, socket_dir? }
---@return table as std.docker's create takes it
function M.creation(spec, more)
  local ports, mounts, tmpfs = {}, {}, nil
  for i, port in ipairs(spec.network ~= "host" and spec.ports or {}) do
    ports[i] = { container = port.container, host = port.host, ip = "127.0.0.1",
      protocol = port.protocol }
  end
  for i, mount in ipairs(spec.mounts) do
    mounts[i] = { source = source_of(mount, more.project_dir), target = mount.target,
      read_only = mount.read_only, type = mount.type }
  end
  if more.socket_dir then
    mounts[#mounts + 1] = { source = more.socket_dir, target = spec.socket, type = "bind" }
  end
  for _, path in ipairs(spec.tmpfs) do
    tmpfs = tmpfs or {}
    tmpfs[path] = ""
  end
  return { name = more.name, image = spec.image, cmd = spec.cmd, entrypoint = spec.entrypoint,
    env = spec.env, ports = ports, mounts = mounts, tmpfs = tmpfs,
    memory = spec.memory, cpus = spec.cpus, user = spec.user, network = spec.network }
end

---The environment of a table with ${host} and the like.
---@param env table<string, string|number>
---@param lease table
---@return table<string, string>
function M.filled_in(env, lease)
  local filled = {}
  for name, text in pairs(env) do
    filled[name] = tostring(text):gsub("%${([^}]*)}", function(place)
      local port = place:match("^port:(%d+)$")
      local value = lease[place]
      if port then value = lease.ports[port .. "/tcp"] or lease.ports[port .. "/udp"] end
      return value and tostring(value) or ""
    end)
  end
  return filled
end

---The path and the port of the container that a ready check by http asks.
---@param spec table with ready.http
---@return integer port
---@return string path
function M.http_target(spec)
  return http_port(spec), spec.ready.http:match("^http://[^/]+(/.*)$")
    or spec.ready.http:match("^:%d+(/.*)$") or spec.ready.http
end

---@param spec table
---@return boolean fixed whether two of them cannot be there at once, because of a port
function M.is_single(spec)
  for _, port in ipairs(spec.ports) do
    if port.host or spec.network == "host" then return true end
  end
  return false
end

return M
