# The pipeline of docs/guides/container-engine.md, with an image that is there.
# images: bb
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=guide
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../support/check.sh
source "$here/../support/check.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed -n '/^-- pipeline.lua$/,/^```$/p' "$here/../../docs/guides/container-engine.md" |
  sed -e '/^```$/d' -e 's/"busybox:1"/"localhost\/ggen\/bb:1"/' >"$folder/pipeline.lua"
echo "quiet words" >"$folder/words.txt"
check "it runs" "${GGEN_LUA:?}" -C "$folder" run
check "its file is there" grep -x "QUIET WORDS" "$folder/loud.txt"
sed -i 's/localhost\/ggen\/bb:1/127.0.0.1:1\/nothing:1/' "$folder/pipeline.lua"
refused() { ! "$GGEN_LUA" -C "$folder" run >"$folder/log" 2>&1; }
check "it fails without the image" refused
check "it says why" grep -F "pull image 127.0.0.1:1/nothing:1: " "$folder/log"
summary
