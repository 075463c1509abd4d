#!/usr/bin/env bash
# Installs a release build into an empty folder and looks at what is there.
# Usage: tests/install/run.sh BUILD_FOLDER
# SPDX-License-Identifier: MIT
set -euo pipefail
build=$1
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
suite=install
# shellcheck source=../support/check.sh
source "$(dirname "$0")/../support/check.sh"

smaller_than() { (($(stat -c %s "$1") < $2)); }
has_no_rpath() { ! readelf -d "$1" | grep -E 'RPATH|RUNPATH'; }
is_stripped() { ! readelf -S "$1" | grep -q ' \.symtab'; }
has() { grep -qF -- "$2" "$1"; }

# What bash offers for a command line (the last word is completed).
complete_bash() {
  bash -c '
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE=${LINE:-$*}; COMP_POINT=${#COMP_LINE}
    compopt() { :; }
    _ggen_lua
    printf "%s\n" "${COMPREPLY[@]}"
  ' bash "$share/bash-completion/completions/ggen-lua" "$@"
}
offers() {
  local word=$1
  shift
  # Not a pipe: grep stops reading at the first match, and the writer would die of it.
  grep -qxF -- "$word" <<<"$(complete_bash "$@")"
}

cmake --install "$build" --prefix "$prefix" >/dev/null
bin=$prefix/bin/ggen-lua
share=$prefix/share
export PATH=$prefix/bin:$PATH
unset GGEN_LUA_PATH

check "bin/ggen-lua runs, far from its sources" env -C / "$bin" version
check "it is smaller than 5 MB" smaller_than "$bin" 5000000
check "it is stripped" is_stripped "$bin"
check "it has no rpath" has_no_rpath "$bin"
check "the types for editors are there" test -s "$share/ggen-lua/types/ggen.lua"
check "the licence is there" test -s "$share/doc/ggen-lua/LICENSE"

page=$share/man/man1/ggen-lua.1
check "the man page is there" test -s "$page"
for command in run list graph check init lua completion version help; do
  check "the man page has $command" has "$page" ".SS $command"
  check "help $command works" "$bin" help "$command"
  check "bash offers $command" offers "$command" ggen-lua ""
done
check "the man page has the options" has "$page" 'keep\-going'
check "fish completion is there" has "$share/fish/vendor_completions.d/ggen-lua.fish" "-l keep-going"
check "zsh completion is there" has "$share/zsh/site-functions/_ggen-lua" "--keep-going"
for shell in zsh fish; do
  if command -v "$shell" >/dev/null; then
    case $shell in
      zsh) script=$share/zsh/site-functions/_ggen-lua ;;
      fish) script=$share/fish/vendor_completions.d/ggen-lua.fish ;;
    esac
    check "$shell reads its completion" "$shell" -n "$script"
  fi
done

project=$prefix/project
mkdir "$project"
cat >"$project/pipeline.lua" <<'EOF'
local p = require("ggen").pipeline "x"
p:task "build" { run = "true" }
p:task "test" { run = "true", matrix = { suite = { "unit", "it" } } }
return p
EOF
cd "$project"
check "bash offers options" offers --keep-going ggen-lua run --
check "bash offers tasks" offers build ggen-lua run ""
check "bash offers values" offers grouped ggen-lua run --output ""
check "bash offers tasks of another folder" env -C / bash -c "cd / && $(declare -f complete_bash offers)
  share='$share' offers build ggen-lua -C '$project' run ''"
# bash breaks words at : and =, so only what follows them is offered.
LINE="ggen-lua run test:suite=i" check "bash offers a task with : and =" offers it ggen-lua run test : suite = i

writes_page() { "$bin" run && "$bin" perf html && grep -q '</html>' .ggen/report.html; }
GGEN_CACHE_DIR=$prefix/cache check "the page of perf html is in it" writes_page

summary
