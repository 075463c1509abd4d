-- What a container shall be: the description that users write, checked, and the body of the call
-- that the API wants. Pure.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local M = {}

---What a container shall be.
---@class ggen.docker.ContainerSpec
---@field image string
---@field name? string the engine makes one up without
---@field cmd? string[] instead of the image's
---@field entrypoint? string[] instead of the image's
---@field env? table<string, string|number>
---@field labels? table<string, string>
---@field ports? ggen.docker.Port[] what is reached from outside
---@field mounts? ggen.docker.Mount[]
---@field tmpfs? table<string, string> path -> options ("size=64m,mode=1777")
---@field memory? ggen.Size
---@field cpus? number
---@field pids? integer most processes
---@field user? string "1000:1000"
---@field workdir? string
---@field network? string "none", "bridge", "host" or a name
---@field read_only? boolean the root file system
---@field init? boolean a small init reaps its processes
---@field tty? boolean
---@field stdin? boolean its standard input stays open for attach
---@field stop_signal? string
---@field stop_timeout? integer seconds from the signal to SIGKILL
---@field auto_remove? boolean gone when it ends
---@field cap_drop? string[] capabilities to take away: { "ALL" }
---@field security? string[] "no-new-privileges", "seccomp=unconfined"
---@field extra? table raw fields of the API's body, merged over the rest

---@class ggen.docker.Port
---@field container integer
---@field host? integer a free one is chosen without, and for 0
---@field ip? string of this machine (127.0.0.1)
---@field protocol? "tcp"|"udp"|"sctp"

---@class ggen.docker.Mount
---@field source? string a directory of this machine, or the name of a volume
---@field target string in the container
---@field type? "bind"|"volume"|"tmpfs"
---@field read_only? boolean
---@field options? string as after -v SOURCE:TARGET: ("z", "rprivate"); of a tmpfs its options

local function no_nul(text)
  if text:find("%z") then return "a text without NUL bytes expected" end
end

local function absolute(text)
  if text:sub(1, 1) ~= "/" then return "a path that begins with / expected" end
  return no_nul(text)
end

local TEXT = { type = "string", check = no_nul }
local TEXTS = { type = "list", of = TEXT }
local PORT_NUMBER = { type = "integer", min = 1, max = 65535 }
local WORD = { type = "union", expects = "a text or a number",
  any_of = { TEXT, { type = "number" }, { type = "boolean" } } }

local PORT = { type = "record", fields = {
  container = { type = "integer", min = 1, max = 65535, required = true },
  host = { type = "integer", min = 0, max = 65535, default = 0 },
  ip = { type = "string", default = "127.0.0.1" },
  protocol = { type = "enum", values = { "tcp", "udp", "sctp" }, default = "tcp" },
} }

local MOUNT = { type = "record", fields = {
  source = TEXT, target = { type = "string", required = true, check = absolute },
  type = { type = "enum", values = { "bind", "volume", "tmpfs" }, default = "bind" },
  read_only = { type = "boolean", default = false }, options = TEXT,
}, check = function(mount)
  if mount.type == "tmpfs" then return end
  if not mount.source then return "source is missing" end
  if mount.type == "bind" then return absolute(mount.source) end
end }

local function env_name(map)
  for name in pairs(map) do
    if name == "" or name:find("[=%z]") then return ("%q is no name of a variable"):format(name) end
  end
end

M.ENV = { type = "map", of = WORD, check = env_name }

local SPEC = { type = "record", fields = {
  image = { type = "string", required = true }, name = TEXT, cmd = TEXTS, entrypoint = TEXTS,
  env = M.ENV, labels = { type = "map", of = WORD },
  ports = { type = "list", of = { type = "union", expects = "a port, or a table with it",
    any_of = { PORT_NUMBER, PORT } } },
  mounts = { type = "list", of = MOUNT }, tmpfs = { type = "map", of = TEXT },
  memory = { type = "size" }, cpus = { type = "number", min = 0.01 },
  pids = { type = "integer", min = 1 }, user = TEXT, workdir = TEXT, network = TEXT,
  read_only = { type = "boolean" }, init = { type = "boolean" }, tty = { type = "boolean" },
  stdin = { type = "boolean" }, stop_signal = TEXT, stop_timeout = { type = "integer", min = 0 },
  auto_remove = { type = "boolean" }, cap_drop = TEXTS, security = TEXTS,
  extra = { type = "any" },
} }

---{ A = 1, B = "x" } as the API has an environment.
---@param env table<string, any>
---@return string[]
function M.env_list(env)
  local list = {}
  for name, value in pairs(env) do list[#list + 1] = name .. "=" .. tostring(value) end
  table.sort(list)
  return ggen.json.array(list)
end

local function set_ports(body, host, ports)
  body.ExposedPorts, host.PortBindings = {}, {}
  for _, port in ipairs(ports) do
    if type(port) == "number" then
      port = { container = port, host = 0, ip = "127.0.0.1", protocol = "tcp" }
    end
    local key = ("%d/%s"):format(port.container, port.protocol)
    body.ExposedPorts[key] = {}
    local bindings = host.PortBindings[key] or ggen.json.array({})
    bindings[#bindings + 1] = { HostIp = port.ip,
      HostPort = port.host > 0 and ("%d"):format(port.host) or "" }
    host.PortBindings[key] = bindings
  end
end

-- The structured form has no place for options, and podman takes a comma in it for the end of a
-- path. The short form cannot have a colon in a path.
local function needs_bind(mount)
  local both = mount.source .. mount.target
  return mount.options or both:find(",", 1, true) and not both:find(":", 1, true)
end

local function set_mounts(host, mounts, tmpfs)
  for _, mount in ipairs(mounts) do
    if mount.type == "tmpfs" then
      tmpfs[mount.target] = mount.options or ""
    elseif needs_bind(mount) then
      host.Binds = host.Binds or ggen.json.array({})
      local options = { mount.read_only and "ro" or mount.options or "rw" }
      if mount.read_only then options[2] = mount.options end
      table.insert(host.Binds, ("%s:%s:%s"):format(mount.source, mount.target,
        table.concat(options, ",")))
    else
      host.Mounts = host.Mounts or ggen.json.array({})
      table.insert(host.Mounts, { Type = mount.type, Source = mount.source, Target = mount.target,
        ReadOnly = mount.read_only or nil })
    end
  end
  if next(tmpfs) then host.Tmpfs = tmpfs end
end

local function merge(into, from)
  for key, value in pairs(from) do
    if type(value) == "table" and type(into[key]) == "table" and #value == 0 then
      merge(into[key], value)
    else
      into[key] = value
    end
  end
end

local function texts(map)
  local copy = {}
  for name, value in pairs(map) do copy[name] = tostring(value) end
  return copy
end

---@param spec ggen.docker.ContainerSpec checked
---@return table body of the API
local function body_of(spec)
  local array = ggen.json.array
  local host = { Memory = spec.memory, PidsLimit = spec.pids, NetworkMode = spec.network,
    ReadonlyRootfs = spec.read_only, Init = spec.init, AutoRemove = spec.auto_remove,
    NanoCpus = spec.cpus and math.floor(spec.cpus * 1e9 + 0.5) }
  if spec.cap_drop then host.CapDrop = array(spec.cap_drop) end
  if spec.security then host.SecurityOpt = array(spec.security) end
  local body = { Image = spec.image, User = spec.user, WorkingDir = spec.workdir, Tty = spec.tty,
    OpenStdin = spec.stdin, StopSignal = spec.stop_signal, StopTimeout = spec.stop_timeout,
    Labels = spec.labels and texts(spec.labels), HostConfig = host }
  if spec.cmd then body.Cmd = array(spec.cmd) end
  if spec.entrypoint then body.Entrypoint = array(spec.entrypoint) end
  if spec.env then body.Env = M.env_list(spec.env) end
  if spec.ports then set_ports(body, host, spec.ports) end
  set_mounts(host, spec.mounts or {}, spec.tmpfs or {})
  if spec.extra then merge(body, spec.extra) end
  return body
end

---@param spec ggen.docker.ContainerSpec
---@return table? body of the API
---@return string message what is wrong with the description; the name, when nothing is
function M.body(spec)
  local checked, message, where = ggen.schema.check(SPEC, spec)
  if not checked then return nil, ggen.schema.message(message, where) end
  return body_of(checked)
end

return M
