# The command line `ggen-lua containers`: what it shows, clears up and stops, and how it ends.
# images: bb
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=containers
# shellcheck source=../support/check.sh
source "$here/../support/check.sh"
folder=$(mktemp -d)
project=$folder/project
mkdir -p "$project/inner" "$folder/other"
trap 'rm -rf "$folder"' EXIT
echo 'return require("ggen").pipeline "x"' | tee "$project/pipeline.lua" >"$folder/other/pipeline.lua"

containers() { "${GGEN_LUA:?}" -C "$project" containers "$@"; }
# owner PROJECT WORD...: a run that does this, with what it prints in $folder/said.
owner() { "$GGEN_LUA" lua "$here/support/owner.lua" "$@" >"$folder/said"; }
# says STATUS TEXT COMMAND...: it ends with this status and says this.
says() {
  local status=$1 text=$2 output ended=0
  shift 2
  output=$("$@" 2>&1) || ended=$?
  printf '%s\n(ended with %s)\n' "$output" "$ended"
  [[ $ended == "$status" && $output == *"$text"* ]]
}
how_many() { [[ $(podman ps -aq | wc -l) == "$1" ]]; }

check "without any there is nothing to see" says 0 "no containers" containers list
check "it says which engine" says 0 "podman 4" containers list
check "nor to remove" says 0 "nothing to remove" containers gc
check "outside of a project it says what to do" says 2 "--all" "$GGEN_LUA" -C / containers list
check "with --all it does not need one" says 0 "podman" "$GGEN_LUA" -C / containers list --all
check "only stop takes names" says 2 "only stop takes names" containers list db
check "only gc takes --lost" says 2 "only gc" containers list --lost

owner "$project" make db keep 600 end
owner "$folder/other" make cache keep 600 end
check "list shows what is kept" says 0 "kept for" containers list
check "not that of another project" says 1 "" bash -c "'$GGEN_LUA' -C '$project' containers list | grep cache"
check "but with --all" says 0 "cache" containers list --all
check "from below the project, too" says 0 "db " "$GGEN_LUA" -C "$project/inner" containers list
containers list --json >"$folder/list.json"
check "as JSON" jq -e '(.engines | length) == 1 and .engines[0].name == "podman" and
  (.containers | length) == 1 and (.containers[0] | .name == "db" and .status == "kept" and
    .kept_for > 500 and .state == "paused" and (.id | length) == 64)' "$folder/list.json"
check "gc leaves what is kept" says 0 "nothing to remove" containers gc
check "an unknown name is an error" says 2 'did you mean "db"' containers stop dv
check "stop removes it by its name" says 0 "removed db" containers stop db
check "the other one is still there" how_many 1
check "stop --all removes that, too" says 0 "removed cache" containers stop --all
check "none is left" how_many 0
check "what has nothing to stop says so" says 0 "nothing to remove" containers stop

# A run that goes on.
mkfifo "$folder/in" "$folder/live"
exec 8<>"$folder/live"
"$GGEN_LUA" lua "$here/support/owner.lua" "$project" make db wait <>"$folder/in" >&8 &
live=$!
read -r -t 30 id <&8
check "list shows that it is in use" says 0 "in use" containers list
check "gc leaves it" says 0 "nothing to remove" containers gc
check "stop refuses it" says 1 "is in use by a run" containers stop "${id:0:12}"
check "stop without names leaves it" says 0 "nothing to remove" containers stop
check "it is still there" how_many 1
check "--force removes it" says 0 "removed db" containers stop --force "${id:0:12}"
kill -s KILL "$live"
wait "$live" 2>/dev/null || true

# The run and its reaper are killed.
"$GGEN_LUA" lua "$here/support/owner.lua" "$project" make db volume wait <>"$folder/in" >&8 &
live=$!
for line in "its container" "its volume"; do
  read -r -t 30 _ <&8 || printf "%s\n" "no line with $line" >&2
done
reaper=$(grep -l '^ggen-lua-reaper' /proc/[0-9]*/cmdline | cut -d / -f 3)
for pid in $reaper "$live"; do kill -s KILL "$pid"; done
wait "$live" 2>/dev/null || true
check "list shows what is left over" says 0 "left over" containers list
containers gc --json >"$folder/gc.json"
check "gc removes it, with its volume" jq -e \
  '(.removed | length) == 1 and .removed[0].name == "db" and .volumes == 1' "$folder/gc.json"
check "none is left" how_many 0

# Books that are gone.
owner "$project" make db keep 600 end
reaper=$(grep -l '^ggen-lua-reaper' /proc/[0-9]*/cmdline | cut -d / -f 3)
for pid in $reaper; do kill -s KILL "$pid"; done
rm -rf "$project/.ggen"
check "list shows what is lost" says 0 "lost" containers list
check "gc says how to remove it" says 0 "--lost removes them" containers gc
check "it is still there" how_many 1
check "gc --lost removes it" says 0 "removed db" containers gc --lost
check "none is left" how_many 0

# An engine that is not there.
check "without an engine it says how to get one" says 2 "DOCKER_HOST" \
  env DOCKER_HOST="unix://$folder/no.sock" "$GGEN_LUA" -C "$project" containers list
summary
