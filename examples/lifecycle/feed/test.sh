#!/bin/sh
# Three lines, the newest first. Usage: sh test.sh FEED
# SPDX-License-Identifier: MIT
test "$(grep -c . "$1")" -eq 3 && sort -rc "$1" && head -n 1 "$1"
