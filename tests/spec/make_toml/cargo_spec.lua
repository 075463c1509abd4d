-- SPDX-License-Identifier: MIT
local make_toml = require("ggen.make_toml.read")

local function read(text)
  return make_toml.read(text, "make.toml", { getenv = function() return nil end })
end

-- The one task of a text.
local function task(text)
  local model = read("[tasks.t]\n" .. text)
  return model.phases[1], model
end

local function refused(text)
  local ok, problem = pcall(task, text)
  assert.is_false(ok)
  return tostring(problem)
end

describe("make_toml.read: tasks of cargo-make", function()
  it("reads command and args", function()
    assert.same({ { "cargo", "test", "--", "-D", "a b" } },
      task("command = 'cargo'\nargs = ['test', '--', '-D', 'a b']").commands)
    assert.same({ { "cargo" } }, task("command = 'cargo'").commands)
    assert.same({ "cargo build" }, task("command = 'cargo build'").commands)
  end)

  it("takes from another task what a task does not say itself", function()
    local model = read([=[
      [tasks.more]
      extend = "base"
      args = ["more"]
      [tasks.base]
      description = "the base"
      command = "echo"
      args = ["base"]
      dependencies = ["dep"]
      depends_on = ["first"]
      outputs = ["out"]
      [tasks.script]
      extend = "more"
      description = "a script"
      script = "exit 1"
      [tasks.dep]
      command = "true"
      [tasks.first]
      command = "true"
      [tasks.others]
      extend = "base"
      run_task = "dep"
    ]=])
    local by_name = {}
    for _, phase in ipairs(model.phases) do by_name[phase.name] = phase end
    local more, base, script = by_name.more, by_name.base, by_name.script
    assert.same({ { "echo", "more" } }, more.commands)
    assert.same({ { "echo", "base" } }, base.commands)
    assert.same({ "exit 1" }, script.commands)
    assert.same({}, by_name.others.commands)
    for _, phase in ipairs({ more, base, script }) do
      assert.same({ "first", "dep" }, phase.depends_on)
      assert.same({ "out" }, phase.outputs)
    end
    assert.same({ "the base", "a script" }, { more.desc, script.desc })
    assert.same({ 1, nil }, { more.line, more.lines })
    assert.same({}, model.notes)
  end)

  it("keeps the conditions of tasks that extend each other apart", function()
    local model = read([=[
      [tasks.base]
      command = "echo"
      condition = { env_set = ["CI"] }
      [tasks.more]
      extend = "base"
      condition_script = ["exit 0"]
    ]=])
    local base, more = unpack(model.phases)
    assert.same({ env_set = { "CI" } }, base.condition)
    assert.same({ env_set = { "CI" }, script = "exit 0" }, more.condition)
  end)

  it("refuses what extends itself, nothing, or too much", function()
    assert.matches('tasks.t.extend: there is no task "u" %(did you mean "t"%?%)',
      refused('extend = "u"'))
    assert.matches('"t" extends itself', refused('extend = "t"'))
    assert.matches('tasks.v.extend: "t" extends itself',
      refused('extend = "u"\n[tasks.u]\nextend = "v"\n[tasks.v]\nextend = "t"'))
    local lines = { 'extend = "t1"' }
    for i = 1, 5000 do lines[#lines + 1] = ('[tasks.t%d]\nextend = "t%d"'):format(i, i + 1) end
    assert.matches("more than 100 tasks extend each other", refused(table.concat(lines, "\n")))
  end)

  it("leaves variables in args to a shell", function()
    assert.same({ [[cargo "a ${B} \$C \`d\` \"\\" 'x y' 'it'\''s' plain]] },
      task("command = 'cargo'\nargs = ['''a ${B} $C `d` \"\\''', 'x y', \"it's\", 'plain']")
        .commands)
  end)

  it("reads scripts, and who runs them", function()
    assert.same({ "set -e\na\nb" }, task("script = ['a', 'b']").commands)
    assert.same({ { script = "set -e\na; b", runner = "bash" } },
      task("script_runner = 'bash'\nscript = 'a; b'").commands)
    assert.same({ "a; b" }, task("script = 'a; b'\nshell = 'fish'").commands)
    assert.same({ "a; b" }, read("[execution]\nshell = 'fish'\n[tasks.t]\nscript = 'a; b'")
      .phases[1].commands)
    assert.same({ "a\n" }, task("script = '''\na\n'''").commands)
    assert.same({ { script = "#!/bin/bash\na", runner = "/bin/bash" } },
      task("script_runner = '@shell'\nscript = '''\n#!/bin/bash\na'''").commands)
    assert.same({ { script = "#!/usr/bin/env bash\na", runner = "bash" } },
      task("script = '''\n#!/usr/bin/env bash\na'''").commands)
    assert.same({ { script = "print(1)", runner = "python3" } },
      task("script_runner = 'python3'\nscript = 'print(1)'").commands)
    assert.same({ "set -e\na\nb" }, task("script = { pre = 'a', main = 'b' }").commands)
    assert.same({ { "sh", "-e", "x.sh" } }, task("script = { file = 'x.sh' }").commands)
    local entry, model = task("script_runner = '@rust'\nscript = 'fn main() {}'")
    assert.same({ { script = "fn main() {}", runner = "@rust" } }, entry.commands)
    assert.equal("cargo-make", model.notes[1].kind)
  end)

  it("reads what a task depends on, and what it calls", function()
    local entry, model = task("dependencies = ['a', { name = 'b', path = 'x' }]\nalias = 'c'\n"
      .. "[tasks.a]\n[tasks.b]\n")
    assert.same({ "a", "b" }, entry.depends_on)
    assert.equal("c", entry.alias)
    assert.same({ { name = "c", line = 3, key = "tasks.t.alias" } }, model.unresolved)
    assert.same({ { names = { "a" }, line = 2 } }, task("run_task = 'a'").run_task)
    assert.same({ { names = { "a", "b" }, parallel = true, line = 2 } },
      task("run_task = { name = ['a', 'b'], parallel = true }").run_task)
    assert.same({
      { names = { "a" }, condition = { env_set = { "CI" } }, line = 3 },
      { names = { "b" }, fork = true, cleanup_task = "c", line = 4 },
    }, task("run_task = [\n{ name = 'a', condition = { env_set = ['CI'] } },\n"
      .. "{ name = 'b', fork = true, cleanup_task = 'c' }]").run_task)
    assert.equal('make.toml:2: tasks.t.run_task: expected the name of a task ({ name = "..." })',
      refused("run_task = { parallel = true }"))
  end)

  it("reads the rest", function()
    local entry, model = task([[
description = "d"
category = "c"
private = true
workspace = false
cwd = "sub"
ignore_errors = true
condition = { env = { A = "1" }, files_exist = ["x"], rust_version = { min = "1" } }
condition_script = ["exit 0"]
env = { A = "1", B = { value = "2" }, C = { source = "A", mapping = {} } }
install_crate = "x"
watch = { postpone = true }
timeout = 5
]])
    assert.same({
      name = "t", line = 1, dialect = "tasks", desc = "d", category = "c", private = true,
      workspace = false, cwd = "sub", error_handling = "warn", timeout = 5, commands = {},
      condition = { env = { A = "1" }, files_exist = { "x" }, script = "exit 0" },
      env = { A = "1", B = "2" }, environments = {},
    }, entry)
    local said = {}
    for i, note in ipairs(model.notes) do said[i] = note.kind .. " " .. note.key end
    assert.equal("cargo-make", select(2, task("command = 'x'\nenv = { A = ['x', 'y'] }")).notes[1]
      .kind)
    assert.same({ "empty tasks.t", "cargo-make tasks.t.workspace",
      "ignored tasks.t.condition.rust_version",
      "cargo-make tasks.t.env.C", "unknown tasks.t.install_crate", "unknown tasks.t.watch" }, said)
  end)
end)
