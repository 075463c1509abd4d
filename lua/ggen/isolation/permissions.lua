-- What a plugin may touch of the world: "process" (start programs, here or in containers),
-- "net:HOST[:PORT]" (talk to a host), "fs:PATH[:ro]" (files at or below a path, relative to the
-- project), "env:NAME" (read a variable). In HOST and NAME a * stands for any text. A HOST or PATH
-- may begin with $: "fs:$file" is where the parameter `file` of the plugin points, "net:$PROXY" and
-- "fs:$HOME/.netrc:ro" what a variable of the environment says. Read from manifests and lock files,
-- asked before each call of the host that reaches outside.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local suggest = require("ggen.suggest")

local M = {}

local KINDS = { "process", "net", "fs", "env" }

---@class ggen.Permission one of them, taken apart
---@field text string as written
---@field kind "process"|"net"|"fs"|"env"
---@field pattern string? of the host or the variable, as a Lua pattern
---@field exact string? the variable, when it is only one
---@field port integer?
---@field path string? as written
---@field read_only boolean?
---@field from string? parameter or variable that it begins with; `rest` follows on its value
---@field rest string?

local function glob(text)
  return "^" .. text:gsub("[%-%.%+%[%]%(%)%$%^%%%?]", "%%%0"):gsub("%*", ".*") .. "$"
end

-- "$name" in front: a parameter of the plugin, in small letters, or a variable, in capitals.
local function origin_of(text)
  if text:sub(1, 1) ~= "$" then return nil end
  local name, rest = text:match("^%$([%a_][%w_]*)(.*)$")
  if not name or name ~= name:lower() and name ~= name:upper() then return nil, true end
  return name, false, rest
end

local function is_variable(name) return name == name:upper() end

local parsers = {}

function parsers.process(rest)
  if rest then return nil, 'is written "process" and nothing else' end
  return {}
end

function parsers.net(rest)
  local host, port = (rest or ""):match("^(.-):(%d+)$")
  host = host or rest
  if not host or host == "" or host:find("[%s/@]") then
    return nil, 'is written "net:HOST" or "net:HOST:PORT"'
  end
  local from, wrong, behind = origin_of(host)
  if wrong or from and (behind ~= "" or port) then
    return nil, 'is written "net:$param" or "net:$VARIABLE", for the address that it holds'
  end
  if from then return { from = from } end
  port = tonumber(port)
  if port and (port < 1 or port > 65535) then return nil, "has a port outside of 1 to 65535" end
  return { pattern = glob(host:lower()), port = port }
end

function parsers.fs(rest)
  local path = (rest or ""):match("^(.*):ro$")
  local read_only = path ~= nil
  path = path or rest
  if not path or path == "" or path:find("%z") then
    return nil, 'is written "fs:PATH" or "fs:PATH:ro"'
  end
  local from, wrong, behind = origin_of(path)
  if wrong or from and behind ~= "" and behind:sub(1, 1) ~= "/" then
    return nil, 'is written "fs:$param" or "fs:$VARIABLE", with or without "/..." behind it'
  end
  if from then return { from = from, rest = behind, read_only = read_only } end
  return { path = path, read_only = read_only }
end

function parsers.env(rest)
  if not rest or not rest:find("^[%w_*]+$") then return nil, 'is written "env:NAME"' end
  return { pattern = glob(rest), exact = not rest:find("*", 1, true) and rest or nil }
end

-- Line ends and marks of direction: with them what is shown reads as something else.
local function reads_otherwise(text)
  return text:find("[%c]") or text:find("\226\128[\142\143\168-\174]")
    or text:find("\226\129[\166-\169]")
end

---@param text string
---@return ggen.Permission?
---@return string? message
function M.parse(text)
  if reads_otherwise(text) then
    return nil, ("the permission %q has a character that cannot be seen"):format(text)
  end
  local kind, rest = text:match("^([^:]+):(.*)$")
  kind = kind or text
  if not parsers[kind] then
    return nil, ("unknown permission %q%s; known: %s"):format(text, suggest.hint(kind, KINDS),
      table.concat(KINDS, ", "))
  end
  local permission, message = parsers[kind](rest)
  if not permission then return nil, ("the permission %q %s"):format(text, message) end
  permission.text, permission.kind = text, kind
  return permission
end

---@class ggen.Permissions of one plugin
---@field package _plugin string for messages
---@field package _dir string absolute directory of the project
---@field package _granted table<string, ggen.Permission[]> by kind
---@field package _params ggen.Permission[] that begin with a parameter
---@field package _filled table<string, true> what was made of those, as text
local Permissions = {}
Permissions.__index = Permissions

---None at first.
---@param plugin string its name, for messages
---@param dir string absolute directory of the project
---@return ggen.Permissions
function M.new(plugin, dir)
  local self = setmetatable({ _plugin = plugin, _dir = dir, _granted = {}, _params = {},
    _filled = {} }, Permissions)
  for _, kind in ipairs(KINDS) do self._granted[kind] = {} end
  return self
end

-- The host and the port of an address as people write it.
local function host_of(address)
  local scheme, authority = address:match("^(%a[%w+.-]*)://([^/?#]*)")
  authority = (authority or address):gsub("^.*@", "")
  local host, port = authority:match("^(.-):(%d+)$")
  host = (host or authority):gsub("^%[(.*)%]$", "%1"):lower()
  if host == "" or host:find("[%s/]") then return nil end
  scheme = (scheme or ""):lower()
  return host, tonumber(port) or scheme == "https" and 443 or scheme == "http" and 80 or nil
end

-- What a permission that begins with a value comes to; nothing when the value is none of its kind.
local function add_value(self, permission, value)
  if type(value) ~= "string" or value == "" or value:find("%z") then return end
  local key = ("%s\0%s"):format(permission.text, value)
  if self._filled[key] then return end
  self._filled[key] = true
  local made = { text = permission.text, kind = permission.kind, read_only = permission.read_only }
  if permission.kind == "fs" then
    made.path = value .. permission.rest
  else
    local host, port = host_of(value)
    if not host then return end
    made.pattern, made.port = "^" .. host:gsub("%p", "%%%0") .. "$", port
  end
  table.insert(self._granted[permission.kind], made)
end

---@return string absolute directory of the project
function Permissions:project_dir() return self._dir end

---@param texts string[]
---@return boolean? done
---@return string? message about the text that is none
function Permissions:grant(texts)
  for _, text in ipairs(texts) do
    local permission, message = M.parse(text)
    if not permission then return nil, message end
    local from = permission.from
    if not from then
      table.insert(self._granted[permission.kind], permission)
    elseif is_variable(from) then
      add_value(self, permission, os.getenv(from))
    else
      table.insert(self._params, permission)
    end
  end
  return true
end

---Says which parameter a permission names that the plugin does not have.
---@param params table<string, ggen.Param>
---@return string? message
function Permissions:unknown_param(params)
  for _, permission in ipairs(self._params) do
    if not params[permission.from] then
      return ("the permission %q names no parameter of it%s"):format(permission.text,
        suggest.hint(permission.from, params))
    end
  end
end

---The plugin is set up: what its permissions that name parameters come to.
---@param params table<string, any>
function Permissions:fill(params)
  for _, permission in ipairs(self._params) do
    local value = params[permission.from]
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      add_value(self, permission, one)
    end
  end
end

local function refuse(self, what, needed)
  error(("plugin %q may not %s: it has no permission %q"):format(self._plugin, what, needed), 0)
end

function Permissions:process()
  if not self._granted.process[1] then refuse(self, "start a program", "process") end
end

---What a method of a view needs (views.lua).
---@param needed string|fun(permissions: ggen.Permissions, object: any, ...)
---@param ... any the object, and the arguments
function Permissions:ask(needed, ...)
  if type(needed) == "function" then return needed(self, ...) end
  self[needed](self)
end

---@param host string
---@param port integer
function Permissions:net(host, port)
  host = host:lower()
  for _, permission in ipairs(self._granted.net) do
    if host:find(permission.pattern) and (not permission.port or permission.port == port) then
      return
    end
  end
  refuse(self, ("talk to %s port %d"):format(host, port), "net:" .. host)
end

---@param name string
---@return boolean
function Permissions:sees_variable(name)
  for _, permission in ipairs(self._granted.env) do
    if permission.exact == name then return true end
    if not permission.exact and name:find(permission.pattern) then return true end
  end
  return false
end

-- A path without links and dots. What is not there yet is where its directory is.
local function settled(path)
  local real = fs.realpath(path)
  if real then return real end
  local dir, name = path:match("^(.*)/([^/]+)$")
  if not dir or name == ".." or name == "." then return nil end
  dir = settled(dir == "" and "/" or dir)
  return dir and (dir == "/" and "" or dir) .. "/" .. name
end

local function absolute(self, path)
  return path:sub(1, 1) == "/" and path or self._dir .. "/" .. path
end

---Raises unless it may read a variable.
---@param name string
function Permissions:variable(name)
  if not self:sees_variable(name) then
    refuse(self, ("read the variable %s"):format(name), "env:" .. name)
  end
  require("ggen.plugin_variables").ask(self._plugin, name)
end

---@param path string absolute, or relative to the project
---@param write boolean
---@return string path absolute and without links: what was looked at is what is opened
function Permissions:path(path, write)
  if type(path) ~= "string" or path:find("%z") then
    error("a path expected, got " .. type(path), 0)
  end
  local real = settled(absolute(self, path))
  for _, permission in ipairs(real and self._granted.fs or {}) do
    local root = settled(absolute(self, permission.path))
    local inside = root and (real == root or root == "/" or real:sub(1, #root + 1) == root .. "/")
    if inside and not (write and permission.read_only) then return real end
  end
  refuse(self, ("%s %s"):format(write and "write" or "read", path), "fs:" .. path
    .. (write and "" or ":ro"))
end

return M
