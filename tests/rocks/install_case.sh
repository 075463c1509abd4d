#!/usr/bin/env bash
# plugin add, list, audit, sync, update, remove: from a directory that is a server, the same behind
# nginx, a file, a directory with sources, and git.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=install
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
work=$PWD
share=.ggen/plugins/share/lua/5.1
file=$share/ggen/plugins/scheduler/lifo.lua
plugin() { "$GGEN_LUA" plugin "$@"; }
locked() { grep -qF -- "$1" ggen-lock.json; }
gone() { [[ ! -e $1 ]]; }
# untouched DIR COMMAND...: it changes nothing in the directory, and makes nothing there for a while.
untouched() {
  local before
  before=$(find "$1" -printf '%p %T@ %C@\n')
  "${@:2}"
  [[ $(find "$1" -printf '%p %T@ %C@\n') == "$before" ]]
}
# In an environment where the programs that would ask somebody are missing.
alone() { PATH=$work/no-programs "$@"; }
mkdir -p no-programs
for program in sh env; do ln -s "$(command -v $program)" no-programs/; done

make_scheduler "$work/src" lifo 1.0.0
pack_rock "$work/src" "$work/server"
make_scheduler "$work/next" lifo 1.1.0 'permissions = { "net:example.org", "fs:out:ro" },'
sed -i 's/Last first/Last of all first/' next/lua/ggen/plugins/scheduler/lifo.lua

# --- a directory of rocks ---------------------------------------------------------------------------

make_project p scheduler.lifo
cd p
check "add by name" says 'added scheduler.lifo 1.0.0-1' plugin add scheduler.lifo --server ../server --offline
check "the lock has it" locked '"source":"file:'
check "the run has it" says 'from b' "$GGEN_LUA" run -j1
check "list" says 'scheduler.lifo  1.0.0-1' plugin list
check "list --json" says '"rock": "ggen-scheduler-lifo"' plugin list --json
check "list --order" says 'lock' plugin list --order
check "audit finds nothing" says 'no problem' plugin audit
git init -q
check "git leaves the files alone" git check-ignore -q "$file"
check "git takes the lock" says '?? ggen-lock.json' git status --porcelain
rm -rf .git
cp ggen-lock.json "$work/lock.1"
check "adding it again changes nothing" says 'added' plugin add ggen-scheduler-lifo@1.0.0 --server ../server
check "the lock is the same" cmp ggen-lock.json "$work/lock.1"
check "a satisfied lock starts no program" says 'as ggen-lock.json says' alone "$GGEN_LUA" plugin sync --frozen
check "nor does a run" alone "$GGEN_LUA" list

echo '-- changed' >>$file
echo 'return 1' >$share/other.lua
check "audit sees both" fails 3 '2 problems' plugin audit
check "audit --json" fails 3 '"file": "other.lua"' plugin audit --json
check "doctor sees them" fails 3 'lifo.lua is not what was added' "$GGEN_LUA" doctor
check "the run is stopped" fails 2 'is not what ggen-lock.json says' "$GGEN_LUA" run
check "sync mends it" says 'installed scheduler.lifo' plugin sync --frozen
check "the other file is gone" gone $share/other.lua
check "it runs again" says 'from b' "$GGEN_LUA" run -j1
rm -rf .ggen/plugins
check "a fresh clone has no plugins" fails 2 'plugin sync installs it' "$GGEN_LUA" run
check "sync gets them" says 'installed' plugin sync --frozen

cp "$file" "$work/kept" && echo '-- another' >>"$file"
mkfifo "$work/go" "$work/holds"
HOLDS=$work/holds GO=$work/go "$GGEN_LUA" lua -e 'local held = require("ggen.core.lock").hold(".ggen/plugins/.lock", "plugins")
  local told = io.open(os.getenv("HOLDS"), "w")
  told:write("held\n")
  told:close()
  io.open(os.getenv("GO")):read()
  held:close()' &
read -r _ <"$work/holds"
check "a run while they are changed" fails 2 'are being changed by another ggen-lua' "$GGEN_LUA" run
echo >"$work/go"
wait
check "and afterwards" fails 2 'is not what ggen-lock.json says' "$GGEN_LUA" run
cp "$work/kept" "$file"
rm "$file" && mkdir -p "$file/more"
check "a directory in the place of a file" fails 2 'Is a directory' "$GGEN_LUA" run
check "sync puts the file there" says installed plugin sync --frozen
check "sync that has nothing to do writes nothing" says 'as ggen-lock.json says' \
  untouched .ggen "$GGEN_LUA" plugin sync --frozen
check "its page has what its file says" says 'Who comes last goes first.' plugin doc scheduler.lifo

# --- updates ------------------------------------------------------------------------------------------

check "update finds nothing" says 'as new as it can be' plugin update
pack_rock "$work/next" "$work/server"
check "more permissions need a yes" fails 2 'may also talk to example.org' plugin update
check "nothing was changed" cmp ggen-lock.json "$work/lock.1"
check "no yes in CI" fails 2 'in CI' env CI=true "$GGEN_LUA" plugin update --yes
check "with a yes" says '1.0.0-1 -> 1.1.0-1' plugin update --yes
check "the lock grants them" locked '"permissions":["net:example.org","fs:out:ro"]'
check "it runs" says 'from b' "$GGEN_LUA" run -j1
check "an older one by its version" says 'added scheduler.lifo 1.0.0-1' plugin add scheduler.lifo@1.0.0-1 --server ../server
check "the lock is as it was" cmp ggen-lock.json "$work/lock.1"
check "a misspelt name" fails 2 'did you mean "scheduler.lifo"?' plugin add scheduler.lif --server ../server
check "a name without its kind" fails 2 'did you mean "scheduler.lifo"?' plugin add lifo --server ../server
mkdir ggen-scheduler-lifo
check "a name that a directory here has" fails 2 './ggen-scheduler-lifo is the one, and scheduler.lifo the other' \
  plugin add ggen-scheduler-lifo --server ../server
rmdir ggen-scheduler-lifo
check "a version that there is not" fails 2 'which has: 1.1.0-1, 1.0.0-1' plugin add scheduler.lifo@3.0 --server ../server
check "a rock that there is not" fails 2 'there is no rock ggen-scheduler-other' plugin add scheduler.other --server ../server

# --- the rock on the server is another than it was ----------------------------------------------------

rm -rf .ggen/plugins
cp -r "$work/server" "$work/tampered"
cp -r "$work/src" "$work/src2"
sed -i 's/turn = 0/turn = 7/' "$work/src2/lua/ggen/plugins/scheduler/lifo.lua"
pack_rock "$work/src2" "$work/tampered"
check "another rock of that version is refused" fails 2 'lifo.lua is another' plugin sync --server ../tampered
check "nothing of it is there" gone $file
check "sync gets the right one" says installed plugin sync
check "remove" says 'removed scheduler.lifo' plugin remove scheduler.lifo
check "its files are gone" gone $share/ggen
check "remove it again" fails 2 'has no plugin' plugin remove scheduler.lifo
cd "$work"

# --- nginx ------------------------------------------------------------------------------------------

mkdir -p nginx
cat >nginx/nginx.conf <<END
pid $work/nginx/pid; error_log $work/nginx/error.log; worker_processes 1;
$([[ $EUID != 0 ]] || echo "user root;")
events { worker_connections 64; }
http { access_log $work/nginx/access.log; client_body_temp_path $work/nginx/b; proxy_temp_path $work/nginx/p;
  fastcgi_temp_path $work/nginx/f; uwsgi_temp_path $work/nginx/u; scgi_temp_path $work/nginx/s;
  server { listen 127.0.0.1:18080; root $work/served; } }
END
pack_rock "$work/src" "$work/served"
nginx -c "$work/nginx/nginx.conf" # it listens when it has gone into the background
nginx=$(<nginx/pid)
mkfifo listens
python3 "$(dirname "$0")/dying_server.py" 18081 "$work/served" >listens &
dying=$!
trap 'kill $nginx $dying; wait' EXIT
read -r _ <listens
make_project q scheduler.lifo
cd q
check "add from nginx" says 'from http://127.0.0.1:18080/ggen-scheduler-lifo-1.0.0-1.all.rock' \
  plugin add scheduler.lifo --server http://127.0.0.1:18080/
check "it runs" says 'from b' "$GGEN_LUA" run -j1
requests=$(wc -l <"$work/nginx/access.log")
check "sync asks nobody" says 'as ggen-lock.json says' plugin sync
rm -rf .ggen/plugins
check "what was got before is kept" says installed plugin sync --offline
check "no request was made" test "$(wc -l <"$work/nginx/access.log")" = "$requests"
rm -rf .ggen/plugins "$GGEN_CACHE_DIR/rocks"
check "--offline asks nobody" fails 2 'there is no rock' plugin sync --offline
check "sync gets it from there" says installed plugin sync
check "a server that nobody listens at" fails 2 'does not answer' plugin add scheduler.other --server http://127.0.0.1:9
check "a rock that ends in the middle" fails 2 'ggen-scheduler-lifo-1.0.0-1.all.rock' \
  plugin add scheduler.lifo --server http://127.0.0.1:18081
check "--offline and a URL" fails 2 'asked over the network' plugin add scheduler.lifo --offline --server http://127.0.0.1:18080
check "the project is as it was" says 'no problem' plugin audit
cd "$work"

# --- a file, a directory, git ---------------------------------------------------------------------------

make_project f scheduler.lifo
check "the file of a rock" says 'added scheduler.lifo 1.0.0-1' plugin add -C f ../server/ggen-scheduler-lifo-1.0.0-1.all.rock
make_project d scheduler.lifo
check "a directory" says 'added scheduler.lifo 1.0.0-1' plugin add -C d ../src
cd d
sed -i 's/turn = 0/turn = 3/' "$work/src/lua/ggen/plugins/scheduler/lifo.lua"
check "its sources changed, and nothing here" says 'no problem' plugin audit
rm -rf .ggen/plugins
check "--frozen refuses changed sources" fails 2 '--frozen was given' plugin sync --frozen
check "sync locks them anew" says 'locked anew' plugin sync
check "it runs" says 'from b' "$GGEN_LUA" run -j1
cd "$work"
git init -q -b main repo.git
cp -r next/. repo.git/
git -C repo.git add . && git -C repo.git commit -qm one && git -C repo.git tag v1
sed -i 's/first"/first now"/' repo.git/lua/ggen/plugins/scheduler/lifo.lua
git -C repo.git commit -qam two
make_project g scheduler.lifo
cd g
check "git" says 'added scheduler.lifo 1.1.0-1' plugin add "git+file://$work/repo.git#v1"
check "the lock has the commit" locked "?ref=v1#$(git -C ../repo.git rev-parse v1)"
check "a branch that there is not" fails 2 'no branch, tag or commit "no"' plugin add "git+file://$work/repo.git#no"
check "the branch itself" says 'added' plugin add "git+file://$work/repo.git"
check "with its commit" locked "repo.git#$(git -C ../repo.git rev-parse main)"
git -C "$work/repo.git" commit -q --allow-empty -m three
rm -rf .ggen/plugins
check "sync takes the commit of the lock" says installed plugin sync --frozen
check "update takes the newest" says 'as new as it can be' plugin update
check "and its commit" locked "$(git -C ../repo.git rev-parse main)"
check "no repository" fails 2 'none.git' plugin add "git+file://$work/none.git"
cd "$work"

# --- a clone on another machine ---------------------------------------------------------------------------

make_project team scheduler.lifo
cp -r src team/own
sed -i 's/turn = 3/turn = 0/' team/own/lua/ggen/plugins/scheduler/lifo.lua
git init -q -b main team
# clone_of NAME: what others have of it: the lock is in git, .ggen is not.
clone_of() {
  git -C team add pipeline.lua ggen-lock.json own && git -C team commit -qm x && git clone -q team "$1"
}
no_note() { ! grep -q 'path of this machine' <<<"$("$@")"; }
check "sources of the project itself" no_note "$GGEN_LUA" plugin add -C team ./own
clone_of clone1
check "a clone has them" says 'installed' plugin sync --frozen -C clone1
check "it runs" says 'from b' "$GGEN_LUA" run -j1 -C clone1
cp -r server elsewhere
check "a path of this machine" says 'others who clone' plugin add -C team scheduler.lifo@1.0.0 --server ../elsewhere
clone_of clone2
mv elsewhere moved
rm -rf "$GGEN_CACHE_DIR/rocks"
check "a clone has none" fails 2 'it is not there (the lock has this path' plugin sync --frozen -C clone2
check "but by a server" says 'installed' plugin sync --frozen -C clone2 --server ../moved

# --- what it needs ------------------------------------------------------------------------------------

mkdir -p lib/src
echo 'return function(n) return n + 1 end' >lib/src/counting.lua
for version in 1.0.0 1.2.0 2.0.0; do
  cat >lib/some-counting-$version-1.rockspec <<END
rockspec_format = "3.0"
package = "some-counting"
version = "$version-1"
source = { url = "git+file://$work/lib" }
build = { type = "builtin", modules = { counting = "src/counting.lua" } }
END
  pack_rock "$work/lib" "$work/server"
  rm lib/some-counting-$version-1.rockspec
done
make_scheduler "$work/needs" needy 1.0.0
sed -i '1s/.*/local count = require("counting")\nlocal turn = count(0)/' needs/lua/ggen/plugins/scheduler/needy.lua
sed -i 's/"lua == 5.1"/"lua >= 5.1, < 5.5", "ggen-api ~> 1", "some-counting ~> 1.0"/' needs/*.rockspec
make_project n scheduler.needy
cd n
check "what it needs comes with it" says 'added some-counting 1.0.0-1, which ggen-scheduler-needy needs' \
  plugin add ../needs --server ../server
check "it runs" says 'from b' "$GGEN_LUA" run -j1
echo '-- changed' >>$share/counting.lua
check "a module that it needs was changed" fails 2 'counting.lua is not what' "$GGEN_LUA" run
check "sync" says 'installed some-counting' plugin sync --server ../server
check "no plugin by itself" fails 2 'is no plugin' plugin add some-counting --server ../server
check "nor to be removed" fails 2 'it is there for ggen-scheduler-needy' plugin remove some-counting
check "they go together" says 'removed some-counting' plugin remove scheduler.needy
again() {
  sed 's/1\.1\.0/1.0.0/; s/some-counting >= 1.1/some-counting ~> 1.0/' ../needs/*.rockspec >../old.rockspec
  mkdir -p ../old && cp -r ../needs/lua ../old/ && cp ../old.rockspec ../old/ggen-scheduler-needy-1.0.0-1.rockspec
  pack_rock "$work/old" "$work/server" && plugin add scheduler.needy@1.0.0 --server ../server && plugin update
}
sed -i 's/1\.0\.0/1.1.0/; s/some-counting ~> 1.0/some-counting >= 1.1/' ../needs/*.rockspec
mv ../needs/*.rockspec ../needs/ggen-scheduler-needy-1.1.0-1.rockspec
pack_rock "$work/needs" "$work/server"
check "a newer one needs a newer one" says 'updated scheduler.needy 1.0.0-1 -> 1.1.0-1' again
check "which is here" locked '"rock":"some-counting","version":"2.0.0-1"'
sed -i 's/some-counting >= 1.1/some-counting > 5/' ../needs/*.rockspec
check "what no server has" fails 2 'there is no some-counting > 5' plugin add ../needs --server ../server
sed -i 's/some-counting > 5/lua >= 5.3/' ../needs/*.rockspec
check "another Lua" fails 2 'needs lua >= 5.3, and here is lua 5.1' plugin add ../needs --server ../server

# --- in a process of its own ----------------------------------------------------------------------------

check "whatever it says itself" says 'runs in a process of its own' plugin add scheduler.lifo --server ../server --trust process
check "the lock says so" locked '"trust":"process"'
sed -i 's/scheduler.needy/scheduler.lifo/' pipeline.lua
# Also where the kernel has no sandbox.
check "it runs" says 'from b' env GGEN_SANDBOX=weaker "$GGEN_LUA" run -j1
check "and stays there" says 'runs in a process of its own' plugin add scheduler.lifo --server ../server
check "remove it" says removed plugin remove scheduler.lifo

# --- in a workspace, and elsewhere ----------------------------------------------------------------------

mkdir -p sub/dir
check "from a directory below" says 'added' plugin add -C sub/dir scheduler.lifo@1.0 --server ../../../server
check "the lock is the root's" test -e ggen-lock.json
mkdir -p "$work/w/api"
cat >"$work/w/pipeline.lua" <<'END'
local p = require("ggen").pipeline "w"
p:workspaces "api"
p:use "scheduler.lifo"
return p
END
cat >"$work/w/api/pipeline.lua" <<'END'
local w = require("ggen").workspace "api"
w:task "a" { run = "echo from a", cache = false }
return w
END
check "from a workspace" says added plugin add -C "$work/w/api" scheduler.lifo@1.0 --server "$work/server"
check "the lock is the root's, too" test -e "$work/w/ggen-lock.json"
check "a run in the workspace has it" says 'from a' "$GGEN_LUA" run -C "$work/w/api"
mkdir "$work/empty"
check "without a project" fails 2 'plugins belong to a project' plugin add -C "$work/empty" scheduler.lifo
summary
