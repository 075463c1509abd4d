-- What `plugin new fingerprint NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- What makes a key, beside what always does: variables of the environment and a text, for the tasks
-- that match a pattern.
local ggen = require("ggen")

local function problem_of(pattern)
  local _, message = ggen.std.glob.match(pattern, "")
  return message
end

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "fingerprint",
  version = "@VERSION@",
  api = "^1",
  desc = "Variables and a text that make results others",
  params = {
    env = { type = "list", of = { type = "string" }, single = true, default = {},
      desc = "Variables of the environment whose values count." },
    salt = { type = "string", desc = "A text: with another one nothing is served that was made"
      .. " before." },
    tasks = { type = "string", default = "*", check = problem_of,
      desc = "Glob of the task ids that this is for." },
  },
  setup = function(params)
    return {
      inputs = "content", -- an input file counts by its bytes; "mtime" would be the time

      ---Adds parts to the key of a task. Pure: it sees what the pipeline says of the task.
      parts = function(_, task, key)
        if not ggen.std.glob.match(params.tasks, task.id) then return end
        if params.salt then key:add("salt", params.salt) end
        for _, name in ipairs(params.env) do key:env(name) end
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.fingerprint.@NAME@")

describe("fingerprint.@NAME@", function()
  local function parts(params, id)
    local added = {}
    plugin.setup(params, {}):parts({ id = id }, {
      add = function(_, name, value) added[#added + 1] = name .. "=" .. tostring(value) end,
      env = function(_, name) added[#added + 1] = "$" .. name end,
    })
    return added
  end

  it("adds what is said", function()
    assert.same({ "salt=2", "$CC", "$CFLAGS" },
      parts({ env = { "CC", "CFLAGS" }, salt = "2", tasks = "*" }, "build"))
  end)

  it("leaves other tasks alone", function()
    assert.same({}, parts({ env = { "CC" }, tasks = "build*" }, "test"))
  end)
end)
]==],
  use = [==[p:use "fingerprint.@NAME@" { env = { "CC", "CFLAGS" } }]==],
  example = [==[
p:use "fingerprint.@NAME@" { env = { "FLAVOUR" } }

p:task "build" { run = "echo building" }
]==],
  example_spec = [==[
  it("makes another result of another value", function()
    ggen_lua({ FLAVOUR = "sweet" }, "run")
    assert.truthy(ggen_lua({ FLAVOUR = "sweet" }, "run"):find("up to date", 1, true))
    local output = ggen_lua({ FLAVOUR = "sour" .. os.time() }, "run")
    assert.truthy(output:find("building", 1, true), output)
  end)
]==],
}
