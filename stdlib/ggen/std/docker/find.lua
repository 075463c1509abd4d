-- Where the container engine is: what the environment says, or the usual sockets. Looks only;
-- connects to nothing.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

---Where an engine listens.
---@class ggen.docker.Endpoint
---@field from string what said so: "DOCKER_HOST", "CONTAINER_HOST", the path of a socket, "host"
---@field shown string as a message has it: "unix:///run/docker.sock"
---@field unix_socket? string
---@field host? string instead of a socket
---@field port? integer
---@field tls? { ca_file?: string, cert_file?: string, key_file?: string }

M.HELP = "start one (systemctl start docker, or systemctl --user start podman.socket) "
  .. "or say where it is: DOCKER_HOST=unix:///path/to.sock"

local FORWARD = "forward its socket (ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST) "
  .. "and set DOCKER_HOST=unix:///tmp/engine.sock"

-- The certificates of DOCKER_CERT_PATH; those that are there.
local function certificates(getenv)
  local dir = getenv("DOCKER_CERT_PATH")
  if not dir or dir == "" then dir = (getenv("HOME") or "") .. "/.docker" end
  local tls = {}
  for field, name in pairs({ ca_file = "ca.pem", cert_file = "cert.pem", key_file = "key.pem" }) do
    local path = dir .. "/" .. name
    if fs.stat(path) then tls[field] = path end
  end
  return tls
end

local function over_tcp(text, scheme, rest, from, getenv)
  local verify = getenv("DOCKER_TLS_VERIFY")
  local tls = scheme == "https" or (scheme == "tcp" and verify ~= nil and verify ~= "")
  local host, port = rest:match("^(%[[%x:.]+%]):?(%d*)/?$")
  if not host then host, port = rest:match("^([%w._-]+):?(%d*)/?$") end
  port = port == "" and (tls and 2376 or 2375) or tonumber(port)
  if not host or port < 1 or port > 65535 then
    return nil, ("%s=%s: expected %s://HOST:PORT"):format(from, text, scheme)
  end
  host = host:match("^%[(.*)%]$") or host
  return { host = host, port = port, from = from, shown = text,
    tls = tls and certificates(getenv) or nil }
end

---Reads the text of an endpoint, as DOCKER_HOST has it.
---@param text string
---@param from string who says it
---@param getenv fun(name: string): string?
---@return ggen.docker.Endpoint? endpoint
---@return string? message
function M.parse(text, from, getenv)
  if text:find("[%c%s]") then
    return nil, ("%s: an address without spaces expected, as unix:///path/to.sock"):format(from)
  end
  if text:sub(1, 1) == "/" then text = "unix://" .. text end
  local scheme, rest = text:match("^(%w+)://(.*)$")
  if scheme == "unix" then
    if rest:sub(1, 1) ~= "/" then
      return nil, ("%s=%s: the path of a socket begins with / (unix:///path/to.sock)"):format(from,
        text)
    end
    return { unix_socket = rest, from = from, shown = text }
  elseif scheme == "tcp" or scheme == "http" or scheme == "https" then
    return over_tcp(text, scheme, rest, from, getenv)
  elseif scheme == "ssh" then
    return nil, ("%s=%s: no engine is asked over ssh; %s"):format(from, text, FORWARD)
  end
  return nil, ("%s=%s: expected unix:///path/to.sock or tcp://HOST:PORT"):format(from, text)
end

---The sockets that an engine may listen on, the likeliest first.
---@param getenv fun(name: string): string?
---@return string[]
function M.usual_sockets(getenv)
  local paths = { "/var/run/docker.sock" }
  local runtime = getenv("XDG_RUNTIME_DIR")
  if runtime and runtime:sub(1, 1) == "/" then
    paths[#paths + 1] = runtime .. "/docker.sock"
    paths[#paths + 1] = runtime .. "/podman/podman.sock"
  end
  paths[#paths + 1] = "/run/podman/podman.sock"
  return paths
end

---@param path string
---@return boolean
local function is_socket(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "other"
end

---Where an engine may be: one place when the environment says it, otherwise each socket that is
---there.
---@param getenv fun(name: string): string?
---@return ggen.docker.Endpoint[]? endpoints at least one
---@return string? message why there is none
function M.all(getenv)
  for _, name in ipairs({ "DOCKER_HOST", "CONTAINER_HOST" }) do
    local text = getenv(name)
    if text and text ~= "" then
      local endpoint, message = M.parse(text, name, getenv)
      if not endpoint then return nil, message end
      return { endpoint }
    end
  end
  local found, looked = {}, M.usual_sockets(getenv)
  for _, path in ipairs(looked) do
    if is_socket(path) then
      found[#found + 1] = { unix_socket = path, from = path, shown = "unix://" .. path }
    end
  end
  if #found > 0 then return found end
  return nil, ("no container engine was found: DOCKER_HOST and CONTAINER_HOST are not set, and "
    .. "there is no socket %s; %s"):format(table.concat(looked, ", "), M.HELP)
end

return M
