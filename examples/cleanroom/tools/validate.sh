#!/bin/sh
# Validates what was made: the scripts are scripts, the room can be set up again and is the same,
# and every suite has left its results, all of them good.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=psql.sh
. tools/psql.sh

sh -n build/client.sh
ask -1 -f build/room.sql
ask -F ' ' -c "select table_name, string_agg(column_name, ' ' order by ordinal_position)
  from information_schema.columns where table_schema = 'public' group by 1 order by 1" |
  diff -u build/tables.txt -
for suite in "$@"; do
  [ -s "build/results/$suite.tsv" ] || { echo "the suite $suite has left no results"; exit 1; }
done
if grep -h '^failed' build/results/*.tsv; then exit 1; fi
echo "valid: $(cat build/results/*.tsv | wc -l) results of $# suites"
