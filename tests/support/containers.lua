-- A plugin of the kind containers without containers, for tests: it writes what it is asked into
-- the file "calls" of the project, and answers as its params say.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

local text = { type = "string" }

local service = { type = "record", fields = {
  size = { type = "integer", default = 100 }, -- so many leases at once, and as many that share
  image = { type = "any" }, -- what enters the keys
  env = { type = "any" }, socket = { type = "any" }, port = { type = "any", default = 5432 },
  fail = text, kind = text, -- what acquire answers instead of a lease
  lease = { type = "any" }, -- what it answers whatever that is
  raise = text, -- what the method of this name raises
  opens = text, -- acquire waits until this pipe is written to
  -- drain writes to this pipe, and waits for hurry; what it does beside goes on. With "twice" hurry
  -- writes to the pipe hurried, and nothing ends.
  drains = text,
} }

local function names_of(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ",")
end

local Pool = {}
Pool.__index = Pool

function Pool:_write(...)
  local file = assert(io.open(self._dir .. "/calls", "a"))
  file:write(table.concat({ ... }, " "), "\n")
  file:close()
end

function Pool:_maybe_raise(method, name)
  local spec = self._specs[name]
  if spec and spec.raise == method then error(("no %s today"):format(method), 0) end
end

function Pool:warm(wants)
  for _, want in ipairs(wants) do
    self:_write("warm", want.task.id, table.concat(want.services, ","), "shared="
      .. names_of(want.shared), want.known and "known" or "unknown",
      want.start > 0 and "later" or "now")
    for _, name in ipairs(want.services) do self:_maybe_raise("warm", name) end
  end
end

local function wait_until_opened(path)
  ggen.std.sh.run({ "cat", path })
end

function Pool:acquire(request)
  local name = request.name
  local spec, use = self._specs[name], self._use[name]
  self:_write("acquire", name, "for", request.task.id, request.shared and "shared" or "alone")
  self:_maybe_raise("acquire", name)
  if spec.fail then return nil, spec.fail, spec.kind end
  if spec.opens then wait_until_opened(spec.opens) end
  while use.taken >= spec.size do
    use.queue = use.queue or ggen.async.future()
    use.queue:wait()
  end
  use.taken = use.taken + 1
  use.most = math.max(use.most, use.taken)
  assert(use.taken <= spec.size)
  if spec.lease ~= nil then return spec.lease end
  return { host = "127.0.0.1", port = spec.port, socket = spec.socket, env = spec.env }
end

function Pool:release(lease, outcome)
  local use = self._use[lease.name]
  self:_write("release", lease.name, outcome.ok and "ok" or "failed")
  use.taken = use.taken - 1
  local queue = use.queue
  use.queue = nil
  if queue then queue:resolve() end
  self:_maybe_raise("release", lease.name)
end

function Pool:drain()
  local most = {}
  for name, use in pairs(self._use) do most[#most + 1] = ("%s:%d"):format(name, use.most) end
  table.sort(most)
  self:_write("drain", table.concat(most, " "))
  for _, spec in pairs(self._specs) do
    if spec.drains then
      self._hurried = ggen.async.future()
      ggen.std.sh.run({ "sh", "-c", "echo go > " .. spec.drains })
      self._hurried:wait()
    end
  end
end

function Pool:hurry()
  self:_write("hurry")
  for _, spec in pairs(self._specs) do
    if spec.drains == "twice" then return ggen.std.sh.run({ "sh", "-c", "echo go > hurried" }) end
  end
  self._hurried:resolve()
end

function Pool:check(names)
  for _, name in ipairs(names) do
    if self._specs[name].kind then return name .. " needs an engine: start it" end
  end
end

return {
  name = "fake", kind = "containers", version = "1.0.0", api = 1, desc = "No containers at all",
  params = { containers = { type = "map", of = service } }, rest = "containers",
  services = function(params)
    local values = {}
    for name, spec in pairs(params.containers) do
      values[name] = { image = spec.image, port = spec.port, env = spec.env }
    end
    return values
  end,
  setup = function(params, host)
    local self = setmetatable({ _specs = params.containers, _use = {}, _dir = host.project_dir },
      Pool)
    for name in pairs(params.containers) do self._use[name] = { taken = 0, most = 0 } end
    return self
  end,
}
