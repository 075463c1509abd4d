-- What is written is evaluated with a pipeline that only records, and compared with the model.
-- SPDX-License-Identifier: MIT
local lua_text = require("ggen.make_toml.lua_text")
local make_toml = require("ggen.make_toml.read")
local write = require("ggen.make_toml.write")

local function written(text)
  return write.write(make_toml.read(text, "make.toml", { raw = true }), "dir")
end

-- What a written file declares: tasks by name, hooks and phases as texts.
local function evaluate(source, variables)
  local found = { tasks = {}, order = {}, hooks = {}, phases = {} }
  local function with_table(take)
    return function(_, name, value)
      if value ~= nil then return take(name, value) end
      return function(late) take(name, late) end
    end
  end
  local p = {
    task = with_table(function(name, spec)
      assert.is_nil(found.tasks[name])
      found.tasks[name], found.order[#found.order + 1] = spec, name
    end),
    phase = with_table(function(name, members)
      found.phases[#found.phases + 1] = name .. ": " .. table.concat(members, " ")
    end),
  }
  for _, moment in ipairs({ "before", "after" }) do
    p[moment] = with_table(function(name, names)
      found.hooks[#found.hooks + 1] = ("%s %s: %s"):format(moment, name, table.concat(names, " "))
    end)
  end
  local ggen = { pipeline = function(name)
    found.name = name
    return setmetatable(p, { __call = function(_, options)
      found.desc = options.desc
      return p
    end })
  end }
  local chunk = assert(loadstring(source, "=pipeline.lua"))
  setfenv(chunk, { require = function() return ggen end, pairs = pairs, ipairs = ipairs,
    os = { getenv = function(name) return (variables or {})[name] end }, io = io })
  assert.equal(p, chunk())
  return found
end

local function has(source, text)
  assert.is_true(source:find(text, 1, true) ~= nil, text .. "\nis not in\n" .. source)
end

-- What a file sets is what the pipeline.lua sets that is written from it.
local function same_values(text, variables)
  local model = make_toml.read(text, "make.toml", { getenv = function(name)
    return variables[name]
  end })
  local wanted = {}
  for _, env in ipairs({ model.env, model.phases[1] and model.phases[1].env or {} }) do
    for name, value in pairs(env) do wanted[name] = value end
  end
  if not model.phases[1] then text = "[lifecycle.t]\ncommand = 't'\n" .. text end
  local source = written(text)
  assert.same(wanted, evaluate(source, variables).tasks.t.env, source)
end

describe("make_toml.write", function()
  it("writes what people would", function()
    assert.equal([==[
-- Made of make.toml by ggen-lua init --from make.toml.
local ggen = require "ggen"

local p = ggen.pipeline "shop" { desc = "Sells" }

local env = { RUST_LOG = "debug" }

p:task "build" { -- make.toml:6
  desc = "Builds",
  needs = { "init" },
  inherit_env = true,
  env = env,
  run = { { sh = "make" }, { sh = "make install" } },
  timeout = 300,
  inputs = { "src/**" },
  key_env = { "GGEN_ENV" },
  outputs = { "dist" },
  missing_outputs = "warn",
}

p:task "init" { -- make.toml:14
  -- first_run_only has no equivalent: it runs each time
  inherit_env = true,
  env = env,
  run = "mkdir -p dist",
  cache = false,
}

p:before("build", { "init" }) -- make.toml:18

p:task "after_build" { -- make.toml:19
  inherit_env = true,
  env = env,
  run = "echo 'done'",
  cache = false,
}

p:after("build", { "after_build" }) -- make.toml:19

-- Not taken over:
-- make.toml:21: cache.enabled has no meaning here

return p
]==], written([[
[project]
name = "shop"
description = "Sells"
[env]
RUST_LOG = "debug"
[lifecycle.build]
description = "Builds"
commands = ["make", "make install"]
depends_on = ["init"]
watch = "src/**"
outputs = ["dist"]
cache = true
timeout = "5m"
[lifecycle.init]
command = "mkdir -p dist"
first_run_only = true
[hooks]
before_build = ["init"]
after_build = { commands = ["echo 'done'"] }
[cache]
enabled = true
]]))
  end)

  it("writes the same commands", function()
    local found = evaluate(written([==[
[lifecycle.one]
command = "echo 'a' \"b\" \\ $X ]] ]=]"
[lifecycle.two]
commands = ["make", "", "make test"]
[lifecycle.three]
commands = ["cargo build", "cargo test"]
[lifecycle.empty]
commands = ["", " "]
[lifecycle.none]
commands = []
[lifecycle.lines]
command = """
a
  b\r
"""
[tasks.argv]
command = "cargo"
args = ["test", "it''s", "make all"]
[tasks.script]
script = '''
#!/bin/bash
a=(1)
'''
[tasks.python]
script_runner = "python3"
script = "print(1)"
[tasks.rust]
script_runner = "@rust"
script = "x"
[tasks.other]
script_runner = "tclsh"
script = "puts 1"
]==]))
    local run = {}
    for name, spec in pairs(found.tasks) do run[name] = spec.run end
    assert.same({
      one = "echo 'a' \"b\" \\ $X ]] ]=]", two = { { sh = "make" }, { sh = "make test" } },
      three = { "cargo build", "cargo test" }, empty = "true", lines = "a\n  b\r\n",
      argv = { { "cargo", "test", "it''s", "make all" } },
      script = { sh = "#!/bin/bash\na=(1)\n", shell = "/bin/bash" },
      python = { "python3", "-c", "print(1)" },
      rust = { sh = "echo '@rust is a runner of cargo-make alone' >&2; exit 1" },
      other = { { "sh", "-c", 'file=$(mktemp) && printf %s "$2" >"$file" && "$1" "$file"; code=$?;'
        .. ' rm -f "$file"; exit $code', "sh", "tclsh", "puts 1" } },
    }, run)
    assert.equal("dir", found.name)
  end)

  it("writes names that a pipeline takes", function()
    local source = written("[lifecycle.'db:migrate']\ncommand = 'x'\n[lifecycle.db-migrate]\n"
      .. "command = 'y'\ndepends_on = ['db:migrate', 'nobody']\n[hooks]\n"
      .. "'before_db:migrate' = ['db-migrate', 'echo x']\nafter_zz = ['x y']\n")
    local found = evaluate(source)
    assert.same({ "db-migrate", "db-migrate-2", "before_db-migrate" }, found.order)
    assert.same({ "db-migrate" }, found.tasks["db-migrate-2"].needs)
    assert.same({ "before db-migrate: db-migrate-2", "before db-migrate: before_db-migrate" },
      found.hooks)
    has(source, '-- "db:migrate" in make.toml')
    has(source, "-- needs nobody, which make.toml does not have")
    has(source, "after_zz: there is no such phase")
  end)

  it("writes global hooks", function()
    local source = written("[lifecycle.a]\ncommand = 'a'\n[lifecycle.b]\ncommand = 'b'\n"
      .. "depends_on = ['c']\n[lifecycle.c]\ncommand = 'c'\n[lifecycle.d]\ncommand = 'd'\n"
      .. "[hooks]\nbefore_all = ['b']\nafter_all = ['d']\non_error = 'echo bad'\n")
    assert.same({ "before a: b", "before d: b" }, evaluate(source).hooks)
    has(source, "-- after_all (make.toml:12) has no equivalent; run these last: d")
    has(source, "on_error (make.toml:13)")
    has(source, "--   echo bad")
  end)

  it("writes environments", function()
    local source = written([[
[env]
A = "1"
[env.production]
A = "2"
B = "${HOME}/${C:-c}"
commands.build = "build --release"
[lifecycle.build]
command = "build"
[lifecycle.build.env]
OWN = "${A}!"
[lifecycle.build.env.staging]
commands = ["x", "y"]
env = { S = "s" }
[lifecycle.test]
command = "test"
]])
    local plain = evaluate(source, { HOME = "/h" }).tasks
    assert.equal("build", plain.build.run)
    assert.same({ A = "1", OWN = "1!" }, plain.build.env)
    assert.same({ A = "1" }, plain.test.env)
    local production = evaluate(source, { HOME = "/h", GGEN_ENV = "production" }).tasks
    assert.equal("build --release", production.build.run)
    assert.same({ A = "2", B = "/h/c" }, production.test.env)
    local staging = evaluate(source, { GGEN_ENV = "staging" }).tasks
    assert.same({ { sh = "x" }, { sh = "y" } }, staging.build.run)
    assert.same({ A = "1", OWN = "1!", S = "s" }, staging.build.env)
  end)

  it("writes own variables without common ones", function()
    local source = written("[tasks.a]\ncommand = 'a'\nenv = { X = '1' }\n"
      .. "[tasks.b]\ncommand = 'b'\n[tasks.b.env.dev]\nenv = { Y = '2' }\n")
    local tasks = evaluate(source, { GGEN_ENV = "dev" }).tasks
    assert.same({ X = "1" }, tasks.a.env)
    assert.same({ Y = "2" }, tasks.b.env)
  end)

  it("writes groups, and says what it cannot write", function()
    local source = written([[
compat = "strict"
[tasks.a]
command = "a"
condition = { env_set = ["CI"], files_not_exist = ["x"], profiles = ["p"] }
[tasks.b]
run_task = { name = ["a", "c"], cleanup_task = "c" }
[tasks.c]
alias = "a"
[tasks.d]
[pipelines]
ci = ["a", "b"]
[scripts]
go = "ggen lifecycle run a"
say = "echo"
]])
    local found = evaluate(source, { CI = "1" })
    assert.same({ "ci: a b", "go: a" }, found.phases)
    assert.same({ env = "CI" }, found.tasks.a.when)
    assert.same({ "a", "c" }, found.tasks.b.needs)
    assert.same({ "a" }, found.tasks.c.needs)
    assert.equal("echo", found.tasks.say.run)
    for _, text in ipairs({ 'compat = "strict" has no equivalent', "condition.profiles has no",
      "run_task: in this order only", "cleanup_task: c", "there is nothing to run" }) do
      has(source, text)
    end
  end)

  it("writes workspaces", function()
    local model = make_toml.read([=[
      [workspace]
      find = "cargo"
      members = ["libs/*"]
      [lifecycle.a]
      command = "a"
      [lifecycle.b]
      command = "b"
      workspaces = ["x"]
      depends_on = ["a"]
      [hooks]
      after_a = ["b"]
      before_b = ["a"]
    ]=], "make.toml", { raw = true })
    local source = write.write(model, "dir", {
      { name = "x", path = "libs/x", depends_on = { "y" }, line = 3 },
      { name = "y", path = "libs/y", depends_on = {}, line = 3 },
      { name = "z", path = "z", depends_on = {}, line = 4, missing = true },
    })
    for _, text in ipairs({ 'x = { path = "libs/x", depends_on = { "y" } }, -- make.toml:3',
      'p:use "workspaces.cargo"', "local function has_own(w)", "only.b[w.name]",
      '  w:after("a", here(w, { "b" }))', '    w:before("b", { "a" })' }) do
      has(source, text)
    end
    assert(loadstring(source))
  end)

  it("moves lines to the right, but for those of long texts", function()
    assert.equal('  a = "\\"[[",\n\n  -- it\'s [[\n  b = [==[\nx]]\n]==],\n  c[d] = -1',
      lua_text.indented('a = "\\"[[",\n\n-- it\'s [[\nb = [==[\nx]]\n]==],\nc[d] = -1', "  "))
  end)

  it("writes conditions", function()
    local function when(condition, variables)
      return evaluate(written("[tasks.a]\ncommand = 'a'\ncondition = " .. condition .. "\n"),
        variables).tasks.a.when
    end
    assert.same({ env = { A = "1", ["b-c"] = "2" }, file = { "x", "y" },
      os = { "linux", "macos" } }, when("{ env = { A = '1', b-c = '2' },"
      .. " files_exist = ['x', 'y'], platforms = ['linux', 'mac'] }"))
    local both = "{ env_set = ['A', 'B'], env_not_set = ['C'], env = { D = 'd' } }"
    assert.is_true(when(both, { A = "1", B = "", D = "d" })())
    for _, variables in ipairs({ {}, { A = "1", D = "d" }, { A = "1", B = "1", D = "x" },
      { A = "1", B = "1", C = "1", D = "d" } }) do
      assert.is_false(when(both, variables)())
    end
    assert.is_nil(when("{ profiles = ['x'] }"))
  end)

  it("writes nothing of a text as code", function()
    local nasty = { "]]", "]=]", "a]", "\n--[[", '"', "'", "\\", "\\n", "\r", "\t", "x\ny]",
      "${a", "]]..os.exit()..[[", "\127", "end", "--" }
    for _, a in ipairs(nasty) do
      for _, b in ipairs(nasty) do
        local text = a .. b
        assert.equal(text, assert(loadstring("return " .. lua_text.quote(text)))())
        assert.equal(1, assert(loadstring("return { " .. lua_text.key(text) .. " = 1 }"))()[text])
        local quoted = '"' .. text:gsub('[%c"\\]', function(byte)
          return ("\\u%04x"):format(byte:byte())
        end) .. '"'
        local source = written(('[project]\nname = %s\ndescription = %s\n[lifecycle.a]\n'
          .. 'description = %s\ncommand = %s\nport = 1\ncache_key = %s\nshell = "bash"\n'
          .. 'outputs = [%s]\n[hooks]\non_error = [%s]\n"before_x\\ny" = "a"\n'
          .. 'after_a = "x y\\n"\n[env]\nA = %s\n[other]\n%s = 1\n'
          .. '[pipelines]\nb = [%s]\n'):gsub("%%s", function()
          return quoted
        end))
        local found = evaluate(source)
        assert.same({ "a", "after_a" }, found.order)
        assert.equal(text:find("%S") and text or "true", found.tasks.a.run)
        assert.equal(text, found.tasks.a.env.A)
      end
    end
  end)

  it("writes expressions that mean what the reader makes of a value", function()
    local variables = { HOME = "/h", EMPTY = "x" }
    for _, value in ipairs({ "", "a", "${HOME}", "${HOME}/x", "x${HOME}y${EMPTY}", "${NO:-d}",
      "${NO-d}!", "$HOME", "${HOME", "${1}", "${A}${HOME}", "${NO}x", "{${HOME}}", "${A:b}" }) do
      same_values(("[env]\nA = 'a'\nV = '%s'\n"):format(value), variables)
    end
  end)

  it("writes variables that name each other", function()
    for _, text in ipairs({
      "[env]\nA = 'a'\nB = '${A}!'\nC = '${B}-${A}'",
      "[env]\nC = '${B}-${A}'\nB = '${A}!'\nA = 'a'",
      "[env]\nA = '${A}:x'\nB = '${A}'\nPATH = 'bin:${PATH}'",
      "[env]\nA = '${B}'\nB = '${A}'\nC = '${A}${B}'",
      "[env]\nA = '${NO}'\nB = '${A}'\nC = '${A}x'\nD = '${A:-d}'\nE = '${B-e}!'",
      "[env]\nA = '${HOME}'\nB = '${A:-b}'\nC = '${B}c'\nD = '${C:-d}${A-d}'",
      "[env]\nA = ''\nB = '${A:-b}'\nC = '${A-c}'\nD = '${B}${C}'",
      "[env]\nA = '${NO:-}'\nB = '${A:-b}'\nC = 'x${A}'",
      "[env]\nB = '2'\n[tasks.t]\ncommand = 't'\nenv = { A = '${B}', B = '${A}3', C = '${B}${A}' }",
      "[env]\nA = '1'\n[lifecycle.t]\ncommand = 't'\n"
        .. "[lifecycle.t.env]\nA = '${A}2'\nZ = '${A}'\nB = '${Z}'",
    }) do
      for _, variables in ipairs({ {}, { A = "own", HOME = "/h" }, { NO = "n", PATH = "/bin" } }) do
        same_values(text, variables)
      end
    end
  end)
end)
