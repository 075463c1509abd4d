#!/usr/bin/env bash
# A receiver of OTLP/HTTP that refuses whatever the published protocol definitions do not allow.
#   otlp.sh start|stop|env
#   otlp.sh reset     forgets what was received
#   otlp.sh check     0 when something was taken, nothing was refused, every parent span is there and
#                     every trace has exactly one root
# SPDX-License-Identifier: MIT
set -euo pipefail
SVC=otlp
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

url() { printf 'http://127.0.0.1:%s' "$(port http)"; }

svc_ready() { curl -sf -m 2 -o /dev/null "$(url)/-/ready"; }

svc_start() {
  apt_need curl curl
  apt_need jq jq
  apt_need node nodejs
  apt_need npm npm
  npm_need @elastic/mockotlpserver@0.10.0
  spawn server env NODE_PATH="$GGEN_SERVICES_NPM/node_modules" node "$HERE/otlp-serve.js" "$(port http)" "$SVC_DIR"
  wait_ready server
}

svc_env() {
  export_line GGEN_TEST_OTLP "$(url)"
  export_line GGEN_TEST_OTLP_RECEIVED "$SVC_DIR/received.jsonl"
}

svc_extra() {
  case ${1:-} in
    reset) rm -f "$SVC_DIR"/{received,refused}.jsonl ;;
    check)
      if [ -s "$SVC_DIR/refused.jsonl" ]; then
        jq -r '.path + ": " + (.wrong | join("; "))' "$SVC_DIR/refused.jsonl" >&2
        die "requests were refused"
      fi
      [ -s "$SVC_DIR/received.jsonl" ] || die "nothing was received"
      jq -es '
        [.[] | select(.path == "/v1/traces").body.resourceSpans[].scopeSpans[].spans[]] as $s
        | ($s | map(.traceId + .spanId)) as $ids
        | ($s | map(select((.parentSpanId // "") != "" and ((.traceId + .parentSpanId) as $p | $ids | index($p) | not)) | .name)) as $lost
        | ($s | group_by(.traceId) | map(select(map(select((.parentSpanId // "") == "")) | length != 1) | .[0].traceId)) as $rootless
        | {spans: ($s | length), twice: (($ids | length) - ($ids | unique | length)), lost_parents: $lost, traces_without_one_root: $rootless}
        | ., if .twice == 0 and .lost_parents == [] and .traces_without_one_root == [] then true else false end
      ' -c "$SVC_DIR/received.jsonl"
      ;;
    *)
      echo "usage: otlp.sh start|stop|env|reset|check" >&2
      exit 2
      ;;
  esac
}
svc_main "$@"
