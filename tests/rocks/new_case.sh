#!/usr/bin/env bash
# The repository that `plugin new` makes passes its own tests, for every kind.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=new
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir bin
ln -s "$GGEN_LUA" bin/ggen-lua
PATH=$PWD/bin:$PATH

kinds="cache command containers executor fingerprint frontend hooks observer scheduler store watch workspaces"

# specs DIR: all of them but the contract, which takes seconds and has a line of its own.
specs() {
  local output status=0
  output=$(cd "$1" && busted -o TAP --exclude-pattern=contract_spec) || status=$?
  printf '%s\n' "$output"
  ((status == 0)) && [[ $output == *"ok 2"* ]]
}
# contract DIR: in a few schedules; a thousand take longer.
contract() { ggen-lua -C "$1" plugin test --schedules 20; }
# readable DIR: what editors and CIs read.
readable() {
  (cd "$1" && ggen-lua lua -e 'local bytes = io.open(".luarc.json"):read("*a")
    assert(require("ggen").std.json.decode(bytes)["workspace.library"][1])' &&
    python3 -c 'import yaml; assert yaml.safe_load(open(".github/workflows/ci.yml"))["jobs"]["test"]["steps"]')
}
clean() { (cd "$1" && luacheck --no-color . && luarocks lint ./*.rockspec); }
same() { (cd "$1" && ggen-lua plugin doc --update README.md | grep -q 'is up to date'); }
# portable DIR: nothing in it depends on the machine where it was made, but what git ignores.
portable() { (cd "$1" && git add . && ! git grep --cached -nF -e "$PWD" -e "$root"); }
# typed DIR: the types that .luarc.json names are there, also after a clone and its first test.
typed() {
  grep -qF '".ggen/types"' "$1/.luarc.json" && test -s "$1/.ggen/types/plugin.lua" &&
    rm -r "$1/.ggen" && contract "$1" && test -s "$1/.ggen/types/plugin.lua"
}
# narrow NAME: lines stay within the width of .luacheckrc.
narrow() {
  local kind
  for kind in $kinds; do ggen-lua plugin new --no-git -o "long/$kind" "$kind" "$1" >/dev/null; done
  ! grep -rnE --include='*.lua' '.{101}' long
}
# make_rock DIR: LuaRocks can build it as it is.
make_rock() {
  (cd "$1" && luarocks make --tree "$PWD/tree" --deps-mode none ./*.rockspec &&
    cmp lua/ggen/plugins/*/mine.lua tree/share/lua/5.1/ggen/plugins/*/mine.lua && rm -r tree)
}

mkdir taking && echo 'return require("ggen").pipeline "taking"' >taking/pipeline.lua

for kind in $kinds; do
  dir=ggen-$kind-mine
  check "$kind: it is made" says "lua/ggen/plugins/$kind/mine.lua" ggen-lua plugin new "$kind" mine
  check "$kind: its specs pass" specs "$dir"
  check "$kind: it keeps its contract" contract "$dir"
  check "$kind: luacheck and luarocks lint have nothing to say" clean "$dir"
  check "$kind: its README has the page of plugin doc" same "$dir"
  check "$kind: a project can take it in" says "added $kind.mine" ggen-lua -C taking plugin add "$PWD/$dir"
done

# LuaRocks with ggen-lua as its Lua, and busted as a rock: the one that is installed here.
ln -s "$GGEN_LUA" bin/lua
cat >config.lua <<END
lua_interpreter = "lua"
rocks_trees = { "$PWD/rocks" }
variables = { LUA_BINDIR = "$PWD/bin", LUA_DIR = "/usr", LUA_INCDIR = "/usr/include/luajit-2.1" }
END
mkdir -p busted/bin && cp "$(command -v busted)" busted/bin/busted
cat >busted/busted-2.1.1-1.rockspec <<END
package = "busted"
version = "2.1.1-1"
source = { url = "git+file://$PWD/busted" }
build = { type = "builtin", modules = {}, install = { bin = { "bin/busted" } } }
END
export LUAROCKS_CONFIG=$PWD/config.lua
luarocks_test() { (cd "$1" && luarocks test); }
check "busted becomes a rock" env -C busted luarocks make busted-2.1.1-1.rockspec
check "which runs in ggen-lua" says "2." rocks/bin/busted --version
check "ggen-api is a rock" env -C "$root" luarocks make rockspec/ggen-api-1.0.0-1.rockspec
check "luarocks test works, with ggen-lua as its Lua" says "successes" luarocks_test ggen-scheduler-mine
unset LUAROCKS_CONFIG

check "a kind that there is not" fails 2 "must be one of" ggen-lua plugin new schedular mine
check "no name of a plugin" fails 2 "is no name of a plugin" ggen-lua plugin new cache ../mine
check "no part of an address" fails 2 "--owner" ggen-lua plugin new --owner 'a"b' cache other
check "of which nothing is made" test ! -e ggen-cache-other
check "a name that is taken" fails 2 "is part of ggen-lua" ggen-lua plugin new cache lru
check "a name that a command has" fails 2 "ggen-lua run is there already" ggen-lua plugin new command run
check "a directory with something in it" fails 2 "is there already" ggen-lua plugin new cache mine
# These differ in names only.
check "LuaRocks builds one" make_rock ggen-scheduler-mine
check "its settings can be read" readable ggen-scheduler-mine
check "they are those of any machine" portable ggen-scheduler-mine
check "the types for editors are where they say" typed ggen-scheduler-mine
check "a long name breaks no line" narrow that-is-rather-longer-than-most
check "all specs pass, with the contract" env -C ggen-scheduler-mine busted
check "it is a repository of git" test -d ggen-cache-mine/.git
check "or not" ggen-lua plugin new --no-git -o elsewhere/it cache mine
check "then there is none" test ! -e elsewhere/it/.git
check "in one it makes no other" env -C ggen-cache-mine ggen-lua plugin new store mine
check "so there is none" test ! -e ggen-cache-mine/ggen-store-mine/.git
check "no room for it" fails 2 "File too large" bash -c "trap '' XFSZ; ulimit -f 1; exec ggen-lua plugin new cache large"
check "leaves nothing half made" test ! -e ggen-cache-large
check "a directory that cannot be written" fails 2 "/proc/x" ggen-lua plugin new -o /proc/x cache mine
summary
