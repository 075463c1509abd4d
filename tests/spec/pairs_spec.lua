-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local sh = require("ggen").std.sh

describe("pairs", function()
  -- A loop that LuaJIT compiles and gives up again while it goes on: without ggen.pairs it loses
  -- elements in about half of these rounds (after LuaJIT issue 827). In a program of its own: what
  -- the compiler does depends on all that has run before.
  local PROGRAM = [[
    local inner = { 1, 2, 3, 4, 5 }
    local outer = { a = inner, b = inner, c = inner, d = inner, e = inner }
    local function back_to_the_interpreter(...)
      for _ = 1, 100 do end
    end
    local wrong = 0
    for _ = 1, 100000 do
      back_to_the_interpreter()
      local count = 0
      for _, list in EACH(outer) do
        for _ in EACH(list) do end
        count = count + 1
      end
      if count ~= 5 then wrong = wrong + 1 end
    end
    io.write(wrong)]]

  local function incomplete(each)
    local program = PROGRAM:gsub("EACH(%b())", each)
    return assert(sh.capture({ fs.realpath("/proc/self/exe"), "lua", "-e", program }))
  end

  it("loses no element of a loop that the compiler gives up", function()
    assert.equal("0", incomplete("pairs%1"))
  end)

  it("loses none with next either", function()
    assert.equal("0", incomplete("next, %1"))
  end)

  it("goes over all of a table, and refuses what is none where it is called", function()
    local seen = {}
    for key, value in pairs({ 1, 2, x = 3 }) do seen[key] = value end
    assert.same({ 1, 2, x = 3 }, seen)
    assert.is_nil(next({}))
    local ok, message = pcall(function() for _ in pairs(nil) do end end)
    assert.is_false(ok)
    assert.matches("pairs_spec%.lua:%d+: bad argument #1 to 'pairs' %(table expected, got nil%)",
      message)
    assert.has_error(function() next({}, "no key") end)
  end)
end)
