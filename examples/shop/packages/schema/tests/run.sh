#!/bin/sh
# Compares what the generator makes of small schemas with what it should make.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/tests
failures=0

same() { # NAME EXPECTED-FILE ACTUAL-FILE
  if diff -u "$2" "$3"; then
    echo "ok   $1"
  else
    echo "FAIL $1"
    failures=$((failures + 1))
  fi
}

refuses() { # MESSAGE SCHEMA-TEXT
  printf '%b' "$2" > build/tests/bad.schema
  printf 'build/tests/bad.schema:%s\n' "$1" > build/tests/expected
  if awk -v part=header -f generate.awk build/tests/bad.schema > build/tests/out 2> build/tests/actual; then
    echo "accepted: $2" > build/tests/actual
  fi
  same "refuses ${1#*: }" build/tests/expected build/tests/actual
}

for part in header source; do
  awk -v part=$part -f generate.awk tests/small.schema > build/tests/small.$part
  same "the $part of a record" tests/small.$part build/tests/small.$part
done

refuses '2: unknown type: colour' 'record a\n  b colour\nend\n'
refuses '1: field b stands outside of a record' 'b count\n'
refuses '2: text needs a size, such as: b text 12' 'record a\n  b text\nend\n'
refuses '2: record a has no fields' 'record a\nend\n'
refuses '3: record a has no end' 'record a\n  b count\nrecord c\n'
refuses '2: record a has no end' 'record a\n  b count\n'

exit $((failures > 0))
