#!/usr/bin/env bash
# Prometheus, and its Pushgateway, which it scrapes.
#   prometheus.sh start|stop|env
#   prometheus.sh query EXPR    instant query, prints the JSON result
#   prometheus.sh check         promtool check metrics, on standard input
# SPDX-License-Identifier: MIT
set -euo pipefail
SVC=prometheus
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

url() { printf 'http://127.0.0.1:%s' "$(port "$1")"; }

svc_ready() {
  curl -sf -m 2 -o /dev/null "$(url web)/-/ready" && curl -sf -m 2 -o /dev/null "$(url push)/-/ready"
}

svc_start() {
  apt_need prometheus prometheus
  apt_need prometheus-pushgateway prometheus-pushgateway
  apt_need curl curl
  apt_need jq jq
  cat >"$SVC_DIR/prometheus.yml" <<CONF
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{targets: ["127.0.0.1:$(port push)"]}]
CONF
  # Debian's one keeps what it has in /var/lib by default: the next test would see the groups of this one.
  spawn pushgateway prometheus-pushgateway --web.listen-address="127.0.0.1:$(port push)" --persistence.file=
  spawn prometheus prometheus --config.file="$SVC_DIR/prometheus.yml" --storage.tsdb.path="$SVC_DIR/tsdb" \
    --web.listen-address="127.0.0.1:$(port web)" --log.level=warn
  wait_ready prometheus
}

svc_env() { export_line GGEN_TEST_PUSHGATEWAY "$(url push)"; }

svc_extra() {
  case ${1:-} in
    query) curl -sf --get --data-urlencode "query=$2" "$(url web)/api/v1/query" | jq -c .data.result ;;
    check) promtool check metrics ;;
    *)
      echo "usage: prometheus.sh start|stop|env|query EXPR|check" >&2
      exit 2
      ;;
  esac
}
svc_main "$@"
