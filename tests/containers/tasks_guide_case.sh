# The sessions of docs/guides/containers-for-tasks.md. Its image has the name of a well-known one here.
# images: bb
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
podman tag localhost/ggen/bb:1 docker.io/library/alpine:3
cd "$root"
"${GGEN_LUA:?}" lua tests/docs/run.lua --containers docs/guides/containers-for-tasks.md
