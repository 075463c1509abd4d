# The sessions of the guide that need a container engine. Its images have the names of the well-known
# ones here.
# images: postgres-seeded redis
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
podman tag localhost/ggen/postgres:15-seeded docker.io/library/postgres:16
podman tag localhost/ggen/redis:7 docker.io/library/redis:7
cd "$root"
"${GGEN_LUA:?}" lua tests/docs/run.lua --containers docs/guides/containers.md
