#!/usr/bin/env bash
# Measures ggen-lua against its bars and prints a Markdown table. What is compared runs in turn (A B A B), because
# the machine is noisy; a value is a median, a ratio is the median over the rounds.
# Usage: tests/bench/run.sh [--write] [ROW...]      rows: see rows_run.sh, rows_cache.sh,
#         rows_lifecycle.sh, rows_schedule.sh, rows_html.sh, rows_perf.sh, rows_containers.sh,
#         rows_plugins.sh, rows_watch.sh
#   --write   also put the table into docs/benchmarks.md
#   GGEN=...  another binary than build/release/ggen-lua, which is then not built
# SPDX-License-Identifier: MIT
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$root/build/bench
here=$root/tests/bench
document=$root/docs/benchmarks.md
# shellcheck source=workloads.sh
. "$here/workloads.sh"
ROWS=
# shellcheck source=rows_run.sh
. "$here/rows_run.sh"
# shellcheck source=rows_cache.sh
. "$here/rows_cache.sh"
# shellcheck source=rows_lifecycle.sh
. "$here/rows_lifecycle.sh"
# shellcheck source=rows_schedule.sh
. "$here/rows_schedule.sh"
# shellcheck source=rows_html.sh
. "$here/rows_html.sh"
# shellcheck source=rows_perf.sh
. "$here/rows_perf.sh"
# shellcheck source=rows_containers.sh
. "$here/rows_containers.sh"
# shellcheck source=rows_plugins.sh
. "$here/rows_plugins.sh"
# shellcheck source=rows_watch.sh
. "$here/rows_watch.sh"

compare() { # fills `found`, one line for each command
  found=$("$tools/compare" "$@")
}
field() { awk -F '\t' -v line="$1" -v field="$2" 'NR == line { print $field }' <<< "$found"; }
seconds() { awk -v x="$(field "$1" 1)" 'BEGIN { printf "%.3f", x }'; }
in_ms() { awk -v x="$1" 'BEGIN { printf x < 0.1 ? "%.2f ms" : "%.0f ms", x * 1000 }'; }
ms() { in_ms "$(field "$1" 1)"; }
busy_ms() { in_ms "$(field "$1" 5)"; }
megabytes() { awk -v x="$(field "$1" 3)" 'BEGIN { printf "%.1f", x * 1024 / 1e6 }'; }
ratio_to() { field "$1" 4; } # time of the first command / time of this one
inverse() { awk -v x="$1" 'BEGIN { printf "%.3f", 1 / x }'; }
at_most() { awk -v x="$1" -v bar="$2" 'BEGIN { print (x <= bar ? "pass" : "miss") }'; }
at_least() { awk -v x="$1" -v bar="$2" 'BEGIN { print (x >= bar ? "pass" : "miss") }'; }

row() { # WHAT BAR MEASURED RATIO VERDICT; "-": no bar, or not measured
  [[ $5 =~ ^(pass|miss|-)$ ]] || { echo "run.sh: $1: nothing was measured" >&2; exit 1; }
  ratio=$4
  [ "$ratio" = - ] || ratio=$(awk -v x="$ratio" 'BEGIN { printf "%.2f", x }')
  printf '| %s | %s | %s | %s | %s |\n' "$1" "$2" "$3" "$ratio" "$5" | tee -a "$work/table"
}

quietly() { # says something only when it fails
  "$@" > "$work/log" 2>&1 < /dev/null || {
    echo "run.sh: failed: $*" >&2
    tail -n 30 "$work/log" >&2
    exit 1
  }
}

build() {
  if [ -z "${GGEN:-}" ]; then
    (cd "$root" && quietly cmake --preset release && quietly cmake --build --preset release)
  fi
  mkdir -p "$tools"
  for program in compare first_spawn spawn_loop spew watch work; do
    cc -O2 -o "$tools/$program" "$here/$program.c"
  done
  # Static: its own start is not what is measured.
  cc -O2 -static -o "$tools/stamp" "$here/stamp.c"
}

write_document() {
  [ -f "$document" ] || { echo "run.sh: there is no $document" >&2; exit 1; }
  awk -v table="$work/table" '
    /<!-- figures: begin -->/ { print; while ((getline line < table) > 0) print line; inside = 1 }
    /<!-- figures: end -->/ { inside = 0 }
    !inside || /<!-- figures: end -->/ { if (!/<!-- figures: begin -->/) print }
  ' "$document" > "$work/document"
  cat "$work/document" > "$document"
  echo "written to docs/benchmarks.md" >&2
}

main() {
  local write=no names=()
  for argument in "$@"; do
    case $argument in
      --write) write=yes ;;
      -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
      *)
        [[ " $ROWS " == *" $argument "* ]] || { echo "run.sh: no row $argument (rows: $ROWS)" >&2; exit 2; }
        names+=("$argument")
        ;;
    esac
  done
  if [ $write = yes ] && [ ${#names[@]} -gt 0 ]; then
    echo "run.sh: --write is for the whole table" >&2
    exit 2
  fi
  [ ${#names[@]} -gt 0 ] || read -ra names <<< "$ROWS"

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # Nobody's own results are served or touched.
  export GGEN_CACHE_DIR=$work/cache
  ggen=${GGEN:-$root/build/release/ggen-lua}
  build
  {
    echo "| what | bar | measured (median) | ratio | |"
    echo "|---|---|---|---|---|"
  } | tee "$work/table"
  for name in "${names[@]}"; do
    "row_${name//-/_}"
  done
  if [ $write = yes ]; then write_document; fi
  if grep -q '| miss |$' "$work/table"; then return 1; fi
}

main "$@"
