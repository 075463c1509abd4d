-- Commands that are done without a process do what sh does with them; all others are left to it.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local builtins = require("ggen.lifecycle.builtins")
local process = require("ggen.core.process")

local function done_here(text)
  local out = {}
  local code = builtins.run(text, function(bytes) out[#out + 1] = bytes end)
  return code, table.concat(out)
end

local function done_by_sh(text)
  local result = async.await(function(resume)
    return assert(process.run({ argv = { "/bin/sh", "-c", text }, capture = 65536,
      env = { PATH = os.getenv("PATH") }, cwd = "/" }, resume))
  end)
  return result.code, result.stdout
end

local HERE = { "true", ":", " : a b", "false", "", " \t\n", "echo", "echo hi  there",
  "echo 'a  b' c", 'echo "x y"z', "echo 'it''s'", 'echo "it\'s"', "echo \"a\nb\"",
  "echo 'tab\tx'", "echo 📦 'ok...'", "echo a,b @c %d 1/2 x:y +z", "true 'a b'" }

local SHELL = { "echo $HOME", "echo `id`", "echo a=b", "echo #c", "echo a #c", "echo ~", "echo *",
  "echo a?", "echo [x]", "echo {a,b}", "echo -n x", "echo '-e' x", "echo a\\nb", "echo 'a\\tb'",
  'echo "a$b"', "echo a; false", "true && false", "echo x > /dev/null", "echo x\necho y",
  "A=1 true",
  "'true' x", "tr'ue'", "truely", "/bin/true", "! true", "echo !", "exit 3", "echo 'open",
  'echo "open', "(true)", "echo a|cat", "echo a&", "echo\rx" }

describe("commands without a process", function()
  for _, text in ipairs(HERE) do
    it("do what sh does: " .. text:gsub("%c", "?"), function()
      local code, out = done_here(text)
      local sh_code, sh_out = done_by_sh(text)
      assert.are.same({ sh_code, sh_out }, { code, out })
    end)
  end

  for _, text in ipairs(SHELL) do
    it("are not: " .. text:gsub("%c", "?"), function()
      local code, out = done_here(text)
      assert.are.same({ nil, "" }, { code, out })
    end)
  end

  it("are not when the environment makes something else of them", function()
    for _, name in ipairs({ "BASH_FUNC_true%%", "SHELLOPTS", "BASHOPTS" }) do
      local getenv = stub(os, "getenv", function(asked) return asked == name and "x" or nil end)
      local code = builtins.run("true", error)
      getenv:revert()
      assert.is_nil(code)
    end
  end)

  it("agree with sh on random texts", function()
    math.randomseed(20252)
    local pieces = { "echo", "true", ":", "false", " ", " ", " ", "a", "b c", "'", "'", '"', '"',
      "-n", "-", "\\", "$", "=", "#", "~", "\t", "\n", "é", ",", "." }
    local here = 0
    for _ = 1, 400 do
      local text = pieces[math.random(4)]
      for _ = 1, math.random(0, 7) do text = text .. pieces[math.random(#pieces)] end
      local code, out = done_here(text)
      if code then
        here = here + 1
        local sh_code, sh_out = done_by_sh(text)
        assert.are.same({ text, sh_code, sh_out }, { text, code, out })
      end
    end
    assert.is_true(here > 50)
  end)
end)
