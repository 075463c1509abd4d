# Rows about running: start-up, processes, functions, output; and comparing what ran. One function for each: it
# measures, and calls `row` with what it found. Results are neither served nor stored here: all is run each time.
# Uses from run.sh: $ggen, $tools (the C programs), $work (scratch), compare, row and the writers.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" version first-spawn processes shell functions output lua54 plugin scheduler-overhead diff"

row_version() {
  compare 41 "$ggen" version ::: luajit -e ''
  row "\`ggen-lua version\` against \`luajit -e ''\`" "<= 2.0 x" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 2.0)"
}

row_first_spawn() {
  write_first_spawn "$work/first" "$work/stamp"
  found=$("$tools/first_spawn" 41 "$work/stamp" "$ggen" -C "$work/first" run --no-cache)
  row "first spawn of a one-task pipeline, from process start" "<= 5 ms" \
    "${found%%	*} ms" "-" "$(at_most "${found%%	*}" 5)"
}

row_processes() {
  write_processes "$work/true" 2000 '"/bin/true"' /bin/true
  compare 9 "$ggen" -C "$work/true" run -j2 --no-cache ::: "$tools/spawn_loop" 2000 2 /bin/true \
    ::: ninja -C "$work/true" -j2 ::: make -C "$work/true" -j2
  # Rates: how much of the C program's; the others' times must be longer than ours.
  rate=$(inverse "$(ratio_to 2)")
  row "2,000 \`/bin/true\` at -j2 against a posix_spawn loop" ">= 0.9 of its rate" \
    "$(ms 1) against $(ms 2)" "$rate" "$(at_least "$rate" 0.9)"
  row "the same against \`ninja -j2\`" "faster" "$(ms 1) against $(ms 3)" "$(ratio_to 3)" \
    "$(at_most "$(ratio_to 3)" 0.9999)"
  row "the same against \`make -j2\`" "faster" "$(ms 1) against $(ms 4)" "$(ratio_to 4)" \
    "$(at_most "$(ratio_to 4)" 0.9999)"
}

row_shell() {
  write_processes "$work/shell" 2000 '{ "sh", "-c", "true" }' true
  compare 9 "$ggen" -C "$work/shell" run -j2 --no-cache ::: ninja -C "$work/shell" -j2
  row "2,000 \`sh -c true\` at -j2 against \`ninja -j2\`" "faster" "$(ms 1) against $(ms 2)" \
    "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 0.9999)"
}

row_functions() {
  write_functions "$work/functions"
  compare 7 "$ggen" -C "$work/functions" run -j2 --no-cache
  row "100,000 Lua-function tasks, 200,000 edges: time" "<= 1.0 s" "$(seconds 1) s" "-" \
    "$(at_most "$(seconds 1)" 1.0)"
  row "the same: peak memory" "<= 150 MB" "$(megabytes 1) MB" "-" "$(at_most "$(megabytes 1)" 150)"
}

row_output() {
  write_output "$work/output"
  compare 7 -o "$work/printed" "$ggen" -C "$work/output" run --no-cache --output grouped \
    ::: sh -c "'$tools/spew' 1000000000 | cat"
  rm -f "$work/printed"
  rate=$(inverse "$(seconds 1)")
  row "a task that prints 1 GB, grouped, to a file" ">= 1 GB/s" \
    "$rate GB/s (the same through \`cat\`: $(inverse "$(seconds 2)") GB/s)" "$(ratio_to 2)" \
    "$(at_least "$rate" 1.0)"
  row "the same: peak memory" "<= 30 MB" "$(megabytes 1) MB" "-" "$(at_most "$(megabytes 1)" 30)"
}

row_lua54() {
  write_lua54 "$work/lua54"
  compare 9 "$ggen" -C "$work/lua54/ggen" run test -j2 --no-cache ::: ninja -C "$work/lua54/ninja" -j2
  row "\`examples/lua54\` at -j2 against \`ninja -j2\`, same commands" "<= 1.03 x" \
    "$(seconds 1) s against $(seconds 2) s" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.03)"
}

row_plugin() {
  found=$("$ggen" lua "$root/tests/bench/plugin_call.lua")
  row "plugin call with no work" "<= 1000 ns" "${found%%	*} ns (interpreted: ${found##*	} ns)" "-" \
    "$(at_most "${found%%	*}" 1000)"
}

row_scheduler_overhead() {
  found=$("$ggen" lua "$root/tests/bench/scheduler_overhead.lua")
  row "\`resource\` over \`critical-path\` instead of \`fifo\`, 100,000 tasks, for each" "<= 2 µs" \
    "${found##*	} µs (\`fifo\`: ${found%%	*} µs)" "-" "$(at_most "${found##*	}" 2)"
}

row_diff() {
  build_perf
  local count compared reading size bar
  while IFS=$'\t' read -r count compared reading size; do
    bar=$((count / 1000))
    row "two traces of $count spans compared, in process (both read before, $size MB each: $reading ms)" \
      "<= $bar ms" "$compared ms" - "$(at_most "$compared" "$bar")"
  done < <("$perf/diff_perf" 1000 10000 100000)
}
