#!/usr/bin/env bash
# What is sent against the real thing: Prometheus with its Pushgateway, and an OTLP receiver that is
# strict by the protocol's definitions. Installs them; without them the suite fails.
# Usage: tests/services/run.sh BINARY NPM_DIRECTORY
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary=$(readlink -f "$1")
mkdir -p "$2"
GGEN_SERVICES_NPM=$(readlink -f "$2")
export GGEN_SERVICES_NPM
folder=$(mktemp -d)
export GGEN_SERVICES_DIR=$folder/services
suite=services
# shellcheck source=../support/check.sh
source "$here/../support/check.sh"

end() {
  for kit in prometheus otlp; do bash "$here/$kit.sh" stop || true; done
  rm -rf "$folder"
}
trap end EXIT

project=$folder/project
mkdir -p "$project"
cat >"$project/pipeline.lua" <<'EOF'
local ggen = require "ggen"
local p = ggen.pipeline "shop"

p:use "observer.prometheus" {
  file = "metrics/ggen.prom", push = os.getenv "GGEN_TEST_PUSHGATEWAY", job = "ci/main",
  grouping = { instance = "this one" }, tasks = { "bu*" },
  labels = { note = 'a "quoted" \\ text' },
}
p:use "observer.otlp" { flush = "20s", service_name = "shop", headers = { ["x-key"] = "k" } }

p:task "gen" { run = "echo a > gen.txt", inputs = { "pipeline.lua" }, outputs = { "gen.txt" } }
p:task "build" { needs = "gen", run = "cat gen.txt > built.txt", inputs = { "gen.txt" },
  outputs = { "built.txt" } }
p:task "lint" { run = "echo 'ü \\033[1m'; exit 3", optional = true }

return p
EOF

export GGEN_CACHE_DIR=$folder/cache
ggen() { "$binary" -C "$project" run; }
prometheus() { bash "$here/prometheus.sh" "$@"; }
otlp() { bash "$here/otlp.sh" "$@"; }
metrics=$project/metrics/ggen.prom

start() {
  bash "$here/$1.sh" start && eval "$(bash "$here/$1.sh" env)"
}

# answers EXPR VALUE: the query has this value, once Prometheus has scraped it, which it does in its
# own time and tells nobody.
answers() {
  local deadline=$((SECONDS + 20)) result
  until result=$(prometheus query "$1") && [[ $(jq -r '.[0].value[1]' <<<"$result") == "$2" ]]; do
    if ((SECONDS >= deadline)); then
      printf '%s: %s, expected %s\n' "$1" "$result" "$2"
      return 1
    fi
    sleep 0.05
  done
}

# never_less OLD NEW: no counter went back, and none is gone.
never_less() {
  awk '
    /^#/ { next }
    !/_total[{]|_bucket[{]|_sum[{]|_count[{]/ { next }
    { value = $NF; sub(/ [^ ]+$/, "") }
    NR == FNR { old[$0] = value; next }
    { new[$0] = value }
    END {
      for (name in old) if (!(name in new) || new[name] + 0 < old[name] + 0) {
        print name ": " old[name] " -> " new[name]
        bad = 1
      }
      exit bad
    }' "$1" "$2"
}

silent() {
  local output
  output=$("$@" 2>&1) || { printf '%s\n' "$output"; return 1; }
  [[ $output != *warning* ]] || { printf '%s\n' "$output"; return 1; }
}

# --- Prometheus -----------------------------------------------------------------------------------

start prometheus
export GGEN_TEST_PUSHGATEWAY
empty() { ! curl -sf "$GGEN_TEST_PUSHGATEWAY/metrics" | grep 'job="ci/main"'; }
check "the Pushgateway begins without groups" empty
check "a run writes and pushes, without a warning" silent ggen
check "promtool finds nothing in the file" prometheus check <"$metrics"
cp "$metrics" "$folder/first.prom"
has_group() {
  curl -sf "$GGEN_TEST_PUSHGATEWAY/metrics" >"$folder/pushed" &&
    grep -qF 'instance="this one",job="ci/main",note="a \"quoted\" \\ text",pipeline="shop"} 3' "$folder/pushed"
}
check "the Pushgateway has the group" has_group
check "a query has the runs" answers 'ggen_runs_total{job="ci/main",status="ok"}' 1
check "a second run pushes, too" silent ggen
check "no counter goes back" never_less "$folder/first.prom" "$metrics"
check "a query has both runs" answers 'ggen_runs_total{status="ok"}' 2
check "a query has the hits" answers 'ggen_cache_hits_total' 2
check "a query has the histogram of a task that is named" answers \
  'ggen_task_duration_seconds_count{task="build"}' 1
check "and of all others" answers 'ggen_task_duration_seconds_count{task="other"}' 3
check "a quantile can be computed" answers \
  'histogram_quantile(0.5, ggen_task_duration_seconds_bucket{task="build"}) <= bool 1800' 1
check "the hit rate of the last run" answers 'round(ggen_last_run_cache_hit_ratio * 3)' 2
check "the failure of an optional task" answers 'ggen_tasks_total{status="optional"}' 2
for i in 1 2 3 4 5 6; do
  ggen >"$folder/run.$i" 2>&1 &
done
wait
check "runs at once are all counted" answers 'ggen_runs_total{status="ok"}' 8
bash "$here/prometheus.sh" stop
unset GGEN_TEST_PUSHGATEWAY

# --- OTLP -----------------------------------------------------------------------------------------

# spans FILTER: of what was received.
spans() {
  jq -es "[.[] | select(.path == \"/v1/traces\").body.resourceSpans[].scopeSpans[].spans[]] | $1" \
    "$GGEN_TEST_OTLP_RECEIVED"
}
traced() { silent env OTEL_EXPORTER_OTLP_ENDPOINT="$GGEN_TEST_OTLP" "$binary" -C "$project" run "$@"; }

start otlp
check "a run is exported, without a warning" traced --no-cache
check "the receiver refuses nothing of it" otlp check
check "the run and its tasks are spans" spans \
  'length == 4 and (map(.name) | sort) == ["build", "gen", "lint", "shop"]'
check "a task that failed is an error" spans \
  '.[] | select(.name == "lint") | .status.code == 2 and (.attributes[] | select(.key == "process.exit.code").value.intValue) == "3"'
check "needs follow one another" spans \
  '(.[] | select(.name == "gen").endTimeUnixNano | tonumber) <= (.[] | select(.name == "build").startTimeUnixNano | tonumber)'
# shellcheck disable=SC2016  # a variable of jq
check "the tasks lie within the run" spans '(map(select(.name == "shop"))[0]) as $run | all(.[];
  (.startTimeUnixNano | tonumber) >= ($run.startTimeUnixNano | tonumber) and
  (.endTimeUnixNano | tonumber) <= ($run.endTimeUnixNano | tonumber))'
check "the metrics came, too" jq -es \
  '[.[] | select(.path == "/v1/metrics").body.resourceMetrics[].scopeMetrics[].metrics[].name] | index("ggen.task.duration")' \
  "$GGEN_TEST_OTLP_RECEIVED"
otlp reset
check "a run within another trace" env \
  TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \
  OTEL_EXPORTER_OTLP_ENDPOINT="$GGEN_TEST_OTLP" "$binary" -C "$project" run
check "belongs to it" spans '.[] | select(.name == "shop") |
  .traceId == "0af7651916cd43dd8448eb211c80319c" and .parentSpanId == "b7ad6b7169203331"'
otlp reset

# A collector that is down: the run is as ever, and the next one sends what is there.
bash "$here/otlp.sh" stop
warns_once() {
  local output
  output=$(env OTEL_EXPORTER_OTLP_ENDPOINT="$GGEN_TEST_OTLP" "$binary" -C "$project" run 2>&1) ||
    { printf '%s\n' "$output"; return 1; }
  [[ $(grep -c warning <<<"$output") == 1 && $output == *"to be sent by the next run"* ]] ||
    { printf '%s\n' "$output"; return 1; }
}
sed -i 's/flush = "20s"/flush = "500ms"/' "$project/pipeline.lua"
check "a collector that is down is one warning" warns_once
sed -i 's/flush = "500ms"/flush = "20s"/' "$project/pipeline.lua"
start otlp
check "the next run finds it" traced
check "both runs are there, and nothing was refused" otlp check
check "two runs have two roots" spans 'map(select(.name == "shop")) | length == 2'
check "the outbox is empty" bash -c "[[ -z \$(ls '$project/.ggen/outbox') ]]"

summary
