# The example of six stages, with its database in containers.
# images: postgres-seeded
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=cleanroom
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../support/check.sh
source "$here/../support/check.sh"
folder=$(mktemp -d)
trap '"$GGEN_LUA" -C "$folder" containers stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
tar -C "$here/../../examples/cleanroom" --exclude=build --exclude=.ggen -cf - . | tar -C "$folder" -xf -
export CLEANROOM_IMAGE=localhost/ggen/postgres:15-seeded GGEN_CACHE_DIR=$folder/cache

# says WITH COMMAND...: the command ends well and says WITH.
says() {
  local with=$1 output
  shift
  output=$("$@" 2>&1) || { printf '%s\n' "$output"; return 1; }
  [[ $output == *"$with"* ]] || { printf '%s\n' "$output"; return 1; }
}
ours() { podman ps -a --filter "label=ggen.dir" --format '{{.State}}' | tr '[:upper:]' '[:lower:]'; }

check "six stages run" says "8 tasks: 8 ok" "${GGEN_LUA:?}" -C "$folder" run
check "all suites are reported" grep -c '| 0 |$' "$folder/build/report.md"
check "the stages are held against their limits" grep -q 'cleanroom-setup.* 7.00 s' "$folder/build/run.md"
check "containers were kept, paused" says paused ours
check "a second run has nothing to do" says "8 tasks: 8 up to date" "$GGEN_LUA" -C "$folder" run
kept=$(podman ps -aq --no-trunc | sort)
check "a forced run works once more" says "8 tasks: 8 ok" "$GGEN_LUA" -C "$folder" run --force
still_there() { comm -12 <(printf '%s\n' "$kept") <(podman ps -aq --no-trunc | sort) | grep .; }
check "with a container that was kept" still_there
check "they stop when they are told to" "$GGEN_LUA" -C "$folder" containers stop
check "none is left" test -z "$(podman ps -aq)"
summary
