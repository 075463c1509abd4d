-- Volumes: made, listed by label, removed.
-- SPDX-License-Identifier: MIT
local names = require("ggen.std.docker.names")
local view = require("ggen.std.docker.view")

---@class ggen.docker.Engine
local Engine = {}

---@class ggen.docker.Volume
---@field name string
---@field path? string on the engine's machine
---@field labels table<string, string>
---@field created? number seconds since 1970

local function volume(raw)
  raw = view.map(raw)
  if not view.text(raw.Name) then return nil end
  return { name = raw.Name, path = view.text(raw.Mountpoint), labels = view.texts(raw.Labels),
    created = view.time(raw.CreatedAt) }
end

---Makes a volume. One that has this name already is the answer, as it is.
---@async
---@param options? { name?: string, labels?: table<string, string>, driver?: string }
---@return ggen.docker.Volume?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:volume_create(options)
  options = options or {}
  local doing = "create volume" .. (options.name and " " .. options.name or "")
  local answer, message, kind = self:_ask("POST", "/volumes/create", { doing = doing, body = {
    Name = options.name and names.id(options.name, "volume"), Labels = options.labels,
    Driver = options.driver } })
  if not answer then return nil, message, kind end
  local made = volume(answer)
  if not made then return nil, doing .. ": the engine answered without a name", "protocol" end
  return made
end

---Removes a volume that no container uses.
---@async
---@param name string
---@param options? { force?: boolean }
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:volume_remove(name, options)
  return self:_do("DELETE", "/volumes/" .. names.id(name, "volume"), { about = "volume",
    doing = "remove volume " .. names.short(name),
    query = { force = options and options.force or nil } })
end

---Volumes by their labels.
---@async
---@param options? { labels?: table<string, string|true> }
---@return ggen.docker.Volume[]?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:volumes(options)
  local filter = self._label_filter(options and options.labels, "engine:volumes")
  local answer, message, kind = self:_ask("GET", "/volumes", { doing = "list volumes",
    query = { filters = filter and { label = filter } }, max_bytes = 64 * 1024 * 1024 })
  if not answer then return nil, message, kind end
  local list = {}
  for _, raw in ipairs(view.map(answer.Volumes)) do list[#list + 1] = volume(raw) end
  return list
end

return Engine
