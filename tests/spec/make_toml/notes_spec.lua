-- SPDX-License-Identifier: MIT
local make_toml = require("ggen.make_toml.read")
local notes = require("ggen.make_toml.notes")

local function lines(text)
  return notes.lines(make_toml.read(text, "make.toml", { getenv = function() return nil end }))
end

describe("make_toml.notes", function()
  it("says nothing about a file that is all understood", function()
    assert.same({}, lines("[lifecycle.a]\ncommand = 'x'\n"))
  end)

  it("joins the keys of one table", function()
    assert.same({
      "make.toml:2: [cache] enable_caching, cache_directory have no meaning here",
      "make.toml:5: state.file has no meaning here",
      "make.toml:7: [env.dev] log, \"a b\" have no meaning here",
    }, lines("[cache]\nenable_caching = true\ncache_directory = 'x'\n[state]\nfile = 'x'\n"
      .. "[env.dev]\nlog.level = 1\n'a b' = { c = 1 }\n"))
  end)

  it("joins one key of several phases", function()
    assert.same({
      "make.toml:2: lifecycle.a.required, phases.b.required (line 6) have no meaning here",
      'make.toml:3: lifecycle.a.requires has no meaning here (did you mean "depends_on"?)',
      "make.toml:8: phases.c has no command and does nothing",
    }, lines("[lifecycle.a]\nrequired = true\nrequires = ['b']\ncommand = 'x'\n[phases.b]\n"
      .. "required = true\ncommands = ['y']\n[phases.c]\n"))
  end)

  it("joins commands that need bash for one thing", function()
    assert.same({
      'make.toml:2: lifecycle.a, lifecycle.b (line 6) need bash for {a,b} (sh takes it as it is);'
        .. ' write shell = "bash" in the phase, or in [project] for all of them',
      'make.toml:12: hooks.before_a needs bash for [[ ... ]]; write shell = "bash" in the phase, or'
        .. " in [project] for all of them",
    }, lines("[lifecycle.a]\ncommand = 'mkdir {a,b}'\n[lifecycle.b]\ncommands = [\n  'x',\n"
      .. "  'mkdir {c,d}',\n]\n[lifecycle.c]\ncommand = 'echo {a,b}'\nshell = 'bash'\n"
      .. "[hooks]\nbefore_a = '[[ -e x ]]'\n"))
  end)

  it("has no word about bash where bash runs it", function()
    assert.same({}, lines("shell = 'bash'\n[lifecycle.a]\ncommand = 'mkdir {a,b}'\n"))
    assert.same({}, lines("[tasks.a]\nscript = '''\n#!/usr/bin/env bash\na=(1)'''\n"
      .. "[tasks.b]\nscript_runner = 'python3'\nscript = 'x = {1,2}'\n"))
    assert.equal(1, #lines("[tasks.a]\nscript = '''\n#!/bin/sh\na=(1)'''\n"))
  end)
end)
