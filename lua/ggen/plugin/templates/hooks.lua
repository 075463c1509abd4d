-- What `plugin new hooks NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- In which order, and how many at once, the hooks of one moment run: one after another, and those
-- that take long are named.
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "hooks",
  version = "@VERSION@",
  api = "^1",
  desc = "Run hooks one after another, and name those that take long",
  params = {
    slow = { type = "duration", default = "5s", desc = "What takes longer is named." },
  },
  setup = function(params, host)
    return {
      ---`call` runs one hook, waits for it, and raises when it failed: then the rest is not run.
      run = function(_, hooks, call)
        for _, hook in ipairs(hooks) do
          local began = host.now()
          call(hook)
          local took = host.now() - began
          if took > params.slow then
            host.note("warning", ("the hook %s took %s"):format(hook.name,
              ggen.units.format_duration(took)))
          end
        end
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.hooks.@NAME@")

describe("hooks.@NAME@", function()
  local notes, ran, now, hooks

  before_each(function()
    notes, ran, now = {}, {}, 0
    hooks = plugin.setup({ slow = 5 }, {
      now = function() return now end,
      note = function(_, text) notes[#notes + 1] = text end,
    })
  end)

  it("runs one after another", function()
    hooks:run({ { name = "a" }, { name = "b" } }, function(hook) ran[#ran + 1] = hook.name end)
    assert.same({ "a", "b" }, ran)
    assert.same({}, notes)
  end)

  it("names what takes long", function()
    hooks:run({ { name = "a" } }, function() now = now + 6 end)
    assert.same({ "the hook a took 6.00 s" }, notes)
  end)

  it("ends with the first failure", function()
    assert.has_error(function()
      hooks:run({ { name = "a" }, { name = "b" } }, function(hook)
        ran[#ran + 1] = hook.name
        error("it failed")
      end)
    end)
    assert.same({ "a" }, ran)
  end)
end)
]==],
  use = [==[p:use "hooks.@NAME@" { slow = "2s" }]==],
  example = [==[
p:use "hooks.@NAME@" { slow = "50ms" }

p:task "fetch" { run = "sleep 0.1", cache = false }
p:task "build" { run = "echo built" }
p:before "build" { "fetch" }
]==],
  example_spec = [==[
  it("names the slow hook", function()
    local output = ggen_lua("run", "--force", "build")
    assert.truthy(output:find("the hook fetch took", 1, true), output)
  end)
]==],
}
