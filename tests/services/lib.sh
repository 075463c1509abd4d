# shellcheck shell=bash
# What the scripts that start real servers for the tests share. Sourced, never run.
#
# A script sets SVC (its name) before it sources this file, defines svc_start (starts it and returns
# when it answers), svc_ready (exit 0 when it answers) and svc_env (prints "export NAME=value"
# lines), and ends with: svc_main "$@"
#
# Data, logs and pid files are in $GGEN_SERVICES_DIR/$SVC, npm packages in $GGEN_SERVICES_NPM.
# SPDX-License-Identifier: MIT

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # daemons live there
: "${GGEN_SERVICES_DIR:?a directory for data, logs and pid files}"
SVC_DIR=$GGEN_SERVICES_DIR/$SVC
GGEN_SERVICES_NPM=${GGEN_SERVICES_NPM:-$GGEN_SERVICES_DIR/npm}
SVC_WAIT=${GGEN_SERVICES_WAIT:-60} # seconds to wait for an answer
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export HERE

say() { printf '%s: %s\n' "$SVC" "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# apt_need COMMAND PACKAGE...: installs the packages unless the command is there. Their services are
# kept from starting.
apt_need() {
  local command=$1 log made_policy='' status=0 prefix=()
  shift
  ! command -v "$command" >/dev/null 2>&1 || return 0
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || die "$command is missing: apt-get install $* (needs root)"
    prefix=(sudo -n)
  fi
  say "installing: $*"
  log=$(mktemp)
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | "${prefix[@]}" tee /usr/sbin/policy-rc.d >/dev/null
    "${prefix[@]}" chmod +x /usr/sbin/policy-rc.d
    made_policy=1
  fi
  apt() {
    "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
  }
  {
    apt install -y --no-install-recommends "$@" ||
      { apt update && apt install -y --no-install-recommends "$@"; }
  } >"$log" 2>&1 </dev/null || status=$?
  [ -z "$made_policy" ] || "${prefix[@]}" rm -f /usr/sbin/policy-rc.d
  if [ "$status" != 0 ]; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install: $*"
  fi
  rm -f "$log"
}

# npm_need PACKAGE@VERSION: installs it unless it is there.
npm_need() {
  local dir=$GGEN_SERVICES_NPM
  [ ! -f "$dir/node_modules/${1%@*}/package.json" ] || return 0
  mkdir -p "$dir"
  [ -f "$dir/package.json" ] || printf '{"private":true}\n' >"$dir/package.json"
  say "npm install: $1"
  if ! (cd "$dir" && npm install --no-audit --no-fund --loglevel=error "$1") >"$dir/npm.log" 2>&1 </dev/null; then
    tail -n 20 "$dir/npm.log" >&2
    die "npm could not install: $1"
  fi
}

# spawn NAME COMMAND...: starts the command, records its pid and start time.
spawn() {
  local name=$1
  shift
  mkdir -p "$SVC_DIR"
  setsid "$@" >>"$SVC_DIR/$name.log" 2>&1 </dev/null &
  printf '%s %s\n' $! "$(pid_born $!)" >"$SVC_DIR/$name.pid"
}

# The start time (field 22 of /proc/PID/stat) tells a pid that was used again from ours.
pid_born() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  [ "$1" != Z ] || return 0
  printf '%s' "${20}"
}
# alive NAME: prints the pid when the recorded process still runs.
alive() {
  local pid born
  [ -f "$SVC_DIR/$1.pid" ] || return 1
  read -r pid born <"$SVC_DIR/$1.pid" || return 1
  [ -n "$born" ] && [ "$(pid_born "$pid")" = "$born" ] || return 1
  printf '%s' "$pid"
}
# stop_pid NAME: ends the recorded process, and only that one. It is a child of nobody here, who
# would be told of its end: it is asked for.
stop_pid() {
  local pid i
  if pid=$(alive "$1"); then
    kill -s TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
      alive "$1" >/dev/null || break
      sleep 0.05
    done
    if alive "$1" >/dev/null; then kill -s KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$SVC_DIR/$1.pid"
}

# wait_ready NAME: returns when the service answers; fails when the process NAME has ended. A server
# does not tell that it answers by now: it is asked.
wait_ready() {
  local deadline=$((SECONDS + SVC_WAIT))
  until svc_ready; do
    if ! alive "$1" >/dev/null || ((SECONDS >= deadline)); then
      tail -n 20 "$SVC_DIR/$1.log" >&2
      die "$1 does not answer"
    fi
    sleep 0.05
  done
}

# port NAME: the port of an earlier start, otherwise a free one.
port_busy() { (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port() {
  local file=$SVC_DIR/$1.port p
  mkdir -p "$SVC_DIR"
  if [ ! -f "$file" ]; then
    p=$((20000 + RANDOM % 12000))
    while port_busy "$p"; do p=$((20000 + RANDOM % 12000)); done
    printf '%s\n' "$p" >"$file"
  fi
  cat "$file"
}

export_line() { printf 'export %s=%q\n' "$1" "$2"; }

svc_stop() {
  local file
  for file in "$SVC_DIR"/*.pid; do
    [ -e "$file" ] || continue
    file=${file##*/}
    stop_pid "${file%.pid}"
  done
}

svc_main() {
  case ${1:-} in
    start)
      mkdir -p "$SVC_DIR"
      # A start that fails leaves nothing running behind.
      trap 'say "start failed"; svc_stop' EXIT
      svc_start
      trap - EXIT
      ;;
    stop) svc_stop ;;
    env) svc_env ;;
    *) svc_extra "$@" ;;
  esac
}
