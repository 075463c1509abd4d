-- What `plugin new containers NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- What tasks lease while they run. Mostly these are containers, but anything that one task at a
-- time may have will do: here things that there are a few of, each with a name (devices, licences,
-- ports).
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "containers",
  version = "@VERSION@",
  api = "^1",
  desc = "Hand out things that there are a few of, each to one task at a time",
  params = {
    things = { type = "map", of = { type = "list", of = { type = "string" } }, default = {},
      desc = "By the name that tasks lease: the things that there are." },
  },
  -- Names that are no params are things, as in { gpu = { "0", "1" } }.
  rest = "things",
  ---What tasks may lease, each with what of it changes their results. Pure.
  services = function(params)
    local values = {}
    for name in pairs(params.things) do values[name] = true end -- which of them it is does not
    return values
  end,
  setup = function(params)
    local free, change = {}, nil
    for name, list in pairs(params.things) do
      if #list == 0 then return nil, ("there is no %s to hand out"):format(name) end
      free[name] = { unpack(list) }
    end

    return {
      ---A task begins and asks for one. May wait; Ctrl-C and the time-out of the task end the wait.
      acquire = function(_, request)
        local list = free[request.name]
        while #list == 0 do
          change = change or ggen.async.future()
          change:wait()
        end
        local thing = table.remove(list, 1)
        local variable = request.name:upper():gsub("[^%w]", "_")
        return { env = { [variable] = thing }, list = list, thing = thing }
      end,

      ---The last command of the task has ended.
      release = function(_, lease)
        table.insert(lease.list, lease.thing)
        local waiting = change
        change = nil
        if waiting then waiting:resolve() end
      end,
    }
  end,
}
]==],
  spec = [==[
local ggen = require("ggen")
local plugin = require("ggen.plugins.containers.@NAME@")

describe("containers.@NAME@", function()
  local params = { things = { gpu = { "0", "1" } } }

  local function acquire(pool) return pool:acquire({ name = "gpu" }) end

  it("names what may be leased", function()
    assert.same({ gpu = true }, plugin.services(params))
  end)

  it("hands each out once, and again when it is back", function()
    local pool = plugin.setup(params, {})
    local first, second = acquire(pool), acquire(pool)
    assert.same({ "0", "1" }, { first.env.GPU, second.env.GPU })
    pool:release(first, { ok = true })
    assert.equal("0", acquire(pool).env.GPU)
  end)

  it("makes a task wait until there is one", function()
    local pool = plugin.setup({ things = { gpu = { "7" } } }, {})
    local lease = acquire(pool)
    local waited, is_here = nil, ggen.async.future()
    ggen.async.spawn(function()
      waited = acquire(pool).env.GPU
      is_here:resolve()
    end)
    assert.is_nil(waited)
    pool:release(lease, { ok = true })
    is_here:wait()
    assert.equal("7", waited)
  end)

  it("refuses an empty list", function()
    local pool, message = plugin.setup({ things = { gpu = {} } }, {})
    assert.is_nil(pool)
    assert.equal("there is no gpu to hand out", message)
  end)
end)
]==],
  use = [==[p:use "containers.@NAME@" { gpu = { "0", "1" } }]==],
  example = [==[
p:use "containers.@NAME@" { gpu = { "0", "1" } }

p:task "train" { run = "echo on GPU $GPU", services = { "gpu" } }
]==],
  example_spec = [==[
  it("gives one to the task", function()
    assert.truthy(ggen_lua("run", "--force"):find("on GPU 0", 1, true))
  end)
]==],
}
