#!/usr/bin/env bash
# Rocks that no project may take in: each is refused with its reason, and leaves nothing behind.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=bad
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
work=$PWD
plugin() { "$GGEN_LUA" plugin "$@"; }
python3 "$(dirname "$0")/bad_rocks.py" "$work/bad"

make_project p
cd p
# refused NAME: with its words, and the project is as it was.
refused() {
  local dir=$work/bad/$1
  fails 2 "$(<"$dir/says")" plugin add "$dir/$(<"$dir/rock")" || return 1
  [[ ! -e ggen-lock.json && ! -e .ggen/plugins/share && ! -e .ggen/plugins/.staging && ! -e $work/bad/ran ]] || {
    find . "$work/bad/ran"
    return 1
  }
}
for dir in "$work"/bad/*/; do
  name=$(basename "$dir")
  check "refused: $name" refused "$name"
done
summary
