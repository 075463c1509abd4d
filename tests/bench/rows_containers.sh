# Rows about containers that are kept warm, with a real engine (tests/services/podman.sh), started for
# them. Uses from run.sh: $ggen, $root, $tools, $work, row and its helpers.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" lease container-command fresh-postgres leases-ahead pool-idle"

POSTGRES_IMAGE=localhost/ggen/postgres:15

end_engine() {
  GGEN_SERVICES_DIR=$work/services bash "$root/tests/services/podman.sh" stop > "$work/log" 2>&1 ||
    tail -n 5 "$work/log" >&2
  rm -rf "$work"
}

# The engine, once for all rows; it ends with the script.
need_engine() {
  [ -z "${engine_runs:-}" ] || return 0
  engine_runs=yes
  local kit=(env GGEN_SERVICES_DIR="$work/services" bash "$root/tests/services/podman.sh")
  trap end_engine EXIT
  quietly "${kit[@]}" start
  quietly "${kit[@]}" build bb redis postgres postgres-seeded
  eval "$("${kit[@]}" env)"
}

row_lease() {
  need_engine
  mkdir "$work/lease"
  local running paused
  running=$("$ggen" lua "$root/tests/bench/containers.lua" acquire "$work/lease" 41 run)
  paused=$("$ggen" lua "$root/tests/bench/containers.lua" acquire "$work/lease" 41 pause)
  row "a lease of a warm container (redis)" "<= 5 ms" "$(in_ms "$running")" - "$(at_most "$running" 0.005)"
  row "the same, paused" "<= 12 ms" "$(in_ms "$paused")" - "$(at_most "$paused" 0.012)"
}

row_container_command() {
  need_engine
  local ours theirs ratio
  IFS=$'\t' read -r ours theirs ratio <<< "$("$ggen" lua "$root/tests/bench/containers.lua" command 41)"
  row "a command in a warm container against \`podman exec\`" "<= 0.05 x" \
    "$(in_ms "$ours") against $(in_ms "$theirs")" "$ratio" "$(at_most "$ratio" 0.05)"
}

# write_fresh DIR USE [FIELDS]: 20 tasks, each of which needs a PostgreSQL that nobody has used; `run`
# stands for the work with it. $2 is Lua that names plugins, $3 are more fields of the tasks.
write_fresh() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" << LUA
local std = require "ggen.std"
local p = require("ggen").pipeline "fresh"
$2
for i = 1, 20 do
  p:task("t" .. i) { inputs = {}, pass_env = { "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF" }, $3 }
end
return p
LUA
  # Nobody was here before, and somebody is now.
  cat > "$1/use.sh" << 'SH'
[ "$(psql -XAtqc "create table mine(n int); insert into mine values (1); select count(*) from mine")" = 1 ]
SH
  # By hand: started for the task, asked until it answers, removed.
  cat > "$1/own.sh" << SH
set -e
dir=\$(mktemp -d "$work/own-XXXXXX")
chmod 777 "\$dir"
id=\$(podman run -d --network=none -v "\$dir:/tmp" $POSTGRES_IMAGE -c fsync=off)
trap 'podman rm -f -t 0 -v "\$id" > /dev/null; rm -rf "\$dir"' EXIT
export PGHOST=\$dir PGUSER=postgres PGDATABASE=postgres
until psql -XAtqc 'select 1' > /dev/null 2>&1; do sleep 0.02; done
sh use.sh
SH
}

pool_of() { # SIZE [FIELDS OF THE POOL [IMAGE]]
  echo "p:use \"containers.pool\" { ${2:+$2,} timeout = \"120s\", db = std.containers.postgres {
    image = \"${3:-$POSTGRES_IMAGE}\", socket = \"/tmp\", size = $1 } }"
}

row_fresh_postgres() {
  need_engine
  write_fresh "$work/own" "" 'run = "sh own.sh"'
  write_fresh "$work/pooled" "$(pool_of 3)" 'run = "sh use.sh", services = { "db" }'
  compare 3 "$ggen" -C "$work/own" run -j3 --no-cache ::: "$ggen" -C "$work/pooled" run -j3 --no-cache
  row "20 tasks that each need a fresh PostgreSQL: a pool of 3 against a container each" "<= 0.35 x" \
    "$(seconds 2) s against $(seconds 1) s" "$(inverse "$(ratio_to 2)")" "$(at_most "$(inverse "$(ratio_to 2)")" 0.35)"
  # Before the first task of a second run there is a lease.
  write_fresh "$work/kept" "$(pool_of 3 'keep = "10m"')" "run = { { \"$tools/stamp\", \"$work/stamp\" } }, services = { \"db\" }"
  quietly "$ggen" -C "$work/kept" run t1 t2 t3 -j3 --no-cache
  found=$("$tools/first_spawn" 11 "$work/stamp" "$ggen" -C "$work/kept" run t1 --no-cache)
  row "a run with containers of the one before, to its first task" "<= 50 ms" "$(field 1 1) ms" - \
    "$(at_most "$(field 1 1)" 50)"
  quietly "$ggen" -C "$work/kept" containers stop
}

# Seconds for which the tasks of a run waited for leases; all of them are on the critical path.
waited() { # DIRECTORY
  quietly "$ggen" -C "$1" run --no-cache --trace "$work/trace.json"
  "$ggen" lua "$root/tests/bench/containers.lua" waited "$work/trace.json"
}

row_leases_ahead() {
  need_engine
  local how round
  for how in true false; do
    mkdir "$work/ahead-$how"
    cat > "$work/ahead-$how/pipeline.lua" << LUA
local std = require "ggen.std"
local p = require("ggen").pipeline "ahead"
$(pool_of 1 "predict = $how" "$POSTGRES_IMAGE-seeded")
p:task "build" { inputs = {}, run = "sleep 3" }
p:task "test" { inputs = {}, needs = { "build" }, services = { "db" }, run = "psql -XAtqc 'select 1'" }
return p
LUA
    waited "$work/ahead-$how" > /dev/null # what it takes is known from then on
  done
  for round in 1 2 3; do
    echo "$(waited "$work/ahead-true") $(waited "$work/ahead-false")"
  done | awk '{ print $1 / $2, $1, $2 }' | sort -g | sed -n 2p > "$work/waited"
  local ratio ahead late
  read -r ratio ahead late < "$work/waited"
  row "time on the critical path spent waiting for a PostgreSQL: begun ahead against when it is wanted" "<= 0.3 x" \
    "$(in_ms "$ahead") against $(in_ms "$late")" "$ratio" "$(at_most "$ratio" 0.3)"
}

row_pool_idle() {
  need_engine
  write_fresh "$work/without" "" 'run = "true"'
  write_fresh "$work/with" "$(pool_of 3)" 'run = "true", services = { "db" }'
  quietly "$ggen" -C "$work/without" run
  quietly "$ggen" -C "$work/with" run -j3
  compare 101 "$ggen" -C "$work/without" run ::: "$ggen" -C "$work/with" run
  local more calls
  more=$(awk -v with="$(field 2 1)" -v without="$(field 1 1)" 'BEGIN { printf "%.6f", with - without }')
  row "20 tasks that lease, all of them cached, against the same without a pool" "<= 2 ms more" \
    "$(ms 2) against $(ms 1)" - "$(at_most "$more" 0.002)"
  calls=$(strace -f -e trace=connect "$ggen" -C "$work/with" run 2>&1 | grep -c 'connect(' || true)
  row "the same: connections to the container engine" "0" "$calls" - "$(at_most "$calls" 0)"
}
