#!/usr/bin/env bash
# Completes in a small pipeline and compares: bash always, zsh and fish where they are installed.
#   bash tests/docs/completion.sh BINARY
# Ends with the line "completion: N passed, N failed".
# SPDX-License-Identifier: MIT
set -u

binary=$(readlink -f "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/bin" "$folder/here" "$folder/there"
ln -s "$binary" "$folder/bin/ggen-lua"
PATH=$folder/bin:$PATH
printf '%s\n' 'local p = require("ggen").pipeline "here"' \
  'p:task "build" { run = "true" }' \
  'p:task "test" { run = "true", matrix = { suite = { "it", "unit" } } }' \
  'p:phase "ci" { "build", "test" }' 'return p' >"$folder/here/pipeline.lua"
printf '%s\n' 'local p = require("ggen").pipeline "there"' \
  'p:task "elsewhere" { run = "true" }' 'return p' >"$folder/there/pipeline.lua"
cd "$folder/here" || exit 2

passed=0
failed=0

# expect WHAT EXPECTED ACTUAL
expect() {
  if [[ $2 == "$3" ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

# Calls the function as bash would with the cursor at the end of a line. ":" and "=" break words.
in_bash() {
  local line=$1
  bash --noprofile --norc -c '
    compopt() { :; }
    source <(ggen-lua completion bash)
    COMP_LINE=$1 COMP_POINT=${#1}
    spaced=${1//:/ : }
    spaced=${spaced//=/ = }
    read -ra COMP_WORDS <<<"$spaced"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _ggen_lua
    echo "${COMPREPLY[*]}"' bash "$line" 2>&1
}

tasks="build test test:suite=it test:suite=unit ci"
expect "bash: tasks" "$tasks" "$(in_bash "ggen-lua run ")"
expect "bash: the beginning of one" "build" "$(in_bash "ggen-lua run b")"
expect "bash: behind a colon" "suite=it suite=unit" "$(in_bash "ggen-lua run test:su")"
expect "bash: with -C" "elsewhere" "$(in_bash "ggen-lua -C $folder/there run ")"
expect "bash: a command" "completion" "$(in_bash "ggen-lua comp")"
expect "bash: a task in the place of a command" "build" "$(in_bash "ggen-lua bu")"
expect "bash: an option" "--keep-going" "$(in_bash "ggen-lua run --kee")"
expect "bash: the value of an option" "stream" "$(in_bash "ggen-lua run --output s")"
expect "bash: shells" "bash zsh fish" "$(in_bash "ggen-lua completion ")"
expect "bash: a subcommand" "info" "$(in_bash "ggen-lua plugin inf")"
expect "bash: an option of a subcommand" "--json" "$(in_bash "ggen-lua plugin info --js")"
expect "bash: the command of a subcommand's name" "--names" "$(in_bash "ggen-lua list --nam")"

if command -v zsh >/dev/null; then
  ggen-lua completion zsh >"$folder/_ggen-lua"
  expect "zsh: the script's syntax" "" "$(zsh -n "$folder/_ggen-lua" 2>&1)"
fi

if command -v fish >/dev/null; then
  mkdir -p "$folder/config/fish/completions"
  ggen-lua completion fish >"$folder/config/fish/completions/ggen-lua.fish"
  in_fish() {
    XDG_CONFIG_HOME=$folder/config HOME=$folder fish -c "complete -C '$1'" 2>&1 |
      cut -f1 | LC_ALL=C sort | paste -sd' '
  }
  expect "fish: tasks" "build ci test test:suite=it test:suite=unit" "$(in_fish "ggen-lua run ")"
  expect "fish: with -C" "elsewhere" "$(in_fish "ggen-lua -C $folder/there run ")"
  expect "fish: a subcommand" "info" "$(in_fish "ggen-lua plugin inf")"
  expect "fish: an option of a subcommand" "--json" "$(in_fish "ggen-lua plugin info --js")"
  expect "fish: a command" "completion" "$(in_fish "ggen-lua comp")"
fi

printf 'completion: %d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
