-- The stores of a run as one: how old a result of each may be. The rest is in
-- tests/golden/cache_stores.case, with real stores.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local stores = require("ggen.stores")

local KEY = ("1"):rep(64)

describe("the stores", function()
  local unix, now = clock.unix, nil

  before_each(function()
    now = 1000000
    clock.unix = function() return now end
  end)
  after_each(function() clock.unix = unix end)

  -- A cache of this machine with one result, made at `created`, and a store for each ttl.
  local function open(created, ttls)
    local action = { info = function() return { key = KEY, created = created } end }
    local cache = {
      files = { open_cache = function() return "dir" end, put = function() return true end },
      wait = function(_, _, key) return key == KEY and action or nil end,
    }
    local instances = {}
    for i, ttl in ipairs(ttls) do
      instances[i] = { name = "store." .. i, plugin = { name = tostring(i) },
        impl = { machine = true, ttl = ttl or nil } }
    end
    return stores.open(cache, { all = function() return instances end })
  end

  it("serve what is not older than their ttl", function()
    local one = open(now, { 3600 })
    assert.is_table((one:get(KEY)))
    now = now + 3600
    assert.is_table((one:get(KEY)))
    now = now + 1
    assert.is_nil((one:get(KEY)))
  end)

  it("have each its own, and none without one", function()
    local both = open(now, { 60, 3600 })
    assert.equal("1", select(2, both:get(KEY)))
    now = now + 61
    assert.equal("2", select(2, both:get(KEY)))
    now = now + 3600
    assert.is_nil((both:get(KEY)))
    assert.equal("1", select(2, open(0, { false }):get(KEY)))
  end)
end)
