# For scripts that talk to the clean room: psql that stops at the first mistake.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
