# Rows about the page of `perf html`, in headless Chromium.
# Uses from run.sh: $ggen, $root, row.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" html"

row_html() {
  local measured
  measured=$(node "$root/tests/html/measure.mjs" "$ggen" 10000 9)
  IFS=$'\t' read -r median least most bytes page <<< "$measured"
  row "\`perf html\` of 10,000 tasks: from opening the file to the first whole frame" "<= 1 s" \
    "$median ms ($least to $most)" "-" "$(at_most "$median" 1000)"
  row "the same: size without data" "<= 400 KB" \
    "$(awk -v x="$page" 'BEGIN { printf "%.0f", x / 1000 }') KB (with it $(awk -v x="$bytes" 'BEGIN { printf "%.1f", x / 1e6 }') MB)" "-" \
    "$(at_most "$page" 400000)"
}
