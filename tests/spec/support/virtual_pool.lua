-- A world for the container pool without an engine and without time: calls take as long as they are
-- said to take on a clock that the spec turns. What was asked is written down.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local pool = require("ggen.std.container_pool.pool")
local spec_of = require("ggen.std.container_pool.spec")

local M = {}

local World = {}
World.__index = World

---@param options { takes: table<string, number>?, kept: table?, known: table? }?
function M.new(options)
  options = options or {}
  local self = setmetatable({ time = 0, timers = {}, calls = {}, notes = {}, containers = {},
    count = 0, takes = options.takes or {}, fails = {}, project_dir = "/nowhere", kept = {},
    owned = {}, saved = {}, most = 0 }, World)
  function self.now() return self.time end
  function self.unix() return 1e9 + self.time end
  function self.timer(seconds, fn)
    local entry = { at = self.time + seconds, fn = fn, number = #self.timers }
    table.insert(self.timers, entry)
    return { close = function() entry.fn = nil end }
  end
  function self.sleep(seconds)
    async.await(function(resume) return self.timer(seconds, resume) end)
  end
  function self.note(level, text, task)
    self.notes[#self.notes + 1] = { level = level, text = text, task = task }
  end
  function self.times()
    return {
      expected = function(_, name, _, what)
        local known = options.known and options.known[name]
        return known and known[what] or (what == "make" and 1 or 0.5), known ~= nil
      end,
      add = function(_, name, _, what, seconds)
        self.saved[#self.saved + 1] = { name, what, seconds }
      end,
      save = function() end,
    }
  end
  function self.call(method, id, more) return self:_call(method, id, more) end
  function self.create(spec, owned)
    local id, message, kind = self:_call("create", { spec = spec, owned = owned })
    if id then self.owned[id] = true end
    return id, message, kind
  end
  function self.shell() return nil, "no shell", "no_such_program" end
  function self.know_image() end
  function self.image_env() return {} end
  function self.gone(id) self.owned[id] = nil end
  function self.adopt(name)
    local list = options.kept and options.kept[name] or {}
    local found = {}
    for i, id in ipairs(list) do
      self.containers[id] = { id = id, running = true, paused = true, name = name }
      self.owned[id], found[i] = true, { id = id, state = "paused", container = { id = id,
        running = true, paused = true, ports = {}, mounts = {} } }
    end
    return found
  end
  function self.let_go(id, seconds) self.kept[id] = seconds end
  function self.close() self.closed = true end
  function self.connects() return true end
  function self.connects_unix() return true end
  return self
end

local does = {}

function does.image(_, ref)
  if ref == "missing" then return nil, "no such image", "no_such_image" end
  return { id = "sha256:" .. ref }
end
function does.pull() return nil, "no route to the registry", "server" end
function does.create(self, spec)
  self.count = self.count + 1
  local id = ("c%d"):format(self.count)
  self.containers[id] = { id = id, running = false, name = spec.owned.name,
    spec = spec.spec }
  return id
end
function does.start(self, id)
  self.containers[id].running = true
  local alive = 0
  for _, one in pairs(self.containers) do if one.running then alive = alive + 1 end end
  self.most = math.max(self.most, alive)
  return true
end
function does.restart(self, id) return does.start(self, id) end
function does.inspect(self, id)
  local one = self.containers[id]
  if not one then return nil, "no such container", "no_such_container" end
  return { id = id, running = one.running, paused = one.paused or false, exit_code = one.exit_code,
    ports = { ["5432/tcp"] = { ip = "127.0.0.1", port = 40000 + tonumber(id:match("%d+")) } },
    mounts = {} }
end
function does.pause(self, id) self.containers[id].paused = true return true end
function does.unpause(self, id)
  if not self.containers[id].running then return nil, "it is not paused", "conflict" end
  self.containers[id].paused = false
  return true
end
function does.remove(self, id) self.containers[id] = nil return true end
function does.logs() return { stdout = "", stderr = "" } end
function does.exec(self, id)
  if self.containers[id].wedged then return { code = 1, stdout = "", stderr = "wedged\n" } end
  return { code = 0, stdout = "", stderr = "" }
end

-- Takes its time, then does it.
function World:_call(method, id, more)
  local call = { method = method, id = type(id) == "string" and id or nil, at = self.time }
  self.calls[#self.calls + 1] = call
  local takes = self.takes[method]
  if takes then self.sleep(takes) end
  call.ended = self.time
  local failure = self.fails[method]
  if failure then
    if failure.times then
      failure.times = failure.times - 1
      if failure.times == 0 then self.fails[method] = nil end
    end
    return nil, failure[1], failure[2]
  end
  return does[method](self, id, more)
end

---Turns the clock; what is due on the way happens in its order.
---@param seconds number
function World:turn(seconds)
  local until_when = self.time + seconds
  while true do
    local first
    for _, entry in ipairs(self.timers) do
      if entry.fn and entry.at <= until_when + 1e-9 and (not first or entry.at < first.at
        or entry.at == first.at and entry.number < first.number) then
        first = entry
      end
    end
    if not first then break end
    self.time = math.max(self.time, first.at)
    local fn = first.fn
    first.fn = nil
    for i, entry in ipairs(self.timers) do
      if entry == first then table.remove(self.timers, i) break end
    end
    fn()
  end
  self.time = until_when
end

---@param method string
---@return table[] calls of it
function World:made(method)
  local list = {}
  for _, call in ipairs(self.calls) do
    if call.method == method then list[#list + 1] = call end
  end
  return list
end

---@param containers table<string, table> as in a pipeline
---@param options table? of the pool
function World:pool(containers, options)
  options = options or {}
  local specs = {}
  for name, given in pairs(containers) do
    local spec, message, where = spec_of.check(given)
    assert(spec, ("%s: %s"):format(tostring(where), tostring(message)))
    specs[name] = spec
  end
  return pool.new({ containers = specs, memory = options.memory, keep = options.keep,
    timeout = options.timeout or 60, predict = options.predict ~= false }, self)
end

---Asks for a container in a coroutine of its own.
---@return table { lease, message, kind, done, at, thread }
function World:acquire(of, name, task, shared)
  local asked = { since = self.time }
  asked.thread = async.run(function()
    asked.lease, asked.message, asked.kind = of:acquire({ name = name, task = task,
      shared = shared })
    asked.done, asked.at = true, self.time
  end, function(ok, problem) asked.raised = not ok and problem or nil end)
  return asked
end

return M
