-- The contract suite by the kind containers.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of containers", function()
  -- So many seats of one name.
  local GOOD = [[
    local free, change = { 1, 2, 3 }, ggen.async.future()
    local self = {
      check = function(_, names)
        if #names == 0 then return "nothing is leased" end
      end,
      acquire = function(_, request)
        while #free == 0 do change:wait() end
        ggen.async.sleep(0.1)
        return { host = "127.0.0.1", port = 5000 + table.remove(free, 1) }
      end,
      release = function(_, lease)
        free[#free + 1] = lease.port - 5000
        local before = change
        change = ggen.async.future()
        before:resolve()
      end,
      drain = function() ggen.async.sleep(1) end,
    }
  ]]
  local SERVICES = "services = function(params) return { db = { level = params.level } } end,"
  local function with(text) return GOOD .. text .. "\nreturn self" end
  local options = { fields = SERVICES }

  wrong_plugins.good("containers", with(""), nil, options)
  wrong_plugins.builtin("containers", {
    ["containers.pool"] = { db = { image = "localhost/bb:1", ports = { 5432 } } },
  })
  wrong_plugins.example("containers", { params = { gpu = { "0", "1" } } })
  wrong_plugins.describe("containers", {
    { "leases nothing", "setup", with("self.acquire = nil"),
      "a plugin of kind containers has the method acquire" },
    { "writes into what is asked for", "arguments", with([[
      local acquire = self.acquire
      self.acquire = function(_, request)
        request.task.leased = true
        return acquire(_, request)
      end]]), "argument 1.task.leased = true" },
    { "has ports as a text", "answers", with([[
      local acquire = self.acquire
      self.acquire = function(_, request)
        local lease = acquire(_, request)
        lease.ports = "5432"
        return lease
      end]]), "ports is a table" },
    { "keeps a seat for who was cancelled", "loses nothing to who is cancelled", with([[
      self.acquire = function()
        while #free == 0 do change:wait() end
        local seat = table.remove(free, 1)
        ggen.async.sleep(5)
        return { host = "127.0.0.1", port = 5000 + seat }
      end]]), "left 2 where 3 can be had" },
    { "gives a seat to who went away", "loses nothing to who is cancelled", with([[
      local waiting = {}
      self.acquire = function()
        local seat = table.remove(free, 1)
        if not seat then
          local turn = ggen.async.future()
          waiting[#waiting + 1] = turn
          seat = turn:wait()
        end
        return { host = "127.0.0.1", port = 5000 + seat }
      end
      self.release = function(_, lease)
        local turn = table.remove(waiting, 1)
        if turn then turn:resolve(lease.port - 5000) else free[#free + 1] = lease.port - 5000 end
      end]]), "goes to the next one" },
    { "leases a text", "answers", with("self.acquire = function() return 'db' end"),
      "a lease, or nil and a message" },
    { "has none and does not say why", "answers", with("self.acquire = function() end"),
      "a lease, or nil and a message" },
    { "has a port that is none", "answers", with([[
      local acquire, release = self.acquire, self.release
      self.acquire = function(_, request)
        local lease = acquire(_, request)
        lease.id, lease.port = tostring(lease.port), 0
        return lease
      end
      self.release = function(_, lease) release(_, { port = tonumber(lease.id) }) end]]),
      "the number of a port" },
    { "has no container engine and says nothing of it", "errors", with([[
      local acquire = self.acquire
      self.acquire = function(_, request)
        ggen.std.docker.connect({ host = "tcp://127.0.0.1:9" })
        return acquire(_, request)
      end]]), "is not passed over in silence" },
    { "gives one seat to all", "gives to one", with([[
      self.acquire = function() return { host = "127.0.0.1", port = 5432 } end
      self.release = function() end]]), "gave the same lease twice" },
    { "forgets who waits", "wakes who waits", with([[
      self.release = function(_, lease) free[#free + 1] = lease.port - 5000 end]]),
      "who waits is next" },
  }, nil, options)
  wrong_plugins.describe("containers", {
    { "asks what time it is to name its services", "names its services", with(""),
      "asked the host: a look at the clock" },
  }, nil, { fields = "services = function() return { db = { day = os.time() } } end," })
  wrong_plugins.describe("containers", {
    { "names other services each time", "names its services", with(""),
      "the same params give the same names" },
  }, nil, { fields = "services = function() state.n = (state.n or 0) + 1"
    .. " return { db = { n = state.n } } end," })
end)
