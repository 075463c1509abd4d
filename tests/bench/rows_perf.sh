# Rows about records, the history and what is read from it. One function for each, as in rows_run.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" recorded perf-report regression"

# A pipeline that keeps nothing, unless the command line says so.
keep_nothing() {
  sed '0,/ggen.*\.pipeline.*/s//&\np:use "observer.history" { record = false }/' "$1/pipeline.lua" > "$work/pipeline"
  cat "$work/pipeline" > "$1/pipeline.lua"
  grep -q 'record = false' "$1/pipeline.lua"
}

row_recorded() {
  write_tree m 500 100 3
  cp -a "$work/tree-m" "$work/tree-recorded"
  keep_nothing "$work/tree-recorded"
  quietly "$ggen" -C "$work/tree-recorded" run
  quietly "$ggen" -C "$work/tree-recorded" run
  compare 201 "$ggen" -C "$work/tree-recorded" run ::: "$ggen" -C "$work/tree-recorded" run --performance-track
  row "everything recorded against nothing recorded: nothing to do, 50,000 files" "<= 1.01 x" \
    "$(ms 2) against $(ms 1)" "$(inverse "$(ratio_to 2)")" "$(at_most "$(inverse "$(ratio_to 2)")" 1.01)"
  write_lua54 "$work/lua54-recorded"
  local lua54=$work/lua54-recorded/ggen
  keep_nothing "$lua54"
  compare 11 "$ggen" -C "$lua54" run test -j2 --no-cache \
    ::: "$ggen" -C "$lua54" run test -j2 --no-cache --performance-track
  row "the same: \`examples/lua54\`" "<= 1.01 x" \
    "$(seconds 2) s against $(seconds 1) s" "$(inverse "$(ratio_to 2)")" "$(at_most "$(inverse "$(ratio_to 2)")" 1.01)"
  local writes
  writes=$(strace -f -e trace=write,pwrite64,writev "$ggen" -C "$work/tree-recorded" run --performance-track 2>&1 |
    grep -cE '"\{.*(ggen-run|\\"v\\":1)')
  row "writes for the record and the line of a run" "<= 2" "$writes" - "$(at_most "$writes" 2)"
}

row_perf_report() {
  mkdir "$work/history"
  quietly "$ggen" lua "$root/tests/bench/write_history.lua" "$work/history" 10000 50
  compare 31 "$ggen" -C "$work/history" perf report
  row "\`perf report\` over 10,000 lines of 50 tasks each" "<= 50 ms" "$(ms 1)" - "$(at_most "$(seconds 1)" 0.050)"
}

row_regression() {
  local line found wrong
  while read -r line; do
    found=$(awk '{ print $5 }' <<< "$line")
    wrong=$(awk '{ print $(NF - 1) }' <<< "$line")
    row "1,000 histories of 50 tasks with 3 % noise, $(awk '{ print $4 }' <<< "$line") runs long: + 10 % in one task found within 10 runs" \
      ">= 95 %" "$found %" - "$(at_least "$found" 95)"
    row "the same without a change: false alarms" "<= 1 %" "$wrong %" - "$(at_most "$wrong" 1)"
  done < <("$ggen" lua "$root/tests/bench/regression.lua" 1000 2> /dev/null | grep '^normal 3 %')
}
