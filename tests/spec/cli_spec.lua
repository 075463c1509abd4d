-- Arguments that are only words do without the parser, and mean the same.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")

describe("words without options", function()
  for _, name in ipairs(cli.COMMANDS) do
    local command = cli.command(name)
    if command.words then
      it("mean the same to " .. name .. " with and without the parser", function()
        for _, words in ipairs({ { "a" }, { "a", "b:c", "web#*", "a" } }) do
          local ok, parsed = cli.parser(name, command):pparse(words)
          assert.is_true(ok)
          assert.are.same(parsed, cli.parse(name, command, words))
        end
      end)
    end
  end

  it("are too few for show", function()
    assert.has_error(function() cli.parse("show", cli.command("show"), {}) end)
  end)
end)
