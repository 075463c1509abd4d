#!/bin/sh
# Looks at the form of every source file: scripts parse, lines are short and end clean.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."

for script in tools/*.sh tests/*.sh packages/*/tests/*.sh; do
  sh -n "$script"
done

awk '
  /[ \t\r]$/ { printf "%s:%d: white space at the end of the line\n", FILENAME, FNR; bad = 1 }
  /^\t/ && FILENAME ~ /\.[ch]$/ { printf "%s:%d: a tab\n", FILENAME, FNR; bad = 1 }
  length($0) > 110 { printf "%s:%d: longer than 110 columns\n", FILENAME, FNR; bad = 1 }
  FNR == 1 { files++ }
  END {
    if (bad) exit 1
    print files " files are in order"
  }
' packages/*/include/* packages/*/src/* packages/*/tests/* packages/schema/*.awk tools/* tests/*
