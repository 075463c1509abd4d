#!/bin/sh
# Writes the newest three events. Usage: sh make.sh TABLE
# SPDX-License-Identifier: MIT
sort -r "$1" | head -n 3 | awk -F '\t' '{ print $1 ": " $3 " (" $2 ")" }'
