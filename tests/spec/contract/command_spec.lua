-- The contract suite by the kind command.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of commands", function()
  local GOOD = [[
    local self = {
      args = function(_, parser)
        parser:argument("name", "Whom to greet.")
        parser:option("-c --count", "How often."):default("1"):convert(tonumber)
      end,
      run = function(_, args)
        for _ = 1, args.count or 1 do
          host.screen:write("hello, " .. tostring(args.name) .. "\n")
        end
        ggen.async.sleep(1)
        return 0
      end,
    }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("command", with(""))
  wrong_plugins.example("command")
  wrong_plugins.describe("command", {
    { "does nothing", "setup", with("self.run = nil"),
      "a plugin of kind command has the method run" },
    { "adds an option the second time", "adds the same each time", with([[
      local args, asked = self.args, false
      self.args = function(_, parser)
        args(_, parser)
        if asked then parser:flag("--again", "Once more.") end
        asked = true
      end]]), "adds the same to each parser" },
    { "returns a text", "answers", with("self.run = function() return 'done' end"),
      "nothing, or an exit code" },
    { "returns a number that is no exit code", "answers",
      with("self.run = function() return -1 end"),
      "from 0 to 255" },
    { "waits while it adds its options", "waits", with([[
      self.args = function(_, parser)
        ggen.async.sleep(1)
        parser:argument("name")
      end]]), "it must not wait" },
    { "passes a program that does not start over", "errors", with([[
      self.run = function()
        local result = ggen.std.sh.run("make")
        return 0
      end]]), "is not passed over in silence" },
    { "can never be called", "takes some line", with([[
      self.args = function(_, parser) parser:argument("name"):args(7) end]]),
      "a line that the command takes" },
  })
end)
