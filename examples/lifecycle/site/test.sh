#!/bin/sh
# Each event has its row. Usage: sh test.sh PAGE
# SPDX-License-Identifier: MIT
rows=$(grep -c '^<tr>' "$1")
events=$(grep -c . ../data/build/events.tsv)
echo "$rows rows"
test "$rows" -eq "$events"
