-- Warm containers: each does nothing but wait, and commands are run in it by resident shells
-- (shell.lua). One for each description, made when it is first asked for and given to all who ask
-- for the same; as many shells in it as there are commands at a time.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local hash = require("ggen.core.hash")
local shell = require("ggen.std.docker.shell")

local async = ggen.async

---@class ggen.docker.warm
local M = {}

-- The first process: reaps what others leave, and ends when it is told to.
local IDLE = "trap 'exit 0' TERM INT;while :;do sleep 86400& wait;done"
local PROGRESS = 5 -- seconds between two words about a pull

---Where it runs: a seat in a container, until give_back().
---@class ggen.docker.Seat
---@field id string of the container
---@field engine ggen.docker.Engine
---@field image ggen.docker.Image
---@field shell ggen.docker.Shell
---@field package _place table

---What a warm container shall be.
---@class ggen.docker.WarmSpec
---@field image string
---@field pull? "missing"|"always"|"never" when the image is fetched ("missing")
---@field user? string
---@field network? string
---@field mounts? ggen.docker.Mount[]
---@field memory? ggen.Size
---@field cpus? number
---@field fresh? boolean one of its own, which is removed when it is given back

---@class ggen.docker.WarmOptions
---@field connect fun(): ggen.docker.Engine?, string?, string? asked when the first one is wanted
---@field owner? fun(): ggen.docker.Owner?, string? who sees to the end of those that are there at
---close(); asked before the first one
---@field keep? number seconds that they stay after close(), with an owner
---@field note? fun(level: "info"|"warning", text: string) says something

---@class ggen.docker.Warm
---@field package _places table<string|integer, table> containers by what they are
---@field package _started table<table, true> of these those that run
---@field package _fresh integer how many of them were nobody else's
---@field package _images table<string, table>
---@field package _removing integer
local Warm = { __name = "ggen.docker.Warm" }
Warm.__index = Warm

---Makes a keeper of warm containers, which has none yet.
---@param options ggen.docker.WarmOptions
---@return ggen.docker.Warm
function M.new(options)
  return setmetatable({ _options = options, _places = {}, _images = {}, _once = {}, _removing = 0,
    _started = {}, _fresh = 0 }, Warm)
end

-- Calls fn once for all who ask meanwhile; what it returned is kept, a refusal is not. Whoever is
-- cancelled does not take it from the others.
local function once(kept, key, fn)
  local entry = kept[key]
  if not entry then
    entry = { done = async.future() }
    kept[key] = entry
    async.run(fn, function(ok, value, message, kind)
      if not ok then value, message, kind = nil, tostring(value), "server" end
      if value == nil and kept[key] == entry then kept[key] = nil end
      entry.done:resolve(value, message, kind)
    end)
  end
  return entry.done:wait()
end

function Warm:_note(level, text)
  if self._options.note then self._options.note(level, text) end
end

---The engine of its containers, connected with the first call.
---@async
---@return ggen.docker.Engine?
---@return string? message
---@return ggen.docker.Kind? kind
function Warm:engine() return once(self._once, "engine", self._options.connect) end

-- Whom the containers belong to, if anybody. What runs before have left is cleared up meanwhile.
function Warm:_owner()
  if self._owned == nil then
    local owner, message = nil, nil
    if self._options.owner then owner, message = self._options.owner() end
    if message then self:_note("warning", message) end
    self._owned = owner or false
    if owner then async.run(function() owner:sweep() end, function() end) end
  end
  return self._owned or nil
end

-- Images -----------------------------------------------------------------------------------------

-- Says how far a pull is, now and then.
local function progress_of(self, ref)
  local clock = require("ggen.core.clock")
  local layers, told = {}, clock.monotonic()
  return function(progress)
    if progress.id and progress.total then
      layers[progress.id] = { progress.current or 0, progress.total }
    end
    if clock.monotonic() - told < PROGRESS then return end
    told = clock.monotonic()
    local current, total = 0, 0
    for _, layer in pairs(layers) do current, total = current + layer[1], total + layer[2] end
    if total > 0 then
      self:_note("info", ("pulling the image %s: %d %% of %.0f MB"):format(ref,
        math.floor(100 * current / total), total / 1e6))
    end
  end
end

local function pull(self, engine, ref)
  self:_note("info", ("pulling the image %s"):format(ref))
  return engine:pull(ref, { on_progress = progress_of(self, ref) })
end

local function image_of(self, engine, ref, when)
  if when == "always" then
    local pulled, message, kind = pull(self, engine, ref)
    if not pulled then return nil, message, kind end
  end
  local image, message, kind = engine:image(ref)
  if image or kind ~= "no_such_image" then return image, message, kind end
  if when == "never" then
    return nil, ("there is no image %s here, and pull = \"never\" (podman pull %s)"):format(ref,
      ref), kind
  end
  local pulled
  pulled, message, kind = pull(self, engine, ref)
  if not pulled then return nil, message, kind end
  return engine:image(ref)
end

-- Containers -------------------------------------------------------------------------------------

local function remove(self, engine, id, on_gone)
  local owner = self:_owner()
  self._removing = self._removing + 1
  async.run(function()
    local ok, message, kind = engine:remove(id, { force = true, volumes = true })
    if ok or kind == "no_such_container" then
      if owner then owner:gone(id) end
    else
      self:_note("warning", message)
    end
  end, function()
    self._removing = self._removing - 1
    if on_gone then on_gone() end
    if self._removing == 0 and self._removed then self._removed:resolve() end
  end)
end

local function start(self, engine, place, name, keep)
  local spec, owner = place.spec, self:_owner()
  local wanted = { image = spec.image, entrypoint = { "/bin/sh" }, cmd = { "-c", IDLE },
    user = spec.user, network = spec.network, mounts = spec.mounts, memory = spec.memory,
    cpus = spec.cpus, workdir = "/", security = { "label=disable" } }
  local id, message, kind
  if owner then
    id, message, kind = owner:create(wanted, { name = name, config = place.config, keep = keep })
  else
    id, message, kind = engine:create(wanted)
  end
  if not id then return nil, message, kind end
  local started
  started, message, kind = engine:start(id)
  if started then return id end
  remove(self, engine, id)
  if message:find("/bin/sh", 1, true) then
    message = ("the image %s has no /bin/sh, and tasks in a container need one"):format(spec.image)
  end
  return nil, message, kind
end

-- What was kept by an earlier run, or a new one.
local function container_of(self, engine, place)
  local owner = self:_owner()
  local keep = not place.spec.fresh and self._options.keep or 0
  local name = "task " .. place.spec.image
  local found = owner and not place.spec.fresh
    and owner:adopt({ name = name, config = place.config }) or {}
  for _, kept in ipairs(found) do
    if not place.adopted and kept.state == "running" then
      place.adopted = kept.id
    else
      remove(self, engine, kept.id)
    end
  end
  if place.adopted then return place.adopted end
  return start(self, engine, place, name, keep)
end

local function digest_of(spec, image)
  local parts = { image.id, spec.user or "", spec.network or "", tostring(spec.memory),
    tostring(spec.cpus) }
  for _, mount in ipairs(spec.mounts or {}) do
    parts[#parts + 1] = ("%s\0%s\0%s"):format(mount.source, mount.target,
      mount.read_only and "ro" or "rw")
  end
  return hash.bytes(table.concat(parts, "\1"))
end

local function place_of(self, engine, spec, image)
  local config = digest_of(spec, image)
  self._fresh = self._fresh + (spec.fresh and 1 or 0)
  local key = spec.fresh and self._fresh or config
  return once(self._places, key, function()
    local place = { key = key, config = config, spec = spec, idle = {} }
    local message, kind
    place.id, message, kind = container_of(self, engine, place)
    if not place.id then return nil, message, kind end
    self._started[place] = true
    return place
  end)
end

-- It is gone: the next one who asks gets another.
local function forget(self, engine, place, on_gone)
  if place.lost then
    if on_gone then on_gone() end
    return
  end
  place.lost = true
  self._started[place], self._places[place.key] = nil, nil
  remove(self, engine, place.id, on_gone)
end

local SEAT = { __name = "ggen.docker.Seat" }
local GONE = { no_such_container = true, not_running = true, conflict = true }

local function shell_in(place, engine)
  while #place.idle > 0 do
    local idle = table.remove(place.idle)
    if not idle.closed then return idle end
  end
  return shell.open(engine, place.id)
end

---A seat in a container that is as described.
---@async
---@param spec ggen.docker.WarmSpec
---@return ggen.docker.Seat?
---@return string? message
---@return ggen.docker.Kind? kind
function Warm:borrow(spec)
  local engine, message, kind = self:engine()
  if not engine then return nil, message, kind end
  local image
  image, message, kind = once(self._images, spec.image, function()
    return image_of(self, engine, spec.image, spec.pull or "missing")
  end)
  if not image then return nil, message, kind end
  for attempt = 1, 2 do
    local place, opened
    place, message, kind = place_of(self, engine, spec, image)
    if not place then return nil, message, kind end
    opened, message, kind = shell_in(place, engine)
    if opened then
      return setmetatable({ id = place.id, image = image, shell = opened, _place = place,
        engine = engine }, SEAT)
    end
    forget(self, engine, place)
    if not GONE[kind] or attempt == 2 then return nil, message, kind end
    if not place.adopted then
      self:_note("warning", ("the container of %s has ended, another one is started"):format(
        spec.image))
    end
  end
end

---Gives it back; the next one gets the shell, if it is still good for something.
---@param seat ggen.docker.Seat
---@param on_gone? fun() called when its container is gone, which only a fresh one is
function Warm:give_back(seat, on_gone)
  local place, used = seat._place, seat.shell
  if place.spec.fresh then
    used:close()
    forget(self, seat.engine, place, on_gone)
  elseif used.closed or used.tainted or place.lost or self._closed then
    used:close()
  else
    table.insert(place.idle, used)
  end
end

---Ends the shells. Containers that are not kept are removed, by their owner if they have one.
---@async
function Warm:close()
  self._closed = true
  local owner, keep = self._owned, self._options.keep or 0
  for place in pairs(self._started) do
    for _, idle in ipairs(place.idle) do idle:close() end
    place.idle = {}
    if not owner then
      forget(self, self:engine(), place)
    elseif not place.spec.fresh then
      owner:let_go(place.id, keep)
    end
  end
  if self._removing > 0 then
    self._removed = async.future()
    self._removed:wait()
  end
  if owner then owner:close() end
  local engine = self._once.engine and self:engine()
  if engine then engine:close() end
end

return M
