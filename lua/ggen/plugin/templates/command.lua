-- What `plugin new command NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- A subcommand of ggen-lua, named as the plugin: the ids of tasks, one a line.
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "command",
  version = "@VERSION@",
  api = "^1",
  desc = "Print the ids of tasks",
  params = {},
  setup = function(_, host)
    return {
      ---Adds options and arguments; the parser is one of argparse.
      args = function(_, parser)
        parser:argument("pattern", "Glob of the ids."):default("*")
        parser:flag("--count", "Only say how many there are.")
      end,

      ---Returns the exit code. May wait.
      run = function(_, args)
        local count = 0
        for index = 1, host.project:count() do
          local id = host.project:task(index).id
          local matches, message = ggen.std.glob.match(args.pattern, id)
          if message then error(message, 0) end
          if matches then
            count = count + 1
            if not args.count then host.screen:write(id .. "\n") end
          end
        end
        if args.count then host.screen:write(count .. "\n") end
        return count > 0 and 0 or 1
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.command.@NAME@")

describe("command.@NAME@", function()
  local function run(args)
    local ids, lines = { "build", "test:a", "test:b" }, {}
    local code = plugin.setup({}, {
      project = {
        count = function() return #ids end,
        task = function(_, index) return { id = ids[index] } end,
      },
      screen = { write = function(_, text) lines[#lines + 1] = text end },
    }):run(args)
    return code, table.concat(lines)
  end

  it("prints what matches", function()
    assert.same({ 0, "test:a\ntest:b\n" }, { run({ pattern = "test:*" }) })
  end)

  it("counts", function()
    assert.same({ 0, "3\n" }, { run({ pattern = "*", count = true }) })
  end)

  it("fails when nothing matches", function()
    assert.same({ 1, "" }, { run({ pattern = "x" }) })
  end)
end)
]==],
  use = [==[p:use "command.@NAME@"]==],
  example = [==[
p:use "command.@NAME@"

p:task "build" { run = "true" }
p:task "test" { run = "true" }
]==],
  example_spec = [==[
  it("is a command", function()
    assert.equal("build\ntest", ggen_lua("@NAME@"))
    assert.equal("1", ggen_lua("@NAME@", "--count", "b*"))
  end)
]==],
}
