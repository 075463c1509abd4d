-- Which changes of files may be a reason to run, by what a pipeline declares.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local load = require("ggen.load")
local registry = require("ggen.registry")
local resolve = require("ggen.resolve")
local scope = require("ggen.watch.scope")

describe("the scope of watching", function()
  local dir

  before_each(function() dir = fs.realpath(assert(fs.make_temp_dir("watch-scope"))) end)
  after_each(function() fs.remove(dir, { recursive = true }) end)

  local function scope_of(declarations, files)
    for path, text in pairs(files or {}) do
      assert(fs.mkdir(dir .. "/" .. (path:match("^(.*)/") or "")))
      assert(fs.write(dir .. "/" .. path, text))
    end
    assert(fs.write(dir .. "/pipeline.lua",
      'local p = require("ggen").pipeline "x"\n' .. declarations .. "\nreturn p\n"))
    local plugins = registry.new({ project_dir = dir, options = {} })
    plugins:use("observer.junit", { path = "reports/junit.xml" })
    return scope.of(resolve.project(load.load(dir)), plugins)
  end

  local function counts(of, path, fields)
    local event = { path = path, kind = "changed", time = 1 }
    for key, value in pairs(fields or {}) do event[key] = value end
    return of:counts(event)
  end

  it("leaves out what tasks and observers write", function()
    local of = scope_of([[
      p:task "a" { run = "true", outputs = { "out/**", "x.bin", "gen/*.c", "dir" } }]],
      { ["dir/f"] = "" })
    for _, path in ipairs({ "out/a", "out/b/c", "x.bin", "gen/a.c", "dir/f", "dir",
      "reports/junit.xml" }) do
      assert.is_false(counts(of, path), path)
    end
    for _, path in ipairs({ "src/out/a", "x.bin2", "gen/a.h", "gen/d/a.c", "reports/x", "ou" }) do
      assert.is_true(counts(of, path), path)
    end
    table.sort(of.skip)
    assert.same({ "dir", "out", "x.bin" }, of.skip)
  end)

  it("counts what begins with ! as a source", function()
    local of = scope_of([[
      p:task "a" { run = "true", outputs = { "gen/**", "!gen/by-hand/**" } }]])
    assert.is_false(counts(of, "gen/a"))
    assert.is_true(counts(of, "gen/by-hand/a"))
    assert.same({}, of.skip)
  end)

  it("counts what a task changes in place as a source", function()
    local of = scope_of([[
      p:task "format" { run = "true", inputs = { "src/**" }, outputs = { "src/**" } }
      p:task "build" { run = "true", inputs = { "src/**" }, outputs = { "src/bin/**" } }]])
    assert.is_true(counts(of, "src/a"))
    assert.is_false(counts(of, "src/bin/a"))
    assert.same({}, of.skip)
  end)

  it("goes by the directories of workspaces", function()
    local of = scope_of([[p:workspaces { "packages/*" }]], { ["packages/a/pipeline.lua"] = [[
      local w = require("ggen").workspace "a"
      w:task "b" { run = "true", inputs = { "src/*.c", "../../VERSION" }, outputs = { "dist/**" } }
      return w]] })
    assert.is_false(counts(of, "packages/a/dist/x"))
    assert.is_true(counts(of, "dist/x"))
    table.sort(of.also)
    assert.same({ "VERSION", "packages/a/src" }, of.also)
  end)

  it("leaves out what git ignores, and new directories", function()
    local of = scope_of([[p:task "a" { run = "true" }]])
    assert.is_true(counts(of, "a"))
    assert.is_false(counts(of, "a", { ignored = true }))
    assert.is_false(counts(of, "d", { directory = true, kind = "created" }))
    assert.is_true(counts(of, "d", { directory = true, kind = "removed" }))
    assert.same({}, of.also)
  end)

  it("is quick with many outputs and many changes", function()
    local lines = {}
    for i = 1, 500 do
      lines[i] = ('p:task "t%d" { run = "true", outputs = { "d%d/*.o", "e%d/x" } }'):format(i, i, i)
    end
    local of = scope_of(table.concat(lines, "\n"))
    local asked, match = 0, fs.match
    fs.match = function(...)
      asked = asked + 1
      return match(...)
    end
    for i = 1, 500 do assert.is_false(counts(of, ("d%d/a.o"):format(i))) end
    fs.match = match
    assert.equal(500, asked)
  end)
end)
