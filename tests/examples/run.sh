#!/usr/bin/env bash
# Runs the example pipelines in copies of their folders, as a newcomer would: everything from nothing.
# GGEN_OFFLINE=1 leaves out those that fetch a source package.
# Usage: tests/examples/run.sh BINARY
# SPDX-License-Identifier: MIT
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
binary=$(readlink -f "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
suite=examples
# shellcheck source=../support/check.sh
source "$(dirname "$0")/../support/check.sh"

# fails WITH COMMAND...: the command ends with exit code 1 and says WITH.
fails() {
  local with=$1 output status=0
  shift
  output=$("$@" 2>&1) || status=$?
  printf '%s\n' "$output"
  [[ $status == 1 && $output == *"$with"* ]]
}

# says WITH COMMAND...: the command ends well and says WITH.
says() {
  local with=$1 output
  shift
  output=$("$@" 2>&1) || { printf '%s\n' "$output"; return 1; }
  [[ $output == *"$with"* ]] || { printf '%s\n' "$output"; return 1; }
}

# copy NAME: an example without what was built in it.
copy() {
  rm -rf "${folder:?}/$1"
  mkdir -p "$folder/$1"
  tar -C "$root/examples/$1" --exclude=build --exclude=.ggen -cf - . | tar -C "$folder/$1" -xf -
}

copy shop
check "shop runs" "$binary" -C "$folder/shop" run
check "shop runs once more" "$binary" -C "$folder/shop" run
check "shop has built its programs" test -x "$folder/shop/packages/receipt/build/receipt"
check "shop: one workspace alone" "$binary" -C "$folder/shop" run 'store#build'
printf '#error broken on purpose\n' >>"$folder/shop/packages/store/src/money.c"
check "shop: a broken source fails and says where" fails "broken on purpose" "$binary" -C "$folder/shop" run

for mode in default strict; do
  copy lifecycle
  # strict: before_test builds once more, and each workspace keeps a state of its own
  phases=11 state=$folder/lifecycle/.ggen/state.json
  [[ $mode == default ]] || phases=17 state=$folder/lifecycle/site/.ggen/state.json
  check "lifecycle builds and tests its workspaces ($mode)" says "$phases tasks: $phases ok" \
    "$binary" -C "$folder/lifecycle" run --compat "$mode" build test
  check "lifecycle has a page and a feed ($mode)" test -s "$folder/lifecycle/site/build/out" -a \
    -s "$folder/lifecycle/feed/build/out"
  check "lifecycle remembers what ran ($mode)" grep -q '"phase": "build"' "$state"
  printf 'not an event\n' >>"$folder/lifecycle/data/events.tsv"
  check "lifecycle: a wrong line in the table fails ($mode)" fails "line 5: not an event" \
    "$binary" -C "$folder/lifecycle" run --compat "$mode" build test
done
check "lifecycle: from within a workspace" says "ok" "$binary" -C "$folder/lifecycle/data" run clean

# Without a container engine: the database is a process (tests/containers runs it with one).
postgres_there() (
  export SVC=examples GGEN_SERVICES_DIR=$folder/services
  # shellcheck source=../services/lib.sh
  source "$root/tests/services/lib.sh"
  apt_need /usr/lib/postgresql/15/bin/initdb postgresql-15
)
cleanroom() { env DOCKER_HOST="unix://$folder/no-engine" "$binary" -C "$folder/cleanroom" "$@"; }
copy cleanroom
check "PostgreSQL is there" postgres_there
check "cleanroom runs its six stages" says "8 tasks: 8 ok" cleanroom run
check "cleanroom has its report" grep -qx '| client | 7 | 0 |' "$folder/cleanroom/build/report.md"
check "cleanroom has nothing more to do" says "8 tasks: 8 up to date" cleanroom run
sed -i 's/^needs = .*/needs = []/' "$folder/cleanroom/model.toml"
check "cleanroom: a test fails, and nothing is reported" fails "1 failed, 2 skipped" cleanroom run -k

for example in lua54 bzip2; do
  if [[ ${GGEN_OFFLINE:-} == 1 ]]; then
    printf 'examples: %s left out (GGEN_OFFLINE=1)\n' "$example"
    continue
  fi
  copy "$example"
  check "$example builds and tests" "$binary" -C "$folder/$example" test
done
if [[ -x $folder/lua54/build/lua ]]; then
  check "lua54 has built an interpreter" "$folder/lua54/build/lua" -e 'assert(_VERSION == "Lua 5.4")'
fi

# Its slow tests are suites of their own, which ./dev test runs beside this one.
check "ggen-lua checks itself" "$binary" -C "$root" run check lint
check "ggen-lua knows what its ci would run" "$binary" -C "$root" run -n ci

summary
