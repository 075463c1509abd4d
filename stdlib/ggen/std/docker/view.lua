-- What an engine says of containers, as plain values: nothing of it is believed to be there or to
-- be of the right type. Pure.
-- SPDX-License-Identifier: MIT
local M = {}

local EMPTY = {}

local function map(value) return type(value) == "table" and value or EMPTY end
local function text(value) return type(value) == "string" and value or nil end
local function number(value) return type(value) == "number" and value or nil end

M.map, M.text, M.number = map, text, number

-- A copy of those pairs whose values are texts.
local function texts(value)
  local copy = {}
  for name, word in pairs(map(value)) do
    if type(name) == "string" and type(word) == "string" then copy[name] = word end
  end
  return copy
end

---A copy of the texts of a list.
---@param value any
---@return string[]
function M.list(value)
  local copy = {}
  for _, word in ipairs(map(value)) do
    if type(word) == "string" then copy[#copy + 1] = word end
  end
  return copy
end

M.texts = texts

---{ "A=1", "B=2" } as names and values.
---@param value any
---@return table<string, string>
function M.env(value)
  local env = {}
  for _, entry in ipairs(M.list(value)) do
    local name, word = entry:match("^([^=]+)=(.*)$")
    if name then env[name] = word end
  end
  return env
end

-- Days from 1970-01-01 (proleptic Gregorian, as in the usual algorithm of days_from_civil).
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100)
    + of_year - 719468
end

---Reads "2026-11-22T00:33:11.5Z" (RFC 3339). A time that never was, as engines say year 1, is none.
---@param value any
---@return number? seconds since 1970
function M.time(value)
  if type(value) ~= "string" then return nil end
  local y, mo, d, h, mi, s, rest =
    value:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not y or tonumber(y) < 1970 then return nil end
  local seconds = days(tonumber(y), tonumber(mo), tonumber(d)) * 86400 + tonumber(h) * 3600
    + tonumber(mi) * 60 + tonumber(s)
  local sign, oh, om = rest:match("^([+-])(%d%d):?(%d%d)$")
  if sign then
    local offset = tonumber(oh) * 3600 + tonumber(om) * 60
    seconds = seconds + (sign == "+" and -offset or offset)
  end
  return seconds
end

-- Where to connect to reach what listens on this address of the engine's machine.
local function reached(ip, engine_host)
  if ip == nil or ip == "" or ip == "0.0.0.0" or ip == "::" then
    return engine_host or "127.0.0.1"
  end
  return ip
end

-- { ["5432/tcp"] = { ip, port } } of what is bound.
local function bound_ports(value, engine_host)
  local ports = {}
  for key, bindings in pairs(map(value)) do
    local first = map(map(bindings)[1])
    local port = tonumber(first.HostPort)
    if type(key) == "string" and port and port > 0 then
      ports[key] = { ip = reached(text(first.HostIp), engine_host), port = port }
    end
  end
  return ports
end

local function mounts(value)
  local list = {}
  for _, mount in ipairs(map(value)) do
    mount = map(mount)
    list[#list + 1] = { type = text(mount.Type), name = text(mount.Name),
      source = text(mount.Source), target = text(mount.Destination), read_only = mount.RW == false }
  end
  return list
end

local function address(settings)
  local ip = text(settings.IPAddress)
  if ip and ip ~= "" then return ip end
  for _, network in pairs(map(settings.Networks)) do
    ip = text(map(network).IPAddress)
    if ip and ip ~= "" then return ip end
  end
end

---What a container is and does.
---@class ggen.docker.Container
---@field id string
---@field name string
---@field image string as it was asked for
---@field status string "created", "running", "paused", "exited", ...
---@field running boolean also while it is paused
---@field paused boolean
---@field exit_code? integer of one that has ended
---@field pid? integer on the engine's machine, while it runs
---@field started? number seconds since 1970
---@field finished? number seconds since 1970
---@field ports table<string, { ip: string, port: integer }> where "5432/tcp" is reached
---@field ip? string in its network
---@field labels table<string, string>
---@field mounts { type?: string, name?: string, source?: string, target?: string }[] and read_only
---@field health? "starting"|"healthy"|"unhealthy" of an image with a health check
---@field tty boolean
---@field error? string why it could not be started
---@field raw table all that the engine says

---@param raw table
---@param engine_host string? of an engine on another machine
---@return ggen.docker.Container
function M.container(raw, engine_host)
  local state, config = map(raw.State), map(raw.Config)
  local settings = map(raw.NetworkSettings)
  local running = state.Running == true or state.Paused == true
  local pid, problem = number(state.Pid), text(state.Error)
  local health = text(map(state.Health).Status)
  return {
    id = text(raw.Id) or "", name = (text(raw.Name) or ""):gsub("^/", ""),
    image = text(config.Image) or text(raw.Image) or "",
    status = text(state.Status) or (running and "running" or "exited"),
    running = running, paused = state.Paused == true,
    exit_code = not running and number(state.ExitCode) or nil,
    pid = pid and pid > 0 and pid or nil,
    started = M.time(state.StartedAt), finished = not running and M.time(state.FinishedAt) or nil,
    ports = bound_ports(settings.Ports, engine_host), ip = address(settings),
    labels = texts(config.Labels), mounts = mounts(raw.Mounts),
    health = health ~= "" and health ~= "none" and health or nil, tty = config.Tty == true,
    error = problem ~= "" and problem or nil, raw = raw,
  }
end

---One of a list of containers.
---@class ggen.docker.Listed
---@field id string
---@field name string
---@field image string
---@field state string "created", "running", "paused", "exited", ...
---@field labels table<string, string>
---@field created? number seconds since 1970
---@field ports table<string, { ip: string, port: integer }>

---@param raw any
---@param engine_host string?
---@return ggen.docker.Listed?
function M.listed(raw, engine_host)
  raw = map(raw)
  if not text(raw.Id) then return nil end
  local ports = {}
  for _, port in ipairs(map(raw.Ports)) do
    port = map(port)
    local inner, outer = number(port.PrivatePort), number(port.PublicPort)
    if inner and outer and outer > 0 then
      ports[("%d/%s"):format(inner, text(port.Type) or "tcp")] =
        { ip = reached(text(port.IP), engine_host), port = outer }
    end
  end
  return { id = raw.Id, name = (text(map(raw.Names)[1]) or ""):gsub("^/", ""),
    image = text(raw.Image) or "", state = (text(raw.State) or ""):lower(),
    labels = texts(raw.Labels), created = number(raw.Created), ports = ports }
end

return M
