# A run of ggen-lua that starts a container of the engine of the tests, with podman's command line.
# images: bb
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=engine
# shellcheck source=../support/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/check.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/pipeline.lua" <<'EOF'
local p = require("ggen").pipeline "x"
p:task "hi" { run = "podman run --rm --network=none localhost/ggen/bb:1 echo hi > hi.txt",
  pass_env = { "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF" } }
return p
EOF
check "a task starts a container" "${GGEN_LUA:?}" -C "$folder" run
check "it wrote its file" grep -x hi "$folder/hi.txt"
summary
