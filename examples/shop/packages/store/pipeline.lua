-- The library that both programs use: money, catalog, cart, journal.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local c = require "tools.c"

local w = ggen.workspace "store" { depends_on = { "schema" } }

local include = "-Iinclude -I../schema/build"
local sources = {
  "src/problem.c", "src/money.c", "src/field.c", "src/lines.c", "src/catalog.c", "src/cart.c",
  "src/journal.c", "../schema/build/records.c",
}

local tasks, objects = c.compile(w, sources, include, { "include/*.h", "src/*.h" })
tasks[#tasks + 1] = "^build"

-- The headers are an output too: without them a changed header would not reach the programs.
w:task "build" {
  desc = "Put the library and its headers together",
  needs = tasks,
  run = {
    { "rm", "-rf", "build/libstore.a", "build/include" },
    "ar rcsD build/libstore.a " .. table.concat(objects, " "),
    { "mkdir", "-p", "build/include" },
    "cp include/*.h ../schema/build/records.h build/include",
  },
  inputs = { "include/*.h", unpack(objects) },
  outputs = { "build/libstore.a", "build/include" },
}

local program = "build/tests/${matrix.suite}-${matrix.level}"
local compile = c.cc .. " -${matrix.level} -fsanitize=undefined -fno-sanitize-recover " .. include

w:task "test" {
  desc = "Unit tests of ${matrix.suite} with -${matrix.level}, checked for undefined behaviour",
  needs = { "^build" },
  matrix = {
    suite = { "money", "records", "catalog", "cart", "journal" },
    level = { "O0", "O2" },
  },
  run = {
    { "mkdir", "-p", "build/tests" },
    ("%s -o %s tests/${matrix.suite}_test.c %s"):format(
      compile, program, table.concat(sources, " ")),
    { program, program .. ".data" },
  },
  inputs = { "include/*.h", "src/*", "tests/check.h", "tests/${matrix.suite}_test.c" },
  outputs = { program },
  tags = { "unit" },
}

return w
