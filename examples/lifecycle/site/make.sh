#!/bin/sh
# Writes the page. Usage: sh make.sh TABLE
# SPDX-License-Identifier: MIT
echo '<!doctype html><title>Bulletin</title><table>'
awk -F '\t' '{ printf "<tr><td>%s<td>%s<td>%s\n", $1, $2, $3 }' "$1"
echo '</table>'
