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
TIME_LIMIT=120 # seconds, for one file

die() {
  printf 'containers: error: %s\n' "$*" >&2
  exit 1
}

# images FILE...: all that the files want.
images() { sed -nE 's/^(--|#) images: //p' "$@" | tr ' ' '\n' | sort -u; }

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
  local binary files wanted status=0
  binary=$(readlink -f "$1")
  shift
  files=("$@")
  (($#)) || files=("$here"/*_spec.lua "$here"/*_case.sh)
  ((EUID == 0)) || die "a container engine needs root: run the suite as root, or in a container of your own"
  mapfile -t wanted < <(images "${files[@]}")
  folder=$(mktemp -d)
  trap end EXIT
  trap 'exit 143' TERM INT HUP
  GGEN_SERVICES_DIR=$folder/services bash "$kit" install "${wanted[@]}"
  local namespaces=(unshare --net --mount --pid --fork --kill-child --mount-proc)
  "${namespaces[@]}" true ||
    die "no namespaces can be made here: the suite needs CAP_SYS_ADMIN (docker run --privileged)"
  "${namespaces[@]}" bash "$here/run.sh" --inside "$folder" "$binary" "${files[@]}" &
  child=$!
  wait "$child" || status=$?
  child=
  exit "$status"
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

# part FILE: counts what the last line of its output says.
part() {
  local file=$1 output status=0 name started=$SECONDS
  name=$(basename "$file")
  local command=("$GGEN_LUA" lua "$root/tests/spec/run.lua" "$file")
  [[ $file != *.sh ]] || command=(bash "$file")
  # Into a file: a pipe would be held open by whatever is left.
  timeout -k 10 "$TIME_LIMIT" "${command[@]}" >"$folder/output" 2>&1 </dev/null || status=$?
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
  suite=containers
  # shellcheck source=../support/check.sh
  source "$here/../support/check.sh"
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
