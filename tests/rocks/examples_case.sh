#!/usr/bin/env bash
# The plugins of examples/plugins, as their authors would test them: the contract of their kind, their specs (which run
# their examples in an environment of their own), and what LuaRocks and luacheck say.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=examples
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
examples=$(cd "$(dirname "$0")/../../examples/plugins" && pwd)
mkdir bin
ln -s "$GGEN_LUA" bin/ggen-lua
PATH=$PWD/bin:$PATH

inside() { (cd "$1" && shift && "$@"); }
lint() { (cd "$1" && luarocks lint ./*.rockspec); }

for rock in "$examples"/*; do
  rock=${rock##*/}
  kind=${rock#ggen-} name=${rock#ggen-*-}
  kind=${kind%-"$name"}
  tar -C "$examples" --exclude=.ggen -cf - "$rock" | tar -xf -
  check "$rock: the contract of its kind" says " 0 failed" inside "$rock" ggen-lua plugin test
  check "$rock: its specs" inside "$rock" busted
  check "$rock: luacheck" inside "$rock" luacheck --no-color .
  check "$rock: luarocks lint" lint "$rock"
  check "$rock: the README has the page of plugin doc" says "is up to date" \
    inside "$rock" ggen-lua plugin doc --update README.md
  check "$rock: it is packed" inside "$rock" ggen-lua plugin pack
  make_project "uses-$name" "$kind.$name"
  # Shown are the permissions, and nobody has to be asked.
  check "$rock: it is installed" says "added $kind.$name" \
    ggen-lua -C "uses-$name" plugin add --offline "$PWD/$rock"/*.rock
  check "$rock: a run with it" says "from b" ggen-lua -C "uses-$name" run
done
summary
