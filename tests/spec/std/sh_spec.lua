-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")
local sh = require("ggen.std.sh")

local function random_words(count)
  local chars = { "a", " ", "'", '"', "\\", "$", "*", "~", "#", "=", "\n", "\t", "\255", "!", "%",
    "-",
    ";", "`", "{", "é" }
  local words = {}
  for i = 1, count do
    local parts = {}
    for j = 1, math.random(0, 5) do parts[j] = chars[math.random(#chars)] end
    words[i] = table.concat(parts)
  end
  return words
end

describe("sh.quote", function()
  it("comes out of a real shell as it went in", function()
    math.randomseed(20260203)
    for _ = 1, 20 do
      local words = random_words(30)
      local result = sh.run({ "/bin/sh", "-c", "printf '%s\\0' " .. sh.join(words) })
      assert.equal(table.concat(words, "\0") .. "\0", result.stdout)
    end
  end)

  it("leaves plain words alone, but not those that mean something at the start", function()
    for _, word in ipairs({ "a", "a/b.c", "-x=1", "user@host:x", "50%", "a.b=c", "1" }) do
      assert.equal(word, sh.quote(word))
    end
    for _, word in ipairs({ "~", "#a", "=x", "a=b", "_=", "é",
      "a b" }) do assert.equal("'" .. word .. "'",
      sh.quote(word)) end
    assert.error_matches(function() sh.quote("a\0b") end, "no shell takes a NUL byte")
  end)
end)

describe("sh.split", function()
  it("undoes join", function()
    math.randomseed(20260204)
    for _ = 1, 300 do
      local words = random_words(math.random(1, 6))
      assert.same(words, sh.split(sh.join(words)))
    end
  end)

  it("takes commands apart as a shell does", function()
    for command, argv in pairs({
      [""] = {}, ["  \t"] = {}, ["a  b"] = { "a", "b" }, ["''"] = { "" }, ["a''b"] = { "ab" },
      ['"a b"c'] = { "a bc" }, ["a\\ b"] = { "a b" }, ["a\\\nb"] = { "ab" },
      ['"a\\\nb"'] = { "ab" },
      ['"\\a\\"\\\\\\$"'] = { '\\a"\\$' }, ["'\\'"] = { "\\" }, ["a#b"] = { "a#b" },
      ["a~"] = { "a~" },
      ["a x=1"] = { "a", "x=1" }, ["'x'=1"] = { "x=1" }, ["\\*"] = { "*" },
        ["'*' '|'"] = { "*", "|" },
      ["\255 é"] = { "\255", "é" },
      ["a\0b"] = { "a\0b" }, ['"\\`"'] = { "`" },
    }) do
      assert.same(argv, sh.split(command), command)
    end
  end)

  it("agrees with the engine about what is simple", function()
    math.randomseed(20260205)
    local pieces = { "a", "b", " ", "'x y'", '"x"', "\\ ", "\\'", "-", "/", ".", "%", "é", ",",
      "|", "$", "*" }
    local both = 0
    for _ = 1, 3000 do
      local parts = {}
      for i = 1, math.random(1, 5) do parts[i] = pieces[math.random(#pieces)] end
      local command = table.concat(parts)
      local ours, theirs = sh.split(command), process.split(command)
      -- The engine may leave more to the shell than it must; never less.
      if theirs then
        both = both + 1
        assert.same(theirs, ours, command)
      end
    end
    assert.is_true(both > 300)
  end)

  it("refuses what only a shell can say", function()
    for command, message in pairs({
      ["a | b"] = 'it needs a shell: "|" at character 3',
      ["a >b"] = 'it needs a shell: ">" at character 3',
      ["$X"] = 'it needs a shell: "$" at character 1',
      ['"$X"'] = 'it needs a shell: "$" at character 2',
      ["a `b`"] = 'it needs a shell: "`" at character 3',
      ["*.c"] = 'it needs a shell: "*" at character 1',
      ["~/x"] = 'it needs a shell: "~" at character 1',
      ["#x"] = 'it needs a shell: "#" at character 1',
      ["! a"] = 'it needs a shell: "!" at character 1',
      ["a\nb"] = 'it needs a shell: "\\n" at character 2',
      ["{a,b}"] = 'it needs a shell: "{" at character 1',
      ["a&"] = 'it needs a shell: "&" at character 2',
      ["'a"] = "the ' at character 1 is not closed",
      ['x "a'] = 'the " at character 3 is not closed',
      [" _X1=y cmd"] = "it needs a shell: it begins with an assignment",
      ["a\\"] = "nothing follows the last backslash",
    }) do
      assert.same({ nil, message }, { sh.split(command) }, command)
    end
  end)

  it("takes a megabyte", function()
    assert.equal(1024 * 1024, #sh.split('"' .. ("x"):rep(1024 * 1024) .. '"')[1])
  end)
end)

describe("sh.run", function()
  it("gives the result of a failure, too", function()
    local result = sh.run("echo out; echo err >&2; exit 3")
    assert.equal(3, result.code)
    assert.equal("out\n", result.stdout)
    assert.equal("err\n", result.stderr)
    assert.equal(128 + 15, sh.run({ "/bin/sh", "-c", "kill -TERM $$" }).code)
  end)

  it("takes cwd, env, stdin and a limit", function()
    assert.equal("/\n", sh.run({ "pwd" }, { cwd = "/" }).stdout)
    assert.equal("a\0b", sh.run("cat", { stdin = "a\0b" }).stdout)
    assert.equal("5", sh.capture("printf %s \"$X\"", { env = { X = 5 } }))
    local cut = sh.run("printf 123456", { limit = 3 })
    assert.equal("123", cut.stdout)
    assert.is_true(cut.truncated)
    assert.same({ nil, "printf 123456: wrote more than 3 bytes (limit = ... keeps more)" },
      { sh.capture("printf 123456", { limit = 3 }) })
  end)

  it("has the strict environment of a task", function()
    local names = {}
    local output = sh.capture({ "env" }) .. "\n"
    for name in output:gmatch("([^=\n]*)=[^\n]*\n") do names[name] = true end
    assert.is_true(names.PATH)
    local base = require("ggen").environment.base()
    for name in pairs(names) do assert.is_truthy(base[name], name) end
  end)

  it("says what could not be started or took too long", function()
    local output, message = sh.capture({ "/no/such/program" })
    assert.is_nil(output)
    assert.matches("^/no/such/program: ", message)
    assert.same({ nil, "sleep 60: timed out after 0.01 s" },
      { sh.capture("sleep 60", { timeout = "10ms" }) })
    assert.same({ nil, "/bin/sh -c 'kill -KILL $$': ended by signal KILL" },
      { sh.capture({ "/bin/sh", "-c", "kill -KILL $$" }) })
    assert.same({ nil, '"soon" is not a duration (examples: "250ms", "10s", "5m", "1h30m", "3d")' },
      { sh.run("true", { timeout = "soon" }) })
    local nowhere = sh.run("true", { cwd = "/no/such/directory" })
    assert.equal(127, nowhere.code)
    assert.matches("/no/such/directory", nowhere.message, 1, true)
  end)

  it("goes through ctx when there is one", function()
    local asked
    local ctx = { sh = function(command, options)
      asked = { command, options }
      return { code = 0, stdout = "from ctx\n" }
    end }
    assert.equal("from ctx", sh.capture({ "x" }, { ctx = ctx, cwd = "d", timeout = 5 }))
    assert.same({ { "x" }, { capture = true, check = false, cwd = "d", timeout = 5 } }, asked)
  end)

  it("keeps output of any bytes but the line ends behind it", function()
    assert.equal("\n\255\0 x", sh.capture("printf '\\n\\377\\000 x\\n\\n'"))
    assert.equal("", sh.capture("printf '\\n\\n'"))
  end)

  it("is refused while a pipeline is loading", function()
    local dsl, loading = require("ggen.dsl"), require("ggen.loading")
    dsl.current_dir = fs.cwd()
    loading.inputs = require("ggen.core.snapshot").inputs()
    local ok, problem = pcall(sh.capture, "true")
    dsl.current_dir, loading.inputs = nil, nil
    assert.is_false(ok)
    assert.matches("sh.capture starts a program while a pipeline is loading: do it in a task "
      .. "(run = function(ctx) ... end)", problem, 1, true)
  end)

  it("is refused where nothing may wait", function()
    local problem
    local co = coroutine.create(function() sh.run("true") end)
    local _, message = coroutine.resume(co)
    problem = message
    assert.matches("sh.run waits, and only code that runs as part of a task may wait", problem, 1,
      true)
  end)

  it("ends the process when the wait is cancelled", function()
    local ended
    local thread = async.run(function() sh.run("sleep 3600") end, function(ok, problem)
      ended = { ok, problem }
    end)
    assert.equal(1, process.live())
    thread:cancel()
    assert.same({ false, async.CANCELLED }, ended)
    -- clean_end.lua fails the spec if the child were left.
  end)
end)
