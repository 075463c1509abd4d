#!/usr/bin/env bash
# Look-up and verification: what is locked is what runs.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=lookup
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
share=.ggen/plugins/share/lua/5.1

make_project p scheduler.lifo
make_scheduler "$PWD/src" lifo 1.0.0
cd p
mkdir -p $share/ggen/plugins/scheduler
file=$share/ggen/plugins/scheduler/lifo.lua
cp ../src/lua/ggen/plugins/scheduler/lifo.lua $file
# lock_with PERMISSIONS [VERSION]
lock_with() {
  printf '{"version":%s,"plugins":[\n{"name":"scheduler.lifo","rock":"ggen-scheduler-lifo","version":"1.0.0-1",%s}}\n]}\n' \
    "${2:-1}" "\"source\":\"file:x\",\"api\":\"^1\",\"permissions\":[$1],\"trust\":\"environment\",\"files\":{\"ggen/plugins/scheduler/lifo.lua\":\"$(sha256sum $file | cut -c1-64)\"" >ggen-lock.json
}

check "without a lock it is not there" fails 2 'not found' "$GGEN_LUA" run
lock_with ''
check "with one it runs" says 'from b' "$GGEN_LUA" run -j1
cp ggen-lock.json ../kept.json
sed -i 's|^\]}|,{"name":"cache.other","rock":"ggen-cache-other","version":"1.0.0-1","source":"file:x","files":{"ggen/plugins/cache/other.lua":"\x27"}}\n]}|' ggen-lock.json
check "what nobody uses is not looked at" says 'from b' "$GGEN_LUA" run -j1
sed -i 's/scheduler.lifo/cache.other/' pipeline.lua
check "but what is used is" fails 2 'ggen-lock.json: cache.other: ' "$GGEN_LUA" run
sed -i 's/cache.other/scheduler.lifo/' pipeline.lua
cp ../kept.json ggen-lock.json
cp $file ../kept
echo '-- changed' >>$file
check "a changed file stops the run" fails 2 'is not what ggen-lock.json says' "$GGEN_LUA" run
rm $file
check "so does one that is gone" fails 2 'plugin sync installs it' "$GGEN_LUA" run
sed 's/api = /permissions = { "process" }, api = /' ../kept >$file
lock_with ''
check "what is not granted is not had" fails 2 'asks for the permission "process"' "$GGEN_LUA" run
lock_with '"process"'
check "what is granted is" says 'from b' "$GGEN_LUA" run -j1
lock_with '"everything"'
check "a permission that there is not" fails 2 'unknown permission' "$GGEN_LUA" run
lock_with '' 2
check "a lock of a later version" fails 2 'take a newer ggen-lua' "$GGEN_LUA" run
echo '{"version":1,"plugins":[{' >ggen-lock.json
check "a damaged lock" fails 2 'it is no JSON' "$GGEN_LUA" run
echo '{"version":1,"plugins":[]}' >ggen-lock.json
check "installed and not locked" fails 2 'does not name it' "$GGEN_LUA" run
summary
