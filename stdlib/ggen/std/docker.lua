-- A client of container engines: Docker, podman, and whatever else speaks the Docker Engine API
-- (1.41 and later). All calls go over connections that are kept alive.
--
--     local docker = require("ggen").std.docker
--     local engine = assert(docker.connect())
--     local id = assert(engine:create { image = "redis:7", ports = { 6379 } })
--     assert(engine:start(id))
--     print(engine:inspect(id).ports["6379/tcp"].port)
--     engine:remove(id, { force = true, volumes = true })
-- SPDX-License-Identifier: MIT
local find = require("ggen.std.docker.find")
local ggen = require("ggen")

---@class ggen.std.docker
---@field owned ggen.docker.owned containers that do not outlive their run
---@field shell ggen.docker.shell commands in a container through one shell
---@field warm ggen.docker.warm containers that wait for commands
local M = {}

local function getenv_of(env)
  if env then return function(name) return env[name] end end
  return os.getenv
end

---Where the engine is: DOCKER_HOST, CONTAINER_HOST, or the first usual socket that is there. Asks
---nobody.
---   > docker.find({ DOCKER_HOST = "tcp://10.0.0.7" })
---   < { host = "10.0.0.7", port = 2375, from = "DOCKER_HOST", shown = "tcp://10.0.0.7" }
---   > docker.find({ CONTAINER_HOST = "unix:///run/my.sock" }).unix_socket
---   < "/run/my.sock"
---@param env? table<string, string> instead of the environment
---@return ggen.docker.Endpoint? endpoint
---@return string? message where it was looked for, and how to get one
function M.find(env)
  local all, message = find.all(getenv_of(env))
  if not all then return nil, message end
  return all[1]
end

---@class ggen.docker.ConnectOptions
---@field host? string instead of looking: "unix:///path/to.sock", "tcp://HOST:PORT"
---@field timeout? ggen.Duration of each call (30s); 0 is no limit
---@field connect_timeout? ggen.Duration until somebody answers (5s)
---@field tls? { ca_file?: string, cert_file?: string, key_file?: string } of a host reached by TLS

local OPTIONS = { type = "record", fields = { host = { type = "string" },
  timeout = { type = "duration", default = 30 },
  connect_timeout = { type = "duration", default = 5 },
  tls = { type = "record", fields = { ca_file = { type = "string" },
    cert_file = { type = "string" }, key_file = { type = "string" } } } } }

---Asks the engine who it is. The version of the API that is spoken is the newest that both know.
---   > docker.connect({ host = "ssh://build1" })
---   < nil, "host=ssh://build1: no engine is asked over ssh; forward its socket (ssh -nNT "
---   <   .. "-L /tmp/engine.sock:/var/run/docker.sock HOST) and set "
---   <   .. "DOCKER_HOST=unix:///tmp/engine.sock", "no_engine"
---@async
---@param options? ggen.docker.ConnectOptions
---@return ggen.docker.Engine? engine
---@return string? message
---@return ggen.docker.Kind? kind
function M.connect(options)
  local checked, problem, where = ggen.schema.check(OPTIONS, options or {})
  if not checked then error("docker.connect: " .. ggen.schema.message(problem, where), 2) end
  local endpoints, message
  if checked.host then
    local endpoint
    endpoint, message = find.parse(checked.host, "host", os.getenv)
    if endpoint and checked.tls then endpoint.tls = checked.tls end
    endpoints = endpoint and { endpoint }
  else
    endpoints, message = find.all(os.getenv)
  end
  if not endpoints then return nil, message, "no_engine" end
  local first
  for _, endpoint in ipairs(endpoints) do
    local engine, text, kind = require("ggen.std.docker.engine").connect(endpoint, checked.timeout,
      checked.connect_timeout)
    if engine then return engine end
    first = first or { text, kind }
  end
  return nil, first[1], first[2]
end

local PARTS = { owned = true, shell = true, warm = true }

return setmetatable(M, { __index = function(_, name)
  if not PARTS[name] then return nil end
  local part = require("ggen.std.docker." .. name)
  rawset(M, name, part)
  return part
end })
