-- Builds Lua 5.4 from its Debian source package: one task for each C file, made in a loop (see
-- csource.lua).
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local csource = require "csource"

local p = ggen.pipeline "lua54"

p:task "multiarch" {
  desc = "Make the header that debian/rules makes",
  run = [[mkdir -p build && printf '#define DEB_HOST_MULTIARCH "%s"\n' "$(gcc -print-multiarch)" ]]
    .. "> build/lua5.4-deb-multiarch.h",
  inputs = {},
  outputs = { "build/lua5.4-deb-multiarch.h" },
  tools = { "gcc" },
}

local tree = csource(p, {
  package = "lua5.4",
  dir = "src",
  cflags = "-std=gnu99 -Wall -Wextra -DLUA_COMPAT_5_3 -DLUA_USE_LINUX",
  flags = { llex = "-Os", lparser = "-Os", lcode = "-Os" }, -- as src/Makefile does
  needs = { "multiarch" },
})

-- CORE_O and LIB_O of src/Makefile.
tree:library("lua", {
  "lapi", "lcode", "lctype", "ldebug", "ldo", "ldump", "lfunc", "lgc", "llex", "lmem", "lobject",
  "lopcodes", "lparser", "lstate", "lstring", "ltable", "ltm", "lundump", "lvm", "lzio",
  "lauxlib", "lbaselib", "lcorolib", "ldblib", "liolib", "lmathlib", "loadlib", "loslib",
  "lstrlib", "ltablib", "lutf8lib", "linit",
})
tree:program("lua", { "lua" }, { libs = { "lua" }, ldflags = "-Wl,-E -lm -ldl" })
tree:program("luac", { "luac" }, { libs = { "lua" }, ldflags = "-lm -ldl" })

p:task "script" {
  desc = "Run a script in the interpreter just built",
  needs = { "lua" },
  run = {
    { sh = "build/lua tests/features.lua > build/features.txt" },
    { sh = "diff -u tests/features.txt build/features.txt" },
  },
  inputs = { "build/lua", "tests/features.*" },
  outputs = { "build/features.txt" },
}
p:task "syntax" {
  desc = "Check the script's syntax with luac, and that luac refuses a broken one",
  needs = { "luac" },
  run = {
    { sh = "build/luac -p tests/features.lua" },
    { sh = "! echo 'return return' | build/luac -p - 2> build/refusal.txt" },
    { sh = "grep \"near 'return'\" build/refusal.txt" },
  },
  inputs = { "build/luac", "tests/features.lua" },
}
p:task "bytecode" {
  desc = "Compile the script with luac and run the result",
  needs = { "lua", "luac" },
  run = {
    { sh = "build/luac -s -o build/features.luac tests/features.lua" },
    { sh = "build/lua build/features.luac > build/bytecode.txt" },
    { sh = "diff -u tests/features.txt build/bytecode.txt" },
  },
  inputs = { "build/lua", "build/luac", "tests/features.*" },
  outputs = { "build/features.luac", "build/bytecode.txt" },
}
p:task "test" {
  desc = "Everything that shows that the interpreter works",
  needs = { "script", "syntax", "bytecode" },
}

p:default "test"

return p
