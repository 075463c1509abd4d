#!/usr/bin/env bash
# The way of a plugin from end to end, offline: made, edited, tested, packed, put on a server, added
# to another project, run; and refused once somebody has touched it.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=whole
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
work=$PWD
started=$SECONDS
plugin() { "$GGEN_LUA" plugin "$@"; }

check "new" says '' plugin new scheduler lifo
cd ggen-scheduler-lifo
file=$(find . -path '*ggen/plugins/scheduler/lifo.lua')
check "there is the plugin" test -f "$file"
cat >"$file" <<'END'
-- The task that was declared last is started first.
---@type ggen.Plugin
return {
  name = "lifo",
  kind = "scheduler",
  version = "0.1.0",
  api = "^1",
  desc = "Starts the task that was declared last",
  setup = function()
    return { priority = function(_, task) return task.index end }
  end,
}
END
check "test" plugin test
git init -q -b main . && git add -A && git commit -qm one
check "pack" plugin pack -o "$work/server"
cd "$work/server"
check "the server" luarocks-admin make-manifest --lua-version 5.1 .
make_project "$work/other" scheduler.lifo
cd "$work/other"
check "add" says 'added scheduler.lifo' plugin add scheduler.lifo --server ../server --offline
check "run: the last one first" says $'from b' "$GGEN_LUA" run -j1
order() { [[ $("$GGEN_LUA" run -j1 | grep -o 'from [ab]' | tr '\n' ' ') == 'from b from a ' ]]; }
check "in that order" order
check "test of what is installed" says '0 failed' plugin test scheduler.lifo --schedules 20
check "audit" says 'no problem' plugin audit
echo 'return nil' >>.ggen/plugins/share/lua/5.1/ggen/plugins/scheduler/lifo.lua
check "a touched file is refused" fails 2 'is not what ggen-lock.json says' "$GGEN_LUA" run
check "nor is it tested" fails 2 'is not what ggen-lock.json says' plugin test scheduler.lifo
check "sync" says installed plugin sync --offline
check "in that order again" order
check "all of it in less than 60 s" test $((SECONDS - started)) -lt 60
summary
