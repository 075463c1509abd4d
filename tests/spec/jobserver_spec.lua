-- Real builds of cargo in tasks share the slots of the run. Each compiler says when it begins and
-- ends. For make see tests/golden/jobserver.case; cargo is too large to be installed for this.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")

local BINARY = fs.realpath("/proc/self/exe")
local CRATES = 4

local function write(path, text) assert(fs.write(path, text)) end

local function run(argv, dir)
  return async.await(function(resume)
    return assert(process.run({ argv = argv, cwd = dir, env = {
      PATH = os.getenv("PATH"), HOME = os.getenv("HOME"), RUSTUP_HOME = os.getenv("RUSTUP_HOME"),
      GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH"), GGEN_CACHE_DIR = dir .. "/cache",
    }, capture = 65536 }, resume))
  end)
end

-- major * 1000 + minor, nil without cargo.
local function version_of_cargo(dir)
  local found = run({ "sh", "-c", "cargo --version" }, dir)
  local major, minor = found.stdout:match("^cargo (%d+)%.(%d+)")
  return found.code == 0 and major and major * 1000 + minor or nil
end

local PIPELINE = [[
local p = require("ggen").pipeline "rust"
for _, name in ipairs { "one", "two" } do
  p:task(name) {
    run = "cargo build --offline --quiet", cwd = name, cache = false,
    pass_env = { "HOME", "RUSTUP_HOME" },
    env = { CARGO_HOME = "%s/home", CARGO_BUILD_JOBS = "4", RUSTC_WRAPPER = "%s/count" },
  }
end
return p
]]

local function write_project(dir)
  write(dir .. "/pipeline.lua", (PIPELINE:gsub("%%s", dir)))
  write(dir .. "/count", ("#!/bin/sh\necho 1 >>%s/log\n\"$@\"\nstatus=$?\necho -1 >>%s/log\n"
    .. "exit $status\n"):format(dir, dir))
  assert(os.execute("chmod +x '" .. dir .. "/count'") == 0)
  for _, workspace in ipairs({ "one", "two" }) do
    local members = {}
    for i = 1, CRATES do
      local crate = ("%s/%s/c%d"):format(dir, workspace, i)
      assert(fs.mkdir(crate .. "/src", { parents = true }))
      write(crate .. "/Cargo.toml", ('[package]\nname = "c%d"\nversion = "0.1.0"\n'):format(i))
      write(crate .. "/src/lib.rs", "pub fn f(x: u32) -> u32 { x + 1 }\n")
      members[i] = ('"c%d"'):format(i)
    end
    write(("%s/%s/Cargo.toml"):format(dir, workspace), ("[workspace]\nmembers = [%s]\n"):format(
      table.concat(members, ", ")))
  end
end

describe("cargo in two tasks", function()
  local dir
  before_each(function() dir = fs.make_temp_dir() end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function most_at_once()
    local now, most, compilers = 0, 0, 0
    for line in io.lines(dir .. "/log") do
      now, most = now + tonumber(line), math.max(most, now + tonumber(line))
      if line == "1" then compilers = compilers + 1 end
    end
    return most, compilers
  end

  local function shares(style, oldest)
    local version = version_of_cargo(dir)
    if not version then return pending("there is no cargo") end
    if version < oldest then return pending("this cargo is too old for it") end
    write_project(dir)
    local result = run({ BINARY, "run", "-j2", "--jobserver", style }, dir)
    assert.equal(0, result.code, result.stdout .. result.stderr)
    local most, compilers = most_at_once()
    assert.is_true(compilers >= 2 * CRATES, tostring(compilers))
    assert.is_true(most <= 2, ("%d compilers at once"):format(most))
  end

  it("runs no more compilers than there are slots", function() shares("pipe", 0) end)
  it("does so with a named pipe", function() shares("fifo", 1075) end)
end)
