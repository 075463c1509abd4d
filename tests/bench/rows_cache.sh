# Rows about having nothing or little to do: hashing and the cache. One function for each, as in rows_run.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" noop-s noop-m noop-w noop-l leaf since policy recheck lookup first-hash sha256 restore caching"

# The release preset has no tests and none of their programs.
build_perf() {
  perf=$root/build/perf/tests/bench
  quietly cmake -S "$root" -B "$root/build/perf" -G Ninja -DCMAKE_BUILD_TYPE=Release
  quietly cmake --build "$root/build/perf" --target diff_perf hash_perf lookup_perf restore_perf
}

row_noop_s() {
  build_perf
  write_tree s 100 100 3
  compare 31 "$ggen" -C "$work/tree-s" run ::: ninja -C "$work/tree-s" \
    ::: "$perf/hash_perf" --walk 2 "$work/tree-s/packages"
  row "nothing to do, 10,000 files, 300 tasks, against \`ninja\`" "<= 1.0 x (stretch 0.7 x)" \
    "$(ms 1) against $(ms 2); $(megabytes 1) MB against $(megabytes 2) MB; a walk with lstat on two threads $(ms 3)" \
    "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.0)"
  noop_turbo
}

noop_turbo() {
  local what="the same against \`turbo\`" bar=">= 8 x faster"
  install_turbo || {
    row "$what" "$bar" "not measured: $reason" - -
    return 0
  }
  write_turbo
  # Without the output of the tasks, which it would print again.
  compare 15 "$ggen" -C "$work/tree-s" run \
    ::: sh -c "cd '$work/turbo' && exec node_modules/.bin/turbo run build test lint --output-logs=none" \
    ::: git -C "$work/turbo" diff-files
  rate=$(inverse "$(ratio_to 2)")
  row "$what" "$bar" "$(ms 1) against $(ms 2) (\`git diff-files\`: $(ms 3))" "$rate" "$(at_least "$rate" 8)"
}

row_noop_m() {
  write_tree m 500 100 3
  compare 21 "$ggen" -C "$work/tree-m" run ::: ninja -C "$work/tree-m"
  row "nothing to do, 50,000 files, 1,500 tasks, against \`ninja\`" "<= 1.0 x (stretch 0.6 x)" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.0)"
  row "the same: peak memory" "<= 40 MB" "$(megabytes 1) MB (\`ninja\`: $(megabytes 2) MB)" - \
    "$(at_most "$(megabytes 1)" 40)"
}

row_noop_w() {
  write_tree w 500 10 1
  compare 31 "$ggen" -C "$work/tree-w" run ::: ninja -C "$work/tree-w"
  local verdict
  verdict=$(at_most "$(seconds 1)" 0.025)
  [ "$verdict" = pass ] || verdict=$(at_most "$(ratio_to 2)" 1.5)
  row "nothing to do, 500 workspaces of 10 files and a task, against \`ninja\`" "<= 25 ms or <= 1.5 x" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$verdict"
}

row_noop_l() {
  write_tree l 100000 0 0
  compare 9 "$ggen" -C "$work/tree-l" run ::: ninja -C "$work/tree-l" ::: make -r -C "$work/tree-l"
  row "nothing to do, 100,000 tasks with one input each, against \`ninja\`" "<= 1.0 x" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.0)"
  row "the same: peak memory" "<= \`ninja\`" "$(megabytes 1) MB against $(megabytes 2) MB" - \
    "$(at_most "$(megabytes 1)" "$(megabytes 2)")"
  row "the same against \`make\`" "stretch: <= 1.0 x" \
    "$(ms 1) against $(ms 3); $(megabytes 1) MB against $(megabytes 3) MB" "$(ratio_to 3)" -
}

row_leaf() {
  write_tree m 500 100 3
  local tree=$work/tree-m source=$work/tree-m/packages/p500/src/d1/file1.c own
  # What was written is to have another time than what comes next: the clock of files stands still for some ms.
  local tick="touch '$work/tick'; until [ '$work/tock' -nt '$work/tick' ]; do touch '$work/tock'; done"
  # shellcheck disable=SC2016 # of the inner shell
  local before=$tick'; if [ "$1" = 1 ]; then '"'$ggen' -C '$tree' run; else echo '/* more */' >> '$source'; fi; $tick"
  compare 15 -b "$before" "$ggen" -C "$tree" run ::: "$ggen" -C "$tree" run
  # What the tasks themselves took: 3 of them, one after the other, from process start to end.
  own=$(for _ in 1 2 3 4 5 6 7; do
    echo '/* more */' >> "$source"
    "$ggen" -C "$tree" run --json
  done | awk '/"usage"/ { sub(/.*"wall":/, ""); sum += $0 } END { printf "%.6f", sum / 7 }')
  rest=$(awk -v all="$(field 2 1)" -v own="$own" 'BEGIN { printf "%.6f", all - own }')
  ratio=$(awk -v rest="$rest" -v noop="$(field 1 1)" 'BEGIN { printf "%.4f", rest / noop }')
  row "one leaf file of 50,000 changed, 3 tasks run: all but the tasks, against nothing to do" "<= 1.2 x" \
    "$(in_ms "$rest") against $(ms 1) (the tasks: $(in_ms "$own"))" "$ratio" "$(at_most "$ratio" 1.2)"
}

row_since() {
  write_tree m 500 100 3
  cp -r "$work/tree-m" "$work/since"
  (
    cd "$work/since" || exit
    rm -r .ggen
    quietly git init
    echo .ggen >> .git/info/exclude
    quietly git add -A
    quietly git -c user.name=bench -c user.email=bench@localhost commit -m tree
    quietly "$ggen" run
    echo '/* more */' >> packages/p500/src/d1/file1.c
    quietly "$ggen" run
  )
  compare 31 "$ggen" -C "$work/since" run --since HEAD \
    ::: sh -c "git -C '$work/since' diff --name-only HEAD && exec '$ggen' -C '$work/since' run"
  row "\`run --since HEAD\` with 50,000 files, nothing to do, against \`git diff --name-only\` and \`run\`" \
    "<= 1.5 x" "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.5)"
}

row_policy() {
  write_tree m 500 100 3
  for policy in ttl none; do
    cp -r "$work/tree-m" "$work/$policy"
    rm -r "$work/$policy/.ggen"
    sed -i "2ip:use \"cache.$policy\"" "$work/$policy/pipeline.lua"
    quietly "$ggen" -C "$work/$policy" run
  done
  compare 31 "$ggen" -C "$work/ttl" run ::: "$ggen" -C "$work/none" run
  row "\`cache.ttl\`, which looks at each result, against \`cache.none\`, 1,500 tasks" "<= 1.05 x" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.05)"
}

row_recheck() {
  build_perf
  write_tree m 500 100 3
  local again
  again=$("$perf/hash_perf" --recheck 501 "$work/tree-m/packages/p1/src")
  again=$(awk -v ms="${again%%	*}" 'BEGIN { printf "%.6f", ms / 1000 }')
  compare 9 "$ggen" -C "$work/tree-m" run
  ratio=$(awk -v again="$again" -v noop="$(field 1 1)" 'BEGIN { printf "%.4f", again / noop }')
  row "a task's 100 inputs looked at again after it ran, against nothing to do with 50,000" "<= 2 %" \
    "$(in_ms "$again") against $(ms 1)" "$ratio" "$(at_most "$ratio" 0.02)"
}

row_lookup() {
  build_perf
  local times
  times=$("$perf/lookup_perf" "$work/lookup")
  row "a stored result looked up, in process" "<= 0.1 ms" \
    "${times%%	*} ms (99th percentile ${times##*	} ms)" - "$(at_most "${times%%	*}" 0.1)"
}

# The first hash of a directory against the loop; the answer stays in `found`.
first_hash() { # ROUNDS DIRECTORY WHAT BAR
  found=$("$perf/hash_perf" --first "$1" 2 "$2")
  local verdict=-
  [ "$4" = - ] || verdict=$(at_least "$(field 1 3)" "$4")
  row "$3 against a SHA-256 loop on two threads" "$([ "$4" = - ] && echo - || echo ">= $4 of its rate")" \
    "$(field 1 1) ms against $(field 1 2) ms" "$(field 1 3)" "$verdict"
}

row_first_hash() {
  build_perf
  write_files "$work/files-10" 100 100 4096
  first_hash 9 "$work/files-10" "first hash of 10,000 files of 4 KiB" 0.9
  write_files "$work/files-50" 500 100 4096
  first_hash 5 "$work/files-50" "first hash of 50,000 files of 4 KiB" 0.9
  rate=$(awk -v lookups="$(field 1 5)" -v hits="$(field 1 6)" 'BEGIN { printf "%.4f", hits / lookups }')
  row "digests known on the second run of these" "> 0.99" "$(field 1 6) of $(field 1 5), in $(field 1 4) ms" \
    "$rate" "$(at_least "$rate" 0.9901)"
  write_files "$work/files-tiny" 100 100 45
  first_hash 9 "$work/files-tiny" "first hash of 10,000 files of 45 bytes" -
  mkdir "$work/gibibyte"
  "$tools/spew" 1073741824 > "$work/gibibyte/file"
  first_hash 3 "$work/gibibyte" "first hash of one file of 1 GiB" 0.9
  rm -r "$work/files-50" "$work/gibibyte"
}

row_sha256() {
  build_perf
  write_files "$work/files-100k" 20 50 102400
  first_hash 9 "$work/files-100k" "sha256_calculation (1,000 files of 100 KiB), first call," 0.9
  row "the same, second call" "<= 5 ms" "$(field 1 4) ms" - "$(at_most "$(field 1 4)" 5)"
  rm -r "$work/files-100k"
}

row_restore() {
  build_perf
  mkdir "$work/restore"
  "$perf/restore_perf" "$work/restore" make
  # shellcheck disable=SC2016 # $$ makes a new directory for each round
  compare 9 "$perf/restore_perf" "$work/restore" restore ::: sh -c 'exec cp -r "$0/source" "$0/copy-$$"' "$work/restore"
  row "restore 10,000 small files of 300 results, verified, against \`cp -r\`" "<= 1.0 x" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.0)"
}

row_caching() {
  write_processes "$work/caching" 2000 '"/bin/true"' /bin/true
  # Each time as if for the first time, but for the snapshot of the pipeline.
  local before="rm -rf '$GGEN_CACHE_DIR' '$work/caching/.ggen/index'"
  compare 9 -b "$before" "$ggen" -C "$work/caching" run -j2 ::: "$ggen" -C "$work/caching" run -j2 --no-cache
  row "2,000 \`/bin/true\` that all run: with the cache against \`--no-cache\`" - \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" -
}
