# For the tests: compares what a command says, and writes down each result.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#   . tests/expect.sh SUITE
#   expect "what this shows" 'what it prints' COMMAND...
#   refuse "what this shows" 'part of the message' COMMAND...
#   done_testing
# shellcheck source=../tools/psql.sh
. tools/psql.sh
suite=$1
mkdir -p build/results
results=build/results/$suite.tsv
: >"$results"
ask -1 -f build/room.sql
client() { sh build/client.sh "$@"; }

result() { # ok|failed TITLE
  printf '%s\t%s\n' "$1" "$2" >>"$results"
  echo "$1: $2"
}

expect() {
  title=$1 wanted=$2
  shift 2
  if said=$("$@" 2>&1) && [ "$said" = "$wanted" ]; then result ok "$title"; else
    result failed "$title"
    printf '  wanted: %s\n  said:   %s\n' "$wanted" "$said"
  fi
}

refuse() {
  title=$1 wanted=$2
  shift 2
  if said=$("$@" 2>&1); then
    result failed "$title"
    printf '  it was not refused: %s\n' "$said"
  elif [ "${said#*"$wanted"}" != "$said" ]; then result ok "$title"; else
    result failed "$title"
    printf '  wanted: %s\n  said:   %s\n' "$wanted" "$said"
  fi
}

done_testing() { if grep '^failed' "$results"; then exit 1; fi; }
