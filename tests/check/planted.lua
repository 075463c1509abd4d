-- What each rule must find: small trees with a mistake in them (and one without), by rule name.
-- SPDX-License-Identifier: MIT

local function lines(count) return ("x\n"):rep(count) end

return {
  includes = {
    {
      tree = { ["engine/loop/a.h"] = '#include "base/b.h"\n', ["engine/base/b.h"] = "" },
      finds = {},
    },
    {
      tree = { ["engine/base/b.h"] = '\n#include "loop/a.h"\n', ["engine/loop/a.h"] = "" },
      finds = { "engine/base/b.h:2: engine/base may not use engine/loop" },
    },
    {
      tree = { ["engine/graph/g.cpp"] = '#include "loop/a.h"\n', ["engine/loop/a.h"] = "" },
      finds = { "engine/graph may not use engine/loop" },
    },
    {
      tree = { ["engine/cache/c.cpp"] = '#  include "process/p.h"', ["engine/process/p.h"] = "" },
      finds = { "engine/cache may not use engine/process" },
    },
    { tree = { ["engine/base/b.cpp"] = '#include "b.h"\n' }, finds = { "include by folder" } },
    { tree = { ["engine/misc/m.cpp"] = "" }, finds = { "engine/misc has no row" } },
  },
  requires = {
    {
      tree = {
        ["plugins/x/a.lua"] = 'local std = require("ggen.std")\nlocal ggen = require "ggen"\n',
        ["stdlib/ggen/std/a.lua"] = 'local toml = require("ggen.core.toml")\n',
        ["lua/ggen/a.lua"] = 'local run = require("ggen.run")\n-- require("busted") shows it\n',
      },
      finds = {},
    },
    {
      tree = { ["plugins/x/a.lua"] = 'local b = require("ggen.plugins.x.b")\n' },
      finds = { "plugins/x/a.lua:1: plugins may not require ggen.plugins.x.b" },
    },
    {
      tree = { ["plugins/x/a.lua"] = "\nlocal run = require 'ggen.run'\n" },
      finds = { "plugins/x/a.lua:2: plugins may not require ggen.run" },
    },
    {
      tree = { ["plugins/x/a.lua"] = 'local fs = require("ggen.core.fs")\n' },
      finds = { "plugins may not require ggen.core.fs" },
    },
    {
      tree = { ["lua/ggen/a.lua"] = 'return require("ggen.std.path")\n' },
      finds = { "host may not require ggen.std.path" },
    },
    {
      tree = { ["stdlib/ggen/std/a.lua"] = 'local lfs = require("lfs")\n' },
      finds = { "std may not require lfs" },
    },
  },
  tests = {
    {
      tree = { ["engine/lua/a.cpp"] = '#include "tests/support/x.h"\n' },
      finds = { "nothing sees tests/" },
    },
    {
      tree = { ["lua/ggen/a.lua"] = 'require("tests.support.x")\n' },
      finds = { "lua/ggen/a.lua:1" },
    },
    { tree = { ["tests/unit/a.cpp"] = '#include "tests/support/x.h"\n' }, finds = {} },
  },
  spdx = {
    { tree = { ["a.lua"] = "-- SPDX-License-Identifier: MIT\n", ["b.md"] = "" }, finds = {} },
    { tree = { ["a.lua"] = "-- A file\n" }, finds = { "a.lua" } },
  },
  length = {
    { tree = { ["lua/ggen/a.lua"] = lines(600), ["docs/a.md"] = lines(900) }, finds = {} },
    { tree = { ["lua/ggen/a.lua"] = lines(601) }, finds = { "lua/ggen/a.lua: 601 lines" } },
  },
  later = {
    { tree = { ["a.lua"] = "-- nothing to do\n" }, finds = {} },
    { tree = { ["a.cpp"] = "\nint x;  // TODO: more\n" }, finds = { "a.cpp:2" } },
    { tree = { ["a.sh"] = "# FIXME\n" }, finds = { "a.sh:1" } },
  },
  listed = {
    {
      tree = {
        ["engine/base/a.cpp"] = "",
        ["engine/base/CMakeLists.txt"] = "add_library(b STATIC\n a.cpp)\n",
      },
      finds = {},
    },
    {
      tree = {
        ["engine/base/a.cpp"] = "",
        ["engine/base/CMakeLists.txt"] = "add_library(b STATIC\n ba.cpp)\n",
      },
      finds = { "engine/base/a.cpp: not listed" },
    },
    {
      tree = {
        ["tests/unit/base/a_test.cpp"] = "",
        ["tests/unit/CMakeLists.txt"] = "add_executable(u\n base/b_test.cpp)\n",
      },
      finds = { "tests/unit/base/a_test.cpp: not listed" },
    },
  },
  modules = {
    { tree = { ["lua/ggen/a.lua"] = "", ["lua/ggen/b/init.lua"] = "" }, finds = {} },
    {
      tree = { ["lua/ggen/a.lua"] = "", ["stdlib/ggen/a/init.lua"] = "" },
      finds = { "has the same module name" },
    },
  },
  machine = {
    { tree = { ["a.md"] = "the /worker/ of network/work/ in /home/you/ is fine\n" }, finds = {} },
    { tree = { ["a.md"] = "\nsee /wor" .. "k/main\n" }, finds = { "a.md:2" } },
    { tree = { ["a.case"] = "cd /wor" .. "k/main/x\n" }, finds = { "a.case:1" } },
  },
  links = {
    {
      tree = {
        ["README.md"] = "[a](docs/a.md) [b](https://b.example/) [c](docs/) [d](#top)\n# Top\n",
        ["docs/a.md"] = "[up](../README.md#top)\n```\n[x](none.md)\n```\n",
      },
      finds = {},
    },
    { tree = { ["docs/a.md"] = "\n[x](b.md)\n" }, finds = { "docs/a.md:2: dead link b.md" } },
    { tree = { ["docs/a.md"] = "[x](#none)\n" }, finds = { "no heading for #none" } },
    { tree = { ["docs/a.md"] = "[x](../../b.md)\n" }, finds = { "dead link ../../b.md" } },
  },
}
