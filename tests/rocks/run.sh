#!/usr/bin/env bash
# Plugins as rocks, with the real LuaRocks: each file *_case.sh is a script that sources
# tests/support/check.sh and ends with `summary`. It has a directory of its own to work in, with a
# HOME, and sees no network but loopback.
# Usage: tests/rocks/run.sh BINARY [FILE...]
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
TIME_LIMIT=60 # seconds, for one file

# --- outside: what is needed, and the namespaces --------------------------------------------------

folder=
child=
# The namespace of processes ends with its first one.
end() {
  [[ -z $child ]] || kill -s KILL "$child" 2>/dev/null || true
  wait
  [[ -z $folder ]] || rm -rf "$folder"
}

outside() {
  local binary status=0 namespaces=(unshare --net --mount --pid --fork --kill-child --mount-proc)
  binary=$(readlink -f "$1")
  shift
  (($#)) || set -- "$here"/*_case.sh
  folder=$(mktemp -d)
  trap end EXIT
  trap 'exit 143' TERM INT HUP
  SVC=rocks GGEN_SERVICES_DIR=$folder
  # shellcheck source=../services/lib.sh
  source "$here/../services/lib.sh"
  apt_need luarocks luarocks
  apt_need nginx nginx-light
  apt_need ip iproute2
  ((EUID == 0)) || namespaces+=(--map-root-user)
  "${namespaces[@]}" true || die "no namespaces can be made here (docker run --privileged)"
  "${namespaces[@]}" bash "$here/run.sh" --inside "$folder" "$binary" "$@" &
  child=$!
  wait "$child" || status=$?
  child=
  exit "$status"
}

# --- inside ---------------------------------------------------------------------------------------

# part FILE: counts what the last line of its output says.
part() {
  local file=$1 output status=0 name started=$SECONDS dir
  name=$(basename "$file" _case.sh)
  dir=$folder/$name
  mkdir -p "$dir/home" "$dir/tmp"
  # Into a file: a pipe would be held open by whatever is left.
  (
    cd "$dir"
    HOME=$dir/home TMPDIR=$dir/tmp GGEN_CACHE_DIR=$dir/cache GGEN_TEST_DIR=$dir \
      timeout -k 10 "$TIME_LIMIT" bash "$file"
  ) >"$folder/output" 2>&1 </dev/null || status=$?
  output=$(<"$folder/output")
  if [[ $output =~ .*[a-z]:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    ((BASH_REMATCH[2] == 0 && status == 0)) || printf '%s\n' "$output"
    ((BASH_REMATCH[2] > 0 || status == 0)) || failed=$((failed + 1))
  else
    failed=$((failed + 1))
    printf '%s\n%s: ended with %d, and no count\n' "$output" "$name" "$status"
  fi
  printf -- '-- %s: %d s\n' "$name" $((SECONDS - started))
}

inside() {
  folder=$1
  GGEN_LUA=$2
  shift 2
  local file
  suite=rocks
  # shellcheck source=../support/check.sh
  source "$here/../support/check.sh"
  ip link set lo up
  unset LUA_PATH LUA_CPATH LUA_INIT LUAROCKS_CONFIG XDG_CACHE_HOME XDG_CONFIG_HOME CI
  PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # servers live there
  export GGEN_LUA PATH LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t \
    GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
  for file; do part "$(readlink -f "$file")"; done
  summary
}

if [[ ${1:-} == --inside ]]; then
  shift
  inside "$@"
else
  outside "$@"
fi
