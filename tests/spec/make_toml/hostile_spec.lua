-- Texts that nobody should write: each ends with a model or with a fault that has a place.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local make_toml = require("ggen.make_toml.read")
local notes = require("ggen.make_toml.notes")

local function read(text)
  return make_toml.read(text, "make.toml", { getenv = function() return nil end })
end

-- The model, or nil and the message; anything but a fault fails the test.
local function attempt(text)
  local ok, value = pcall(read, text)
  if ok then
    notes.lines(value)
    return value
  end
  assert.is_true(fault.is(value), tostring(value))
  assert.equal("make.toml", value.file)
  assert.is_true(value.line ~= nil and value.line >= 1)
  return nil, tostring(value)
end

local WHOLE = [=[
compat = "default"
[project]
name = "x"
shell = "sh"
[workspace]
members = ["packages/*"]
parallel = true
[workspace.web]
path = "web"
[lifecycle.build]
description = "b"
commands = ["mkdir {a,b}", """
two
lines"""]
watch = ["a", 'b']
cache_key = "{{ hash('x') }}"
timeout = "5m"
env = { A = "1", production = {
  commands = ["x"], # several lines
} }
hooks = { before = ["echo x"], after = ["test"] }
[lifecycle.more.env.dev]
command = "y"
[phases.test]
commands = ["t"]
[tasks.lint]
command = "cargo"
args = ["clippy", "${X}"]
condition = { env_set = ["CI"] }
[tasks.all]
run_task = { name = ["lint"], parallel = true }
[hooks]
before_all = ["test"]
after_build = { commands = ["echo"] }
test = { before = ["lint"] }
on_error = "echo bad"
[env]
A = "${HOME}"
[env.production]
commands.build = "z"
[pipelines]
ci = ["build"]
[scripts]
go = "ggen lifecycle run build"
[execution]
max_parallel_phases = 2
[cache]
enabled = true
]=]

-- Every key of WHOLE that has a value, with its place in the text.
local function values()
  local list = {}
  for before, value, after in WHOLE:gmatch("()= ([^\n]+)()") do
    if not value:find('"""', 1, true) and not value:find("{$") then
      list[#list + 1] = { before, after, value }
    end
  end
  return list
end

local doubled = { "[env]", "A0 = '0123456789abcdef'" }
for i = 1, 40 do doubled[#doubled + 1] = ("A%d = '${A%d}${A%d}'"):format(i, i - 1, i - 1) end

describe("make_toml.read, hostile texts", function()
  it("reads the whole of it", function()
    local model = assert(attempt(WHOLE))
    assert.equal(5, #model.phases)
    assert.equal(5, #model.hooks)
  end)

  it("ends for every prefix", function()
    local read_well = 0
    for length = 0, #WHOLE do
      local model, message = attempt(WHOLE:sub(1, length))
      if model then read_well = read_well + 1 end
      assert.is_true(model ~= nil or #message < 400, message)
    end
    assert.is_true(read_well > 40)
  end)

  it("names the line of every value of a wrong type", function()
    local others = { "1", "-1.5", '""', '"x"', "true", "[]", "[1]", "[[]]", "{}", "{ a = 1 }",
      "[{}]", "1979-05-27", "inf", "nan", '"\\u0000"', '["\\u0000"]' }
    for _, place in ipairs(values()) do
      for _, other in ipairs(others) do
        attempt(WHOLE:sub(1, place[1] - 1) .. "= " .. other .. WHOLE:sub(place[2]))
      end
    end
  end)

  it("takes any table in the place of a table", function()
    for _, name in ipairs({ "project", "lifecycle", "phases", "tasks", "hooks", "workspace", "env",
      "pipelines", "scripts", "execution", "cache", "compat", "shell" }) do
      for _, value in ipairs({ "1", '"x"', "true", "[]", "[1]", "{}", "{ a = {} }", "{ a = [] }",
        "{ a = [{}] }", "{ a = { a = { a = {} } } }", "{ '' = 1 }", '{ "a\\nb" = 1 }',
        "{ 'a b' = 1 }", "{ -a = { command = 'x' } }", "{ '=' = 'x' }", "[[{}]]" }) do
        attempt(name .. " = " .. value)
      end
      attempt("[[" .. name .. "]]\na = 1\n")
    end
  end)

  it("says what is no name", function()
    local function message(text) return select(2, attempt(text)) end
    assert.equal('make.toml:1: lifecycle."": a name cannot be empty', message('[lifecycle.""]'))
    assert.equal('make.toml:1: lifecycle."a b": the character " " cannot be part of a name',
      message('[lifecycle."a b"]'))
    assert.equal('make.toml:1: tasks."a?b": the character with the code 10 cannot be part of a'
      .. " name", message('[tasks."a\\nb"]'))
    assert.equal("make.toml:1: lifecycle.-a: a name cannot begin with a dash",
      message("[lifecycle.-a]"))
    assert.equal('make.toml:2: env."": "" cannot be the name of a variable',
      message('[env]\n"" = 1'))
    assert.equal("make.toml:2: lifecycle.a.command: cannot hold a NUL byte",
      message('[lifecycle.a]\ncommand = "a\\u0000b"'))
    assert.equal("make.toml:2: lifecycle.a.depends_on: the name of a phase cannot be empty",
      message('[lifecycle.a]\ndepends_on = [""]'))
  end)

  it("says what was expected", function()
    local function message(text) return select(2, attempt("[lifecycle.a]\n" .. text)) end
    local place = "make.toml:2: lifecycle.a."
    assert.equal(place .. "command: expected a text, got a list (a list is written as commands)",
      message("command = ['a']"))
    assert.equal(place .. "commands: expected a text or a list of texts, got true",
      message("commands = true"))
    assert.equal(place .. "port: expected a port (a whole number from 0 to 65535), got the number"
      .. " 70000", message("port = 70000"))
    assert.equal(place .. "watch: expected true or false, a glob or a list of globs, got the number"
      .. " 1", message("watch = 1"))
    assert.equal(place .. 'timeout: "5x" is not a duration (examples: "250ms", "10s", "5m",'
      .. ' "1h30m", "3d")', message("timeout = '5x'"))
    assert.equal(place .. "timeout: must be above zero", message("timeout = 0"))
    assert.equal(place .. "retry: expected a whole number from 0 to 100, got the number 1.5",
      message("retry = 1.5"))
    assert.equal(place .. 'error_handling: expected "stop" or "warn" or "continue", got "wran"'
      .. ' (did you mean "warn"?)', message("error_handling = 'wran'"))
    assert.equal('make.toml:1: lifecycle.a: expected a table ([lifecycle.a] with a command), got a'
      .. " text", select(2, attempt("lifecycle.a = 'x'")))
  end)

  it("shows where a text is not TOML, and what it repeats", function()
    assert.equal("make.toml:2: this is not TOML: column 5: in a key-value pair: expected value, saw"
      .. " '\\n'", select(2, attempt("a = 1\nb = \n")))
    assert.equal("make.toml:6: this is not TOML: column 1: in a table header: cannot redefine"
      .. " existing table 'lifecycle.b' (the first one is in line 1)",
      select(2, attempt("[lifecycle.b]\nx = 1\n[lifecycle.c]\nx = 1\n\n[lifecycle.b] # again\n")))
    assert.matches("%(the first one is in line 4%)$",
      select(2, attempt("[lifecycle.b]\nx = 1\n[lifecycle.c]\nx = 1\n\nx = 2\n")))
  end)

  it("takes a byte order mark, and line ends of Windows", function()
    local model = assert(attempt("\239\187\191[lifecycle.a]\r\ncommand = 'x'\r\n"
      .. "commands = \"\"\"\r\na\r\nb\"\"\"\r\n"))
    assert.same({ "x" }, model.phases[1].commands)
    assert.is_nil((attempt("[lifecycle.a]\ncommand = '\255'\n")))
  end)

  it("takes huge files", function()
    local parts = {}
    for i = 1, 3000 do
      parts[i] = ("[lifecycle.p%d]\ncommands = ['a', 'b']\ndepends_on = ['p%d']\nfoo = 1\n")
        :format(i, i + 1)
    end
    -- assert() itself would walk through all of the model
    local model = attempt(table.concat(parts)) or {}
    assert.equal(3000, #model.phases)
    assert.equal("p3001", model.unresolved[1].name)
    assert.equal(1, #notes.lines(model))
    local long = ("x"):rep(1024 * 1024)
    local one = attempt("[lifecycle.a]\ncommand = '" .. long .. "'") or {}
    assert.is_true(long == one.phases[1].commands[1])
    attempt("[lifecycle." .. long .. "]\ncommand = 'x'")
    attempt("[lifecycle.a]\n" .. long .. " = 1")
    attempt("a = " .. ("["):rep(100000))
    attempt("a = " .. ("{ b = "):rep(100000))
    attempt(("a."):rep(100000) .. "a = 1")
    attempt("[lifecycle.a]\ncommand = '" .. ("{a,"):rep(300000) .. "'")
  end)

  it("ends where variables make a value too long", function()
    local _, message = attempt(table.concat(doubled, "\n"))
    assert.equal("make.toml:19: env.A17: the variables in it make it longer than 1 MiB", message)
    local model = make_toml.read(table.concat(doubled, "\n"), "make.toml", { raw = true })
    local ok, problem = pcall(require("ggen.make_toml.write").write, model, "dir")
    assert.is_false(ok)
    assert.equal("make.toml: A17: the variables in it make it longer than 1 MiB", tostring(problem))
  end)
end)
