#!/usr/bin/env bash
# What befalls a change of the plugins: two at once, a kill, a full disk, a lock that is no good,
# links, builds.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=harm
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
work=$PWD
share=.ggen/plugins/share/lua/5.1
plugin() { "$GGEN_LUA" plugin "$@"; }
for name in one two three four; do
  make_scheduler "$work/$name" $name 1.0.0
  pack_rock "$work/$name" "$work/server"
done

# --- two processes at once ----------------------------------------------------------------------------

make_project p scheduler.one
cd p
children=()
for name in one two three four; do
  "$GGEN_LUA" plugin add scheduler.$name --server ../server >"$work/$name.log" 2>&1 &
  children+=($!)
done
ended=0
for child in "${children[@]}"; do wait "$child" || ended=1; done
check "all of them end well" test $ended = 0
check "the lock has them all" test "$(grep -c '"name":"scheduler' ggen-lock.json)" = 4
check "and so has the tree" says 'no problem' plugin audit
check "it runs" says 'from b' "$GGEN_LUA" run -j1

# --- a kill -------------------------------------------------------------------------------------------

cp ggen-lock.json "$work/lock"
make_scheduler "$work/five" five 1.0.0
# It looks for LuaRocks in PATH, and finds what kills it.
mkdir -p "$work/killing"
# shellcheck disable=SC2016  # the other shell expands it
printf '#!/bin/sh\nkill -9 "$(cat %s/pid)"\n' "$work" >"$work/killing/luarocks"
chmod +x "$work/killing/luarocks"
killed() {
  local status=0
  PATH=$work/killing:$PATH bash -c 'echo $$ >'"$work/pid"'; exec "$0" plugin add ../five' "$GGEN_LUA" || status=$?
  [[ $status == 137 ]]
}
check "killed in the middle" killed
check "its staging is left" test -e .ggen/plugins/.staging
check "the lock is as it was" cmp ggen-lock.json "$work/lock"
check "the tree is as it was" says 'no problem' plugin audit
check "the next one goes on" says 'added scheduler.five' plugin add ../five
check "and clears up" test ! -e .ggen/plugins/.staging
check "without LuaRocks" fails 2 'apt-get install luarocks' env PATH="$work/none" "$GGEN_LUA" plugin add scheduler.one --server http://127.0.0.1:9

# --- a lock that is no good -----------------------------------------------------------------------------

for text in '{"version":2,"plugins":[]}' '{"version":1' '[]' '{"version":1,"plugins":[{"rock":"x"}]}' \
  '{"version":1,"plugins":[{"name":"scheduler.one","rock":"a","version":"1-1","source":"x","files":{"../x":"00"}}]}'; do
  printf '%s\n' "$text" >ggen-lock.json
  for command in "add scheduler.one --server ../server" "remove scheduler.one" sync update list; do
    # shellcheck disable=SC2086
    check "$text: $command" fails 2 'ggen-lock.json: ' plugin $command
  done
  check "$text: audit" fails 3 'ggen-lock.json: ' plugin audit
  check "$text: it is left as it is" test "$(<ggen-lock.json)" = "$text"
done
cp "$work/lock" ggen-lock.json
check "sync with the right one" says 'removed ggen/plugins/scheduler/five.lua' plugin sync
cd "$work"

# --- no space -------------------------------------------------------------------------------------------

mkdir small
mount -t tmpfs -o size=256k none small
make_project small/p
make_scheduler "$work/large" large 1.0.0
{ cat large/lua/ggen/plugins/scheduler/large.lua && head -c 1000000 /dev/zero | tr '\0' 'x' | fold -w 98 | sed 's/^/--/'; } >large/x
mv large/x large/lua/ggen/plugins/scheduler/large.lua
pack_rock "$work/large" "$work/server"
cd small/p
check "one that fits" says added plugin add scheduler.one --server ../../server
cp ggen-lock.json "$work/lock"
check "one that does not" fails 2 '' plugin add scheduler.large --server ../../server
check "the lock is as it was" cmp ggen-lock.json "$work/lock"
check "and the tree" says 'no problem' plugin audit
check "nothing is left of it" test ! -e .ggen/plugins/.staging
cd "$work"
umount small

# --- links, and places that nothing can be written in -------------------------------------------------------

make_scheduler "$work/linked" linked 1.0.0
mkdir outside
mv linked/lua outside/
ln -s ../outside/lua linked/lua
make_project q
check "sources that a link leads out of" fails 2 'leads out of it' plugin add -C q "$work/linked"
git init -q -b main linked.git
cp -r five/. linked.git/
rm linked.git/lua/ggen/plugins/scheduler/five.lua
ln -s /etc/passwd linked.git/lua/ggen/plugins/scheduler/five.lua
git -C linked.git add . && git -C linked.git commit -qm x
check "a link in a repository" fails 2 'unexpected symbol near' plugin add -C q "git+file://$work/linked.git"
check "no file of it is here" test ! -e q/$share/ggen/plugins/scheduler/five.lua
for word in '--' '-x' '../..' 'http://x/y' 'ftp://x/y.git' 'git+-x' 'a b' '@1' 'x@' 'git@-oProxyCommand=x:y'; do
  check "no plugin: $word" fails 2 '' plugin add -C q --offline -- "$word"
done

mkdir -p home-of-another/5.1 l/.ggen/plugins/share
make_project l
echo kept >home-of-another/5.1/kept
ln -s "$work/home-of-another" l/.ggen/plugins/share/lua
check "a tree that a link leads out of" fails 2 'is no directory' plugin sync -C l
rm l/.ggen/plugins/share/lua
mkdir -p l/.ggen/plugins/share/lua/5.1
ln -s "$work/home-of-another" l/.ggen/plugins/share/lua/5.1/ggen
check "and a link within it" fails 2 'is no directory' plugin add -C l scheduler.one --server "$work/server"
check "sync removes the link" says 'removed ggen' plugin sync -C l
check "and nothing behind it" test "$(find home-of-another -type f)" = home-of-another/5.1/kept

# --- builds -----------------------------------------------------------------------------------------------

make_scheduler "$work/built" built 1.0.0
mv built/lua/ggen/plugins/scheduler/built.lua built/template
sed -i '/^build = /,$d' built/*.rockspec
cat >>built/ggen-scheduler-built-1.0.0-1.rockspec <<'END'
build = { type = "command", build_command = "mkdir -p out && cp template out/built.lua",
  install = { lua = { ["ggen.plugins.scheduler.built"] = "out/built.lua" } } }
END
check "one that runs programs" fails 2 'refused unless --allow-build' plugin add -C q "$work/built"
check "it did not run" test ! -e built/out
check "unless it is allowed" says 'ran programs of its own' plugin add -C q "$work/built" --allow-build
check "the lock says so" grep -q '"built":true' q/ggen-lock.json
rm -rf q/.ggen/plugins
check "sync asks again" fails 2 'needs --allow-build' plugin sync -C q
check "and does it then" says installed plugin sync -C q --allow-build
summary
