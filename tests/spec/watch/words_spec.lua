-- The command line of the runs that `watch` starts.
-- SPDX-License-Identifier: MIT
local command_line = require("ggen.watch.command_line")

describe("the words of a run of watch", function()
  local function words(again, ...)
    return table.concat(command_line.words({ "watch", ... }, again), " ")
  end

  it("are those of the command line without the options of watch", function()
    assert.equal("run -j 2 build", words(false, "-j", "2", "--clear", "build", "--restart"))
    assert.equal("run build", words(false, "--debounce", "20ms", "build"))
    assert.equal("run build", words(false, "--debounce=20ms", "build"))
    assert.equal("run", words(false))
  end)

  it("are left alone behind --", function()
    assert.equal("run -- --clear", words(false, "--clear", "--", "--clear"))
  end)

  it("clear the cache once", function()
    assert.equal("run --cache-clear", words(false, "--cache-clear"))
    assert.equal("run -f", words(true, "--cache-clear", "-f"))
  end)
end)
