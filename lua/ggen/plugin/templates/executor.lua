-- What `plugin new executor NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- Where and how a task runs: its commands with a lower priority.

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "executor",
  version = "@VERSION@",
  api = "^1",
  desc = "Run commands with a lower priority",
  params = {
    by = { type = "integer", min = 0, max = 19, default = 10, desc = "As nice -n." },
  },
  permissions = { "process" },
  setup = function(params)
    local prefix = { "nice", "-n", tostring(params.by) }

    local function nicer(step)
      if step.fn then return step end -- a Lua function runs in ggen-lua itself
      local longer = { unpack(prefix) }
      for _, word in ipairs(step.argv or { step.shell_program or "sh", "-c", step.shell }) do
        longer[#longer + 1] = word
      end
      return { argv = longer }
    end

    return {
      ---Runs the steps of a task one after another, and waits. The result is that of the last one
      ---that ran.
      run = function(_, _, ctx)
        local result = { code = 0 }
        for _, step in ipairs(ctx.steps) do
          result = ctx:step(nicer(step))
          if result.code ~= 0 then break end
        end
        return result
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.executor.@NAME@")

describe("executor.@NAME@", function()
  local function run(steps, codes)
    local ran = {}
    local ctx = { steps = steps, step = function(_, step)
      ran[#ran + 1] = step.argv and table.concat(step.argv, " ") or "a function"
      return { code = codes and codes[#ran] or 0 }
    end }
    return plugin.setup({ by = 5 }, {}):run({ id = "task" }, ctx).code, ran
  end

  it("puts nice before commands", function()
    local code, ran = run({ { argv = { "cc", "a.c" } }, { shell = "a | b" } })
    assert.equal(0, code)
    assert.same({ "nice -n 5 cc a.c", "nice -n 5 sh -c a | b" }, ran)
  end)

  it("leaves functions alone", function()
    assert.same({ "a function" }, select(2, run({ { fn = function() end } })))
  end)

  it("stops at the first failure", function()
    local code, ran = run({ { argv = { "false" } }, { argv = { "true" } } }, { 3 })
    assert.equal(3, code)
    assert.equal(1, #ran)
  end)
end)
]==],
  use = [==[p:use "executor.@NAME@" { by = 5 }]==],
  example = [==[
p:use "executor.@NAME@" { by = 7 }

p:task "how-nice" { run = "[ $(nice) -ge 7 ] && echo very nice" }
]==],
  example_spec = [==[
  it("runs a command", function()
    assert.truthy(ggen_lua("run", "--force"):find("very nice", 1, true))
  end)
]==],
}
