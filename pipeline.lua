-- ggen-lua builds and tests itself: ggen-lua run ci. ./dev test does the same and more (sanitizers,
-- installation, examples); this one is for working on it.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

local p = ggen.pipeline "ggen-lua" { desc = "The pipeline runner, by itself" }

local BINARY = "build/dev/ggen-lua"
local SOURCES = {
  "engine/**", "lua/**", "stdlib/**", "plugins/**", "tests/unit/**",
  "cmake/**", "CMakeLists.txt", "CMakePresets.json",
}

-- A test reads the binary and its own files.
local function test(name, spec)
  spec.needs = { "build" }
  spec.tags = { "test" }
  p:task(name, spec)
end

p:task "configure" {
  desc = "Configure the dev preset",
  run = "cmake --preset dev",
  cache = false, -- what it writes names this checkout, and it is quick when there is nothing to do
}

p:task "build" {
  desc = "Build the binary and the unit tests, all checks on",
  needs = { "configure" },
  run = { "cmake", "--build", "--preset", "dev" },
  inputs = SOURCES,
  outputs = { BINARY, "build/dev/ggen-unit" },
  weight = { cpu = 2 },
}

p:task "lint" {
  desc = "Shellcheck, luacheck and clang-format",
  run = "./dev lint",
  pass_env = { "SUDO_USER" },
  tags = { "quick" },
}

p:task "check" {
  desc = "Layering and the rules of the house",
  run = { "luajit", "tests/check/run.lua" },
  tags = { "quick" },
}

test("unit", {
  desc = "The engine, in C++",
  run = { "build/dev/ggen-unit", "--order", "rand", "--rng-seed", "time" },
  inputs = { "build/dev/ggen-unit" },
  timeout = "5m",
})

test("spec", {
  desc = "The host, stdlib and plugins, in Lua",
  run = { BINARY, "lua", "tests/spec/run.lua" },
  inputs = { BINARY, "tests/spec/**" },
  timeout = "5m",
})

test("golden", {
  desc = "The real binary, case by case",
  run = { BINARY, "lua", "tests/golden/run.lua" },
  inputs = { BINARY, "tests/golden/**" },
  timeout = "10m",
})

p:phase "ci" { "lint", "check", "build", "unit", "spec", "golden" }
p:default "ci"

return p
