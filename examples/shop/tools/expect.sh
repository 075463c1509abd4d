# For test scripts: runs a command and compares its exit code and all of its output.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # $work and $failures belong to the test
#
#   . tools/expect.sh
#   expect 0 "what this shows" program arguments <<'END'
#   the output, both streams
#   END
#   exit "$failures"

failures=0

expect() { # EXIT-CODE TITLE COMMAND...
  code=$1 title=$2
  shift 2
  cat > "$work/expected"
  actual_code=0
  "$@" > "$work/actual" 2>&1 || actual_code=$?
  if [ "$actual_code" -ne "$code" ]; then
    echo "FAIL $title: exit code $actual_code instead of $code"
    sed 's/^/  /' "$work/actual"
    failures=1
  elif diff -u "$work/expected" "$work/actual"; then
    echo "ok   $title"
  else
    echo "FAIL $title"
    failures=1
  fi
}
