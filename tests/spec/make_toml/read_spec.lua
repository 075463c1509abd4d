-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local make_toml = require("ggen.make_toml.read")

local function read(text, variables)
  return make_toml.read(text, "make.toml", {
    getenv = function(name) return (variables or {})[name] end,
  })
end

local function refused(text)
  local ok, problem = pcall(read, text)
  assert.is_false(ok)
  assert.is_true(fault.is(problem), tostring(problem))
  return tostring(problem)
end

local function phase(model, name)
  for _, entry in ipairs(model.phases) do
    if entry.name == name then return entry end
  end
end

local function names(list)
  local result = {}
  for i, entry in ipairs(list) do result[i] = entry.name end
  return result
end

-- "12 unknown lifecycle.x.y"
local function notes(model)
  local result = {}
  for i, note in ipairs(model.notes) do
    result[i] = ("%d %s %s"):format(note.line, note.kind, note.key)
  end
  return result
end

describe("make_toml.read: phases", function()
  it("reads every key of a phase", function()
    local model = read([[
[project]
name = "shop"
type = "webapp"
version = "1.0.0"
description = "Sells"

[lifecycle.build]
description = "Builds"
commands = ["a", "b"]
watch = ["src/**", "*.toml"]
port = 3000
outputs = ["dist/"]
cache = true
parallel = true
workspaces = ["web"]
depends_on = ["init"]
cache_key = "Cargo.toml|Cargo.lock"
first_run_only = true
requires_approval = true
timeout = "5m"
retry = 2
shell = "bash"
error_handling = "warn"

[lifecycle.init]
command = "true"
timeout = 90
watch = "**/*.toml"
]])
    assert.same({ name = "shop", type = "webapp", version = "1.0.0", desc = "Sells", line = 1 },
      model.project)
    assert.same({ "build", "init" }, names(model.phases))
    assert.same({
      name = "build", line = 7, dialect = "lifecycle", desc = "Builds", commands = { "a", "b" },
      watch = { "src/**", "*.toml" }, port = 3000, outputs = { "dist/" }, cache = true,
      parallel = true, workspaces = { "web" }, depends_on = { "init" },
      cache_key = { files = { "Cargo.toml", "Cargo.lock" } }, first_run_only = true,
      requires_approval = true, timeout = 300, retry = 2, shell = "bash", error_handling = "warn",
      env = {}, environments = {}, lines = { outputs = 12, workspaces = 15 },
    }, phase(model, "build"))
    assert.equal(90, phase(model, "init").timeout)
    assert.same({ "**/*.toml" }, phase(model, "init").watch)
    assert.same({}, model.notes)
    assert.same({}, model.unresolved)
    assert.equal("default", model.compat)
  end)

  it("keeps the order of the file over all dialects", function()
    local model = read("[tasks.z]\ncommand = 'z'\n[lifecycle.y]\ncommand = 'y'\n"
      .. "[phases.x]\ncommands = ['x']\n[lifecycle.a]\ncommand = 'a'\n")
    assert.same({ "z", "y", "x", "a" }, names(model.phases))
  end)

  it("lets command win over commands, and says so", function()
    local model = read("[lifecycle.a]\ncommand = 'one'\ncommands = ['two']\n")
    assert.same({ "one" }, phase(model, "a").commands)
    assert.same({ "3 ignored lifecycle.a.commands" }, notes(model))
  end)

  it("keeps empty commands and those of several lines", function()
    local model = read('[lifecycle.a]\ncommands = ["", "x\\ny"]\n[lifecycle.b]\ncommand = ""\n')
    assert.same({ "", "x\ny" }, phase(model, "a").commands)
    assert.same({ "" }, phase(model, "b").commands)
    assert.same({}, notes(model))
  end)

  it("takes a phase without a command", function()
    local model = read("[lifecycle.a]\ncommands = []\nport = 0\nwatch = false\n[lifecycle.b]\n"
      .. "[lifecycle.c]\ndepends_on = ['a']\n")
    assert.same({}, phase(model, "a").commands)
    assert.equal(0, phase(model, "a").port)
    assert.is_false(phase(model, "a").watch)
    assert.same({ "1 empty lifecycle.a", "5 empty lifecycle.b" }, notes(model))
  end)

  it("takes names with colons", function()
    local model = read('[lifecycle."db:migrate"]\ncommand = "m"\n[hooks]\n'
      .. '"before_db:migrate" = ["x y"]\n')
    assert.equal("db:migrate", model.phases[1].name)
    assert.equal("db:migrate", model.hooks[1].target)
  end)

  it("reads [phases.X] and the texts of [lifecycle] beside them", function()
    local model = read([[
[lifecycle]
name = "ggen"
version = "1.2.0"
[phases.safety]
commands = ["./check.sh"]
error_handling = "stop"
required = true
timeout = 60
[phases.lint]
commands = ["l"]
requires = ["safety"]
hooks = { before = ["echo b"], after = ["safety"] }
]])
    assert.same({ name = "ggen", version = "1.2.0", line = 1 }, model.project)
    assert.same({ "safety", "lint" }, names(model.phases))
    assert.equal("stop", phase(model, "safety").error_handling)
    assert.same({ "7 unknown phases.safety.required", "11 unknown phases.lint.requires" },
      notes(model))
    assert.equal(' (did you mean "depends_on"?)', model.notes[2].hint)
    assert.same({
      { moment = "before", target = "lint", commands = { "echo b" }, line = 12,
        key = "phases.lint.hooks.before" },
      { moment = "after", target = "lint", phases = { "safety" }, line = 12,
        key = "phases.lint.hooks.after" },
    }, model.hooks)
  end)

  it("reads cache keys in all forms", function()
    local function key(value)
      local model = read("[lifecycle.a]\ncommand = 'x'\ncache_key = " .. value .. "\n")
      return model.phases[1].cache_key, notes(model)
    end
    assert.same({ files = { "A", "B" } }, (key('" A | B |"')))
    assert.same({ files = { "A", "B" } }, (key('["A", "B"]')))
    assert.same({ files = { "Cargo.lock" } }, (key([["{{ hash('Cargo.lock') }}"]])))
    assert.same({ files = { "x" }, env = { "HOME" }, text = "{{ env.HOME }}/{{ hash('x') }}" },
      (key([["{{ env.HOME }}/{{ hash('x') }}"]])))
    assert.same({ files = {}, env = { "SHA" }, text = "{{ env.SHA | default('local') }}" },
      (key([["{{ env.SHA | default('local') }}"]])))
    local _, said = key([["{{ now() }}"]])
    assert.same({ "3 template lifecycle.a.cache_key" }, said)
  end)

  it("refuses the same name twice", function()
    assert.equal("make.toml:3: tasks.a: there are two phases of that name (the other one is"
      .. " [lifecycle.a], line 1)",
      refused("[lifecycle.a]\ncommand = 'x'\n[tasks.a]\ncommand = 'y'\n"))
  end)
end)

describe("make_toml.read: hooks", function()
  local PHASES = "[lifecycle.a]\ncommand = 'a'\n[lifecycle.b]\ncommand = 'b'\n[hooks]\n"

  local function hooks(text)
    local model = read(PHASES .. text)
    local result = {}
    for i, hook in ipairs(model.hooks) do
      result[i] = ("%d %s %s %s"):format(hook.line, hook.moment, hook.target,
        hook.phases and "phases " .. table.concat(hook.phases, ",")
        or "commands " .. table.concat(hook.commands, ","))
    end
    return result, model
  end

  it("reads lists of phases for every moment", function()
    assert.same({ "6 before all phases b", "7 after a phases b,a", "8 before b phases a" },
      (hooks("before_all = ['b']\nafter_a = ['b', 'a']\nbefore_b = 'a'\nafter_all = []\n")))
  end)

  it("reads shell lines, and tables of them", function()
    assert.same({ "6 before a commands echo hi,./x.sh", "7 after a commands date" },
      (hooks("before_a = ['echo hi', './x.sh']\nafter_a = { commands = ['date'] }\n")))
    assert.same({ "6 before a commands date,ls" },
      (hooks("[hooks.before_a]\ncommands = ['date', 'ls']\n")))
    assert.same({ "6 before a commands date" }, (hooks("before_a = { command = 'date' }\n")))
  end)

  it("keeps the order of phases and lines in one list", function()
    assert.same({ "6 before a phases b", "6 before a commands echo x", "6 before a phases b" },
      (hooks("before_a = ['b', 'echo x', 'b']\n")))
  end)

  it("reads hooks by the name of the phase", function()
    assert.same({ "6 before a phases b", "6 after a commands echo x" },
      (hooks("a = { before = ['b'], after = ['echo x'] }\n")))
    assert.same({ "7 before all phases b" }, (hooks("[hooks.all]\nbefore = ['b']\n")))
  end)

  it("reads what follows the whole run", function()
    local _, model = hooks("on_error = \"echo 'bad'\"\non_success = ['b', 'echo ok']\n")
    assert.same({ commands = { "echo 'bad'" }, line = 6 }, model.on_error)
    assert.same({ phases = { "b" }, commands = { "echo ok" }, line = 7 }, model.on_success)
    assert.same({ "7 unknown hooks.on_a" }, notes((select(2,
      hooks("before_a = []\non_a = ['b']\n")))))
  end)

  it("names those that lead nowhere", function()
    local _, model = hooks("before_a = ['bb']\nafter_c = ['a']\nbefore_d = []\n")
    assert.same({ { name = "bb", line = 6, key = "hooks.before_a", hook = true } },
      model.unresolved)
    assert.same({ "7 hook hooks.after_c" }, notes(model))
    assert.is_true(model.hooks[2].orphan)
    assert.error_matches(function() make_toml.refuse_unresolved(model) end,
      'make.toml:6: hooks.before_a: there is no phase "bb" %(did you mean "b"%?%)')
    make_toml.refuse_unresolved(model, { bb = true })
  end)

  it("suggests keys", function()
    local _, model = hooks("befor_a = ['b']\n")
    assert.equal(' (did you mean "before_a" or "before_b"?)', model.notes[1].hint)
  end)

  it("refuses what is neither", function()
    assert.equal("make.toml:6: hooks.before_a: expected a list of phases, of shell lines, or"
      .. " { commands = [...] }, got true", refused(PHASES .. "before_a = true\n"))
    assert.equal("make.toml:6: hooks.before_a[2]: expected a text, got the number 1",
      refused(PHASES .. "before_a = ['b', 1]\n"))
  end)
end)

describe("make_toml.read: other tables", function()
  it("reads variables and environments", function()
    local model = read([[
[env]
detect = "auto"
A = "1"
N = 2
F = 1.5
YES = true
FROM = "${HOME}/x"
NEXT = "${A}-${NONE:-none}-${EMPTY-was}-$A"
GONE = "${NONE}"
[env.production]
URL = "${URL}"
commands.build = "cargo build --locked"
commands.tset = "x"
logging.level = "warn"
[env.development]
A = "dev"
B = "${A}"
[lifecycle.build]
command = "cargo build"
[lifecycle.build.env]
V = "${A}!"
[lifecycle.build.env.staging]
description = "Staged"
commands = ["s"]
env = { S = 1 }
[lifecycle.test]
command = "t"
]], { HOME = "/home/x", EMPTY = "", URL = "http://x" })
    assert.same({ A = "1", N = "2", F = "1.5", YES = "true", FROM = "/home/x/x",
      NEXT = "1-none--$A" }, model.env)
    assert.same({
      production = { env = { URL = "http://x" }, line = 10 },
      development = { env = { A = "dev", B = "dev" }, line = 15 },
    }, model.environments)
    assert.same({ V = "1!" }, phase(model, "build").env)
    assert.same({
      staging = { desc = "Staged", commands = { "s" }, env = { S = "1" }, line = 22 },
      production = { commands = { "cargo build --locked" }, line = 12 },
    }, phase(model, "build").environments)
    assert.same({ "2 unknown env.detect", "13 unknown env.production.commands.tset",
      "14 unknown env.production.logging" }, notes(model))
  end)

  it("asks for a variable only when one is named", function()
    local asked = {}
    make_toml.read("[env]\nA = '$B ${C}'\n", "x", { getenv = function(name)
      asked[#asked + 1] = name
    end })
    assert.same({ "C" }, asked)
  end)

  it("reads workspaces", function()
    local model = read("[workspace.web]\npath = 'apps/web'\ndescription = 'w'\n"
      .. "depends_on = ['core']\n[workspace.core]\npath = '.'\nruntime = 'x'\n")
    assert.same({
      { name = "web", path = "apps/web", desc = "w", depends_on = { "core" }, line = 1 },
      { name = "core", path = ".", line = 5 },
    }, model.workspaces)
    assert.same({ "7 unknown workspace.core.runtime" }, notes(model))
    model = read("[workspace]\nmembers = ['packages/*']\nexclude = ['packages/x']\n"
      .. "parallel = true\n")
    assert.same({ "packages/*", exclude = { "packages/x" }, line = 2 }, model.members)
    assert.is_true(model.workspaces_parallel)
    assert.equal('make.toml:1: workspace.a: needs its directory: path = "..."',
      refused("[workspace.a]\ndescription = 'x'\n"))
  end)

  it("reads pipelines and scripts", function()
    local model = read([[
[lifecycle.a]
command = "a"
[lifecycle.b]
command = "b"
[pipelines]
dev = ["a", "b"]
a = ["b"]
[scripts]
start = "cargo run"
both = "ggen lifecycle pipeline a b"
one = "ggen lifecycle run a"
none = "ggen lifecycle pipeline a zz"
b = "x"
dev = "y"
]])
    assert.same({ { name = "dev", phases = { "a", "b" }, line = 6 } }, model.pipelines)
    assert.same({
      { name = "start", command = "cargo run", line = 9 },
      { name = "both", command = "ggen lifecycle pipeline a b", phases = { "a", "b" }, line = 10 },
      { name = "one", command = "ggen lifecycle run a", phases = { "a" }, line = 11 },
      { name = "none", command = "ggen lifecycle pipeline a zz", line = 12 },
    }, model.scripts)
    assert.same({ "7 ignored pipelines.a", "13 ignored scripts.b", "14 ignored scripts.dev" },
      notes(model))
  end)

  it("reads how the file is run", function()
    local model = read("compat = 'strict'\n[project]\nshell = 'bash'\n[execution]\n"
      .. "max_parallel_phases = 6\ntimeout_seconds = 1800\nretry_attempts = 3\n"
      .. "retry_delay_seconds = 10\nrate_limiting_enabled = true\n")
    assert.equal("strict", model.compat)
    assert.equal("bash", model.shell)
    assert.same({ max_parallel = 6, timeout = 1800, retries = 3, retry_delay = 10 },
      model.execution)
    assert.same({ line = 2 }, model.project)
    assert.same({ "9 unknown execution.rate_limiting_enabled" }, notes(model))
    assert.equal('make.toml:3: project.compat: "default" contradicts "strict", which is said'
      .. " elsewhere", refused("compat = 'strict'\n[project]\ncompat = 'default'\n"))
    assert.equal('make.toml:1: compat: expected "default" or "strict", got "stict"'
      .. ' (did you mean "strict"?)', refused("compat = 'stict'\n"))
  end)

  it("notes every key of a table that has no meaning", function()
    local model = read("[cache]\nenabled = true\ndirectory = 'x'\n[[production.requirement]]\n"
      .. "id = 1\n[[production.requirement]]\nid = 2\n[project]\nauthor = 'x'\n"
      .. "[lifecycle.a]\ncommand = 'a'\ncomand = 'b'\n")
    assert.same({ "2 unknown cache.enabled", "3 unknown cache.directory",
      "4 unknown production.requirement", "9 unknown project.author",
      "12 unknown lifecycle.a.comand" }, notes(model))
    assert.equal(' (did you mean "command" or "commands"?)', model.notes[5].hint)
  end)
end)
