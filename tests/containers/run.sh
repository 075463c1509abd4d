#!/usr/bin/env bash
# Containers, with a real engine: podman, in namespaces of its own, so that no bridge, mount or
# process of it can stay behind. Installs it; where it cannot run, the suite fails.
# Each file names the images that it wants in a line "-- images: bb redis" ("# images:" in a script),
# and leaves no container and no volume.
# Usage: tests/containers/run.sh BINARY [FILE...]
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
kit=$root/tests/services/podman.sh
suite=containers
# shellcheck source=../support/namespaces.sh
source "$here/../support/namespaces.sh"
TIME_LIMIT=120 # seconds, for one file

die() {
  printf 'containers: error: %s\n' "$*" >&2
  exit 1
}

# images FILE...: all that the files want.
images() { sed -nE 's/^(--|#) images: //p' "$@" | tr ' ' '\n' | sort -u; }

# --- outside: what is needed, and the namespaces --------------------------------------------------

outside() {
  local binary files wanted
  binary=$(readlink -f "$1")
  shift
  files=("$@")
  (($#)) || files=("$here"/*_spec.lua "$here"/*_case.sh)
  ((EUID == 0)) || die "a container engine needs root: run the suite as root, or in a container of your own"
  mapfile -t wanted < <(images "${files[@]}")
  make_folder
  GGEN_SERVICES_DIR=$folder/services bash "$kit" install "${wanted[@]}"
  local namespaces=(unshare --net --mount --pid --fork --kill-child --mount-proc)
  "${namespaces[@]}" true ||
    die "no namespaces can be made here: the suite needs CAP_SYS_ADMIN (docker run --privileged)"
  end_as "${namespaces[@]}" bash "$here/run.sh" --inside "$folder" "$binary" "${files[@]}"
}

# --- inside ---------------------------------------------------------------------------------------

# nothing_of COMMAND...: it prints no line; a container may be on its way out.
nothing_of() {
  local deadline=$((SECONDS + 5)) left
  until left=$("$@") && [[ -z $left ]]; do
    if ((SECONDS >= deadline)); then
      printf '%s\n' "$left"
      return 1
    fi
    sleep 0.05
  done
}

containers() { podman ps -a --format '{{.ID}} {{.Names}} {{.Status}} {{.Labels}}'; }
volumes() { podman volume ls -q; }
mounts() { grep -F "$folder" /proc/self/mountinfo || true; }
# Whatever is not this script, the first process of the namespace.
processes() {
  local pid
  for pid in /proc/[0-9]*; do
    cmp -s "$pid/cmdline" /proc/1/cmdline || { tr '\0' ' ' <"$pid/cmdline" && echo; } 2>/dev/null || true
  done | grep -v '^$\|^\(tr\|cmp\|grep\) ' || true
}

# part FILE: runs it; it leaves nothing.
part() {
  local file=$1 name
  name=$(basename "$file")
  local command=("$GGEN_LUA" lua "$root/tests/spec/run.lua" "$file")
  [[ $file != *.sh ]] || command=(bash "$file")
  count_part "$name" timeout -k 10 "$TIME_LIMIT" "${command[@]}"
  check "$name leaves no container" nothing_of containers
  check "$name leaves no volume" nothing_of volumes
  # The next file is not to blame.
  containers | cut -d ' ' -f 1 | xargs -r podman rm -f -t 0 -v >/dev/null
  volumes | xargs -r podman volume rm -f >/dev/null
}

inside() {
  folder=$1
  GGEN_LUA=$2
  shift 2
  local wanted file
  busybox ip link set lo up
  export GGEN_LUA GGEN_SERVICES_DIR=$folder/services GGEN_CACHE_DIR=$folder/cache HOME=$folder/home
  unset CONTAINER_HOST XDG_RUNTIME_DIR
  mkdir -p "$HOME"
  mapfile -t wanted < <(images "$@")
  check "podman starts" bash "$kit" start
  ((failed == 0)) || summary
  eval "$(bash "$kit" env)"
  check "the images are made" bash "$kit" build "${wanted[@]}"
  for file; do part "$file"; done
  check "podman ends" bash "$kit" stop
  check "no process is left" nothing_of processes
  check "no mount is left" nothing_of mounts
  summary
}

if [[ ${1:-} == --inside ]]; then
  shift
  inside "$@"
else
  outside "$@"
fi
