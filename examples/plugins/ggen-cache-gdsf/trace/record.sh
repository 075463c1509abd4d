#!/usr/bin/env bash
# Records a trace: the accesses of the runs of a small C project (examples/shop of ggen-lua) over many
# commits on several branches, in the journal of a cache of its own. The edits are drawn by a seed; the
# runs, their results and their times are real.
# Usage: trace/record.sh SHOP DIRECTORY [STEPS]    (ggen-lua, git and a C compiler in PATH)
# The trace beside this script: trace/record.sh ../../shop trace/cache
# SPDX-License-Identifier: MIT
set -euo pipefail
shop=$(readlink -f "$1")
mkdir -p "$2"
trace=$(readlink -f "$2")
steps=${3:-60}
RANDOM=52 # the seed

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GGEN_CACHE_DIR=$folder/cache HOME=$folder
tar -C "$shop" --exclude=build --exclude=.ggen -cf - . | tar -C "$folder" --one-top-level=shop -xf -
cd "$folder/shop"
git_() { git -c user.name=trace -c user.email=trace@example.org -c advice.detachedHead=false "$@" >/dev/null 2>&1; }
printf 'build/\n.ggen/\n' >.gitignore
git_ init -b main
git_ add .
git_ commit -m 'shop'
branches=(main)

run() { ggen-lua run --output none -k >/dev/null 2>&1 || true; }

# A function more in one of the sources: few are edited often, most of them seldom.
edit() {
  local files=(packages/*/src/*.c) at
  at=$((RANDOM % ${#files[@]} * (RANDOM % ${#files[@]}) / ${#files[@]}))
  printf '\nint tweak_%d(void);\nint tweak_%d(void) { return %d; }\n' "$1" "$1" "$1" >>"${files[at]}"
  git_ commit -am "edit $1"
}

switch() { git_ checkout "${branches[RANDOM % ${#branches[@]}]}"; }

run
for ((step = 1; step <= steps; step++)); do
  case $((RANDOM % 10)) in
    0) # a new branch from here, of five at most
      if ((${#branches[@]} < 5)); then
        branches+=("branch-$step")
        git_ checkout -b "branch-$step"
      fi
      edit "$step"
      ;;
    1 | 2 | 3 | 4) edit "$step" ;;
    5 | 6 | 7) switch ;;
    8) git_ reset --hard HEAD~1 || true ;;                     # that was nothing
    9) git_ merge -X ours -m "merge" "${branches[0]}" || git_ merge --abort || true ;;
  esac
  run
done

rm -f "$trace"/*
cp "$GGEN_CACHE_DIR/journal" "$GGEN_CACHE_DIR/version" "$trace"
