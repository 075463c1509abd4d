#!/usr/bin/env bash
# Rocks that would have LuaRocks run something: by a rockspec that says something else to another Lua
# than ours, and by a configuration of LuaRocks among the sources.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=twofold
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
work=$PWD
plugin() { "$GGEN_LUA" plugin "$@"; }
nothing_ran() {
  [[ ! -e $work/ran ]] || {
    cat "$work/ran"
    return 1
  }
}

# In LuaJIT a text has no method pack, and "\x41" is one character: for other Luas this is another rock.
make_scheduler "$work/two" two 1.0.0
cat >>two/ggen-scheduler-two-1.0.0-1.rockspec <<END
if ("").pack or #"\\x41" ~= 1 then
  build = { type = "command", build_command = "echo build >>$work/ran", install_command = "echo build >>$work/ran" }
end
END
make_scheduler "$work/one" one 1.0.0
mkdir -p one/.luarocks one/lua_modules
{
  printf 'fs_use_modules = false\nvariables = {\n'
  for program in cp ls mkdir pwd test find chmod; do
    printf '%s = "echo configuration >>%s/ran; %s",\n' ${program^^} "$work" $program
  done
  echo '}'
} >one/.luarocks/config-5.1.lua
echo "os.execute('echo version >>$work/ran') return '5.1'" >one/.luarocks/default-lua-version.lua
make_project p scheduler.two
check "update without a plugin" says 'no plugin is locked here' plugin update -C p
check "it locks nothing" test ! -e p/ggen-lock.json

# rock_of NAME: a rock of the sources in the server.
rock_of() {
  mkdir -p "$work/server" "$work/packed"
  cp -r "$work/$1" "$work/packed/src"
  (cd "$work/packed" && mv src/*.rockspec . && zip -qr "$work/server/ggen-scheduler-$1-1.0.0-1.src.rock" .)
  rm -r "$work/packed"
}
for name in two one; do
  sed -i 's|^source = .*|source = { url = "git+file:///nowhere/src" }|' $name/*.rockspec
  rock_of $name
  check "$name: sources in a directory" says "added scheduler.$name" plugin add -C p "$work/$name"
  check "$name: nothing of it ran" nothing_ran
  check "$name: a rock of sources" says "added scheduler.$name" plugin add -C p scheduler.$name --server "$work/server"
  check "$name: nothing of that ran" nothing_ran
done
check "what was looked at is what is there" says 'from b' "$GGEN_LUA" run -C p -j1
check "so it stays" says 'no problem' plugin audit -C p

# Positions and names in one table, as LuaRocks allows.
sed -i 's/^dependencies = .*/dependencies = { "lua >= 5.1", "no-such-rock >= 1", platforms = { unix = {} } }/' one/*.rockspec
check "what it needs beside what a platform needs" fails 2 'no-such-rock' plugin add -C p "$work/one" --server "$work/server"
summary
