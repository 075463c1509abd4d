-- Images: looked at, pulled.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local errors = require("ggen.std.docker.errors")
local names = require("ggen.std.docker.names")
local view = require("ggen.std.docker.view")

---@class ggen.docker.Engine
local Engine = {}

-- The longest line of progress that is kept; a longer one is no engine's.
local MOST_LINE = 1024 * 1024

---What an image is.
---@class ggen.docker.Image
---@field id string "sha256:..."
---@field digests string[] under which registries have it
---@field tags string[]
---@field env table<string, string>
---@field cmd string[]
---@field entrypoint string[]
---@field workdir? string
---@field user? string
---@field exposed string[] { "5432/tcp" }
---@field volumes string[] paths
---@field labels table<string, string>
---@field size? integer bytes
---@field raw table all that the engine says

local function keys(value)
  local list = {}
  for key in pairs(view.map(value)) do
    if type(key) == "string" then list[#list + 1] = key end
  end
  table.sort(list)
  return list
end

local function filled(value)
  value = view.text(value)
  return value ~= "" and value or nil
end

-- As in a URL: a digest and a tag may stand there as they are.
local function in_path(ref)
  return (ref:gsub("[^%w._~/:@-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

---What an image is. One that is not there is `nil, message, "no_such_image"`.
---@async
---@param ref string "postgres:16"
---@return ggen.docker.Image?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:image(ref)
  local name, message, kind = names.image(ref)
  if not name then return nil, message, kind end
  local raw
  raw, message, kind = self:_ask("GET", "/images/" .. in_path(name) .. "/json",
    { doing = "inspect image " .. ref, about = "image" })
  if not raw then return nil, message, kind end
  local config = view.map(raw.Config)
  return { id = view.text(raw.Id) or "", digests = view.list(raw.RepoDigests),
    tags = view.list(raw.RepoTags), env = view.env(config.Env), cmd = view.list(config.Cmd),
    entrypoint = view.list(config.Entrypoint), workdir = filled(config.WorkingDir),
    user = filled(config.User), exposed = keys(config.ExposedPorts),
    volumes = keys(config.Volumes), labels = view.texts(config.Labels),
    size = view.number(raw.Size), raw = raw }
end

-- Reads lines of JSON as they come, in pieces of any size. feed() returns false when no more is
-- wanted.
local function line_reader(on_value)
  local rest = ""
  local function line(text)
    if not text:find("%S") then return end
    on_value(ggen.json.decode(text), text)
  end
  return function(bytes)
    rest = rest .. bytes
    local from = 1
    while true do
      local ending = rest:find("\n", from, true)
      if not ending then break end
      line(rest:sub(from, ending - 1))
      from = ending + 1
    end
    rest = rest:sub(from)
    return #rest <= MOST_LINE
  end, function() line(rest) end
end

---One step of a pull, as the engine says it.
---@class ggen.docker.Progress
---@field status string "Downloading", "Pull complete", ...
---@field id? string of a layer
---@field current? number bytes of this layer
---@field total? number bytes of this layer

---@class ggen.docker.PullOptions
---@field on_progress? fun(progress: ggen.docker.Progress) called as it goes on; must not wait
---@field timeout? ggen.Duration of all of it (15m)
---@field platform? string "linux/arm64"
---@field auth? string the value of X-Registry-Auth

local PULL = { type = "record", fields = { on_progress = { type = "function" },
  timeout = { type = "duration", default = 900 }, platform = { type = "string" },
  auth = { type = "string" } } }

---Fetches an image from its registry. Without a tag it is the tag "latest".
---@async
---@param ref string
---@param options? ggen.docker.PullOptions
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:pull(ref, options)
  local checked, problem, where = ggen.schema.check(PULL, options or {})
  if not checked then error("engine:pull: " .. ggen.schema.message(problem, where), 2) end
  local _, message, kind = names.image(ref)
  if message then return nil, message, kind end
  local name, tag = names.tag(ref)
  local doing, refusal = "pull image " .. ref, nil
  local feed, finish = line_reader(function(value, text)
    if type(value) ~= "table" then
      refusal = refusal or { doing .. ": the engine said what is no progress: "
        .. ggen.delivery.said(text), "protocol" }
    elseif view.text(value.error) then
      refusal = { errors.of_text(doing, value.error, "image") }
    elseif checked.on_progress then
      local detail = view.map(value.progressDetail)
      checked.on_progress({ status = view.text(value.status) or view.text(value.stream) or "",
        id = view.text(value.id), current = view.number(detail.current),
        total = view.number(detail.total) })
    end
  end)
  local response
  response, message, kind = self:_call("POST", "/images/create", { doing = doing, about = "image",
    query = { fromImage = name, tag = tag, platform = checked.platform },
    headers = checked.auth and { ["X-Registry-Auth"] = checked.auth } or nil,
    timeout = checked.timeout, on_data = feed })
  if refusal then return nil, refusal[1], refusal[2] end
  if not response then return nil, message, kind end
  if response.stopped then
    return nil, doing .. ": the engine said a line without end", "protocol"
  end
  finish()
  if refusal then return nil, refusal[1], refusal[2] end
  return true
end

return Engine
