#!/usr/bin/env bash
# Plugins as rocks, with the real LuaRocks: each file *_case.sh is a script that sources
# tests/support/check.sh and ends with `summary`. It has a directory of its own to work in, with a
# HOME, and sees no network but loopback.
# Usage: tests/rocks/run.sh BINARY [FILE...]
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=rocks
# shellcheck source=../support/namespaces.sh
source "$here/../support/namespaces.sh"
TIME_LIMIT=90 # seconds, for one file
LANES=2       # files at once

# --- outside: what is needed, and the namespaces --------------------------------------------------

outside() {
  local binary namespaces=(unshare --net --mount --pid --fork --kill-child --mount-proc)
  binary=$(readlink -f "$1")
  shift
  (($#)) || set -- "$here"/*_case.sh
  make_folder
  SVC=rocks GGEN_SERVICES_DIR=$folder
  # shellcheck source=../services/lib.sh
  source "$here/../services/lib.sh"
  apt_need luarocks luarocks
  apt_need nginx nginx-light
  apt_need ip iproute2
  ((EUID == 0)) || namespaces+=(--map-root-user)
  "${namespaces[@]}" true || die "no namespaces can be made here (docker run --privileged)"
  end_as "${namespaces[@]}" bash "$here/run.sh" --inside "$folder" "$binary" "$@"
}

# --- inside ---------------------------------------------------------------------------------------

# alone FOLDER FILE: runs it in a directory of its own; what it says and how it ends is beside that.
alone() {
  local dir status=0
  dir=$1/$(basename "$2" _case.sh)
  mkdir -p "$dir/home" "$dir/tmp"
  (
    cd "$dir"
    HOME=$dir/home TMPDIR=$dir/tmp GGEN_CACHE_DIR=$dir/cache GGEN_TEST_DIR=$dir \
      timeout -k 10 "$TIME_LIMIT" bash "$2"
  ) >"$dir.output" 2>&1 </dev/null || status=$?
  printf '%d\n' $SECONDS >"$dir.seconds"
  printf '%d\n' $status >"$dir.status"
}

# ended NAME: what alone() has left.
ended() {
  cat "$folder/$1.output"
  return "$(<"$folder/$1.status")"
}

inside() {
  folder=$1
  GGEN_LUA=$2
  shift 2
  local file
  ip link set lo up
  unset LUA_PATH LUA_CPATH LUA_INIT LUAROCKS_CONFIG XDG_CACHE_HOME XDG_CONFIG_HOME CI
  PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # servers live there
  export GGEN_LUA PATH LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t \
    GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
  for file; do readlink -f "$file"; done | xargs -d '\n' -n 1 -P "$LANES" bash "$here/run.sh" --alone "$folder"
  for file; do
    file=$(basename "$file" _case.sh)
    count_part "$file" ended "$file"
  done
  summary
}

case ${1:-} in
  --inside) inside "${@:2}" ;;
  --alone) alone "${@:2}" ;;
  *) outside "$@" ;;
esac
