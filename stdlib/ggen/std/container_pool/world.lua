-- What the pool stands on: the container engine, found when it is first needed; the books of who
-- owns which container; the clock. A test has one of its own.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local clock = require("ggen.core.clock")
local fs = require("ggen.core.fs")
local net = require("ggen.core.net")
local sockets = require("ggen.std.container_pool.sockets")
local timer = require("ggen.core.timer")

local async = ggen.async

local M = {}

-- An engine that was there and does not answer may be about to start again.
local AWAY, PAUSE = 10, 0.1 -- seconds
local USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
local AGAIN = { no_engine = true, closed = true }
local LINGER = 0.02 -- seconds in which who accepts for a service that is not there closes again

local World = {}
World.__index = World

-- The engine, connected to once for all who ask at the same time.
local function engine_of(self)
  if self.connecting then return self.connecting:wait() end
  self.connecting = async.future()
  local found = self.connecting
  async.run(function() return self.connect() end, function(ok, engine, message, kind)
    if not ok then engine, message, kind = nil, tostring(engine), "server" end
    if not engine then self.connecting = nil end
    found:resolve(engine, message, kind)
  end)
  return found:wait()
end

-- Asks until the engine is back, if it ever was there. All who ask are patient together: an engine
-- that stays away is waited for once.
local function patiently(self, ask)
  local pause = PAUSE
  while true do
    local engine, message, kind = engine_of(self)
    local result
    if engine then
      self.was_there = true
      result, message, kind = ask(engine)
    end
    if result ~= nil or not AGAIN[kind] then self.patient_until = nil end
    if result ~= nil or not AGAIN[kind] or not self.was_there then return result, message, kind end
    local now = self.now()
    self.patient_until = self.patient_until or now + AWAY
    if now >= self.patient_until then return nil, message, kind end
    if not self.said_away then
      self.said_away = true
      self.note("warning", "the container engine does not answer, it is asked again for "
        .. ggen.units.format_duration(AWAY))
    end
    self.connecting = nil
    self.sleep(pause)
    pause = math.min(pause * 2, 1)
  end
end

-- Connects and gives up again.
local function connects(self, target, port, patient)
  local connection
  local message = async.await(function(resume)
    connection = port and net.connect(target, port, resume) or net.connect_unix(target, resume)
    return connection
  end)
  local held = true
  if not message and patient then
    local _, first = async.race({
      function()
        return async.await(function(resume)
          connection:read(resume)
          return connection
        end)
      end,
      function() self.sleep(LINGER) end,
    })
    held = first == 2
  end
  if connection then connection:close() end
  if message then return nil, message end
  if not held then return nil, "it was closed at once" end
  return true
end

---@param host table { project_dir, note, unix? } as a plugin's
---@param engine string? where it is, when that is said
---@return table world
function M.new(host, engine)
  local self = setmetatable({ project_dir = host.project_dir, now = clock.monotonic,
    unix = host.unix or os.time, sleep = async.sleep, note = host.note or function() end }, World)
  function self.connect()
    return ggen.std.docker.connect({ host = engine })
  end
  function self.call(method, ...)
    local arguments, count = { ... }, select("#", ...)
    return patiently(self, function(found)
      return found[method](found, unpack(arguments, 1, count))
    end)
  end
  function self.timer(seconds, fn) return timer.start(seconds, fn) end
  function self.times() return require("ggen.std.container_pool.times").open(self.project_dir) end
  function self.shell(id)
    local found, message, kind = engine_of(self)
    if not found then return nil, message, kind end
    return ggen.std.docker.shell.open(found, id, {})
  end
  local images = {}
  function self.know_image(ref, image) images[ref] = image end
  function self.image_env(ref)
    local env = { PATH = USUAL_PATH }
    for name, value in pairs(images[ref] and images[ref].env or {}) do env[name] = value end
    return env
  end
  local function owner()
    if not self.owner then
      self.owner = assert(ggen.std.docker.owned.open({ project_dir = self.project_dir,
        engine = function() return engine_of(self) end }))
    end
    return self.owner
  end
  function self.create(spec, options)
    local tried = false
    return patiently(self, function(found)
      -- It may be there, when the answer to the first try was lost.
      if tried then found:remove(spec.name, { force = true, volumes = true }) end
      tried = true
      return owner():create(spec, options)
    end)
  end
  function self.gone(id) owner():gone(id) end
  function self.adopt(name, config) return owner():adopt({ name = name, config = config }) end
  function self.let_go(id, seconds) owner():let_go(id, seconds) end
  function self.close()
    sockets.sweep(self.project_dir, self.unix(), function()
      local found = self.connecting and engine_of(self)
      return found and found:list({ all = true, labels = {
        ["ggen.dir"] = fs.realpath(self.project_dir) or self.project_dir } })
    end)
    if self.owner then self.owner:close() end
    local found = self.connecting and engine_of(self)
    if found then found:close() end
  end
  function self.connects(target, port, patient) return connects(self, target, port, patient) end
  function self.connects_unix(path) return connects(self, path) end
  return self
end

return M
