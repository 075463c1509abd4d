# Counts tests in shell scripts that source this file and set `suite`.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

passed=0
failed=0

# check WHAT COMMAND...: one test; shows the output of a command that fails.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s: %s\n%s\n' "${suite:?}" "$what" "$output"
  fi
}

# The closing line; fails when a test did.
summary() {
  printf '%s: %d passed, %d failed\n' "${suite:?}" "$passed" "$failed"
  ((failed == 0))
}
