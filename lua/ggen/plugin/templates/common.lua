-- What every repository of a plugin has, whatever its kind: @NAME@ and others are filled in.
-- SPDX-License-Identifier: MIT
local M = {}

M.contract_spec = [==[
-- The contract of the kind, one test for each of its checks: what `ggen-lua plugin test` runs.
require("ggen.contract").busted("@PATH@"@CONTRACT_OPTIONS@)
]==]

M.example_spec = [==[
-- Runs example/pipeline.lua with the plugin as its users have it: found by its name, in an
-- environment of its own, with the permissions that it asks for.
local sh = require("ggen").std.sh

-- ggen_lua([ENVIRONMENT,] ARGS...): what it wrote. Raises when it fails.
local function ggen_lua(env, ...)
  if type(env) ~= "table" then return ggen_lua({}, env, ...) end
  local options = { env = { LUA_PATH = "./lua/?.lua;./lua/?/init.lua;;" } }
  for name, value in pairs(env) do options.env[name] = value end
  return assert(sh.capture({ "ggen-lua", "-C", "example", ... }, options))
end

describe("example", function()
@EXAMPLE_SPEC@end)
]==]

M.example = [==[
-- Run it with: LUA_PATH="./lua/?.lua;;" ggen-lua -C example
local p = require("ggen").pipeline "example"

@EXAMPLE@
return p
]==]

M.busted = [==[
-- `busted` runs the specs inside ggen-lua, where `require "ggen"` is and code may wait.
return {
  default = { lua = "ggen-lua lua", lpath = "./lua/?.lua;./lua/?/init.lua", ROOT = { "spec" } },
}
]==]

M.luacheckrc = [==[
std = "luajit"
max_line_length = 100
files["spec"] = { std = "+busted" }
exclude_files = { ".ggen", ".luarocks", "lua_modules" }
-- Built-in methods get `self` and arguments that not everybody needs.
unused_args = false
]==]

M.luarc = [==[
{
  "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
  "runtime.version": "LuaJIT",
  "runtime.path": ["lua/?.lua", "lua/?/init.lua"],
  "workspace.library": [
    ".ggen/types",
    "lua_modules/share/lua/5.1/ggen_api/types",
    "${3rd}/busted/library",
    "${3rd}/luassert/library"
  ],
  "workspace.checkThirdParty": false
}
]==]

M.gitignore = [==[
/lua_modules/
/.luarocks/
*.rock
.ggen/
/example/*.txt
]==]

M.rockspec = [==[
rockspec_format = "3.0"
package = "@ROCK@"
version = "@VERSION@-1"
source = {
  url = "git+https://github.com/@OWNER@/@ROCK@.git",
  tag = "v@VERSION@",
}
description = {
  summary = "@DESC@",
  detailed = [[
A plugin of ggen-lua, of kind @KIND@: @USE@
]],
  homepage = "https://github.com/@OWNER@/@ROCK@",
  license = "MIT",
  labels = { "ggen-lua", "ggen-lua-plugin", "@KIND@" },
}
dependencies = {
  "lua == 5.1",
  "ggen-api >= 1, < 2", -- the level of the plugin contract; ggen-lua itself has it
}
test_dependencies = {
  "busted >= 2.0",
}
test = {
  type = "busted",
}
build = {
  type = "builtin",
  modules = {
    ["ggen.plugins.@KIND@.@NAME@"] = "@PATH@",
  },
}
]==]

M.changelog = [==[
# Changes

The format is that of [Keep a Changelog](https://keepachangelog.com); versions follow
[Semantic Versioning](https://semver.org).

## [@VERSION@] - @DATE@

- The first version.
]==]

M.readme = [==[
# @ROCK@

@PAGE@
## Install it

In a project with a `pipeline.lua`:

```console
$ ggen-lua plugin add @ROCK@
```

This shows what the plugin may do, and keeps its version and its files in `ggen-lock.json`.

## Work on it

```console
$ ggen-lua plugin test     # the contract of its kind, in a world with a clock of its own
$ busted                   # the specs, which are in spec/
$ luacheck .
$ ggen-lua plugin pack     # a rock to publish
```

`plugin test` also makes `.ggen/types`, a link to the types of the `ggen-lua` that is installed
here: with it the Lua language server of an editor completes `ggen`, the plugin and its `host`.

`ggen-lua plugin doc --update README.md` writes the part about params anew. A new version has its
number in three places, and `plugin pack` says when they differ: the table of the plugin, the
rockspec (with its file name and tag), and the changelog.
]==]

M.license = [==[
MIT License

Copyright (c) @YEAR@ @AUTHOR@

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
]==]

M.workflow = [==[
name: ci
on: [push, pull_request]

jobs:
  test:
    runs-on: ubuntu-24.04
    env:
      GGEN_SOURCE: https://github.com/@OWNER@/ggen-lua.git # where you have ggen-lua from
      GGEN_VERSION: v@GGEN_VERSION@
    steps:
      - uses: actions/checkout@v4
      - run: |
          sudo apt-get update
          sudo apt-get install -y --no-install-recommends lua-busted lua-check luarocks
      - id: ggen
        uses: actions/cache@v4
        with: { path: ~/ggen-lua, key: "ggen-lua-${{ runner.arch }}-${{ env.GGEN_VERSION }}" }
      - if: steps.ggen.outputs.cache-hit != 'true'
        run: |
          git clone --depth 1 --branch "$GGEN_VERSION" "$GGEN_SOURCE" "$RUNNER_TEMP/ggen-lua"
          "$RUNNER_TEMP/ggen-lua/dev" build
          install -D -t ~/ggen-lua "$RUNNER_TEMP/ggen-lua/build/release/ggen-lua"
      - run: echo "$HOME/ggen-lua" >> "$GITHUB_PATH"
      - run: luacheck .
      - run: busted
      - run: ggen-lua plugin test
      - run: ggen-lua plugin pack
      - uses: actions/upload-artifact@v4
        with: { name: rocks, path: "*.rock" }
]==]

return M
