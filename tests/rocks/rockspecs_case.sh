#!/usr/bin/env bash
# The rockspecs of this project: LuaRocks builds what they say, and the program works.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=rockspecs
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$PWD/tree

# make_rock ROCKSPEC: in the source tree, into a tree of ours.
make_rock() { (cd "$root" && luarocks make --tree "$tree" --deps-mode none "rockspec/$1"); }

for rockspec in "$root"/rockspec/*.rockspec; do
  check "luarocks lint $(basename "$rockspec")" luarocks lint "$rockspec"
done

check "ggen-api is installed" make_rock ggen-api-1.0.0-1.rockspec
check "its levels are those of the program" env LUA_PATH="$tree/share/lua/5.1/?.lua;;" \
  "$GGEN_LUA" lua -e 'local api = require("ggen_api")
    assert(api.level == require("ggen.registry").API)
    for kind, row in pairs(require("ggen.kinds").kinds) do assert(api.kinds[kind] == row.api, kind) end
    for kind in pairs(api.kinds) do assert(require("ggen.kinds").kinds[kind], kind) end'

check "ggen-plugin-contract is installed" make_rock ggen-plugin-contract-1.0.0-1.rockspec
check "inside ggen-lua it is the suite" env LUA_PATH="$tree/share/lua/5.1/?.lua;;" \
  "$GGEN_LUA" lua -e 'assert(require("ggen_plugin_contract").busted)'
check "elsewhere it says where to go" fails 1 'busted --lua="ggen-lua lua"' \
  env LUA_PATH="$tree/share/lua/5.1/?.lua;;" luajit -e 'require("ggen_plugin_contract")'

# What ./dev build has built is not built again.
check "luarocks make builds ggen-lua" make_rock ggen-lua-scm-1.rockspec
check "it runs" says "ggen-lua " "$tree/bin/ggen-lua" version
make_project p
check "and works" says "echo from a" "$tree/bin/ggen-lua" -C p list --json
check "it knows where the types are" "$tree/bin/ggen-lua" plugin new --no-git -o fresh cache mine
check "which are there" test -s fresh/.ggen/types/ggen.lua
check "it is removed again" luarocks remove --force --tree "$tree" ggen-lua
check "without a rest" test ! -e "$tree/bin/ggen-lua"
summary
