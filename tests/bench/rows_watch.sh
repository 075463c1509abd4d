# Rows about `ggen-lua watch`. Uses from run.sh: $ggen, $root, $tools, $work, row and its helpers.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # the names of run.sh

ROWS+=" watch"

# A task that says when it starts, added to the project.
add_stamp_task() { # DIR
  sed -i '/^return p$/d' "$1/pipeline.lua"
  cat >> "$1/pipeline.lua" << LUA
p:task "stamp" { run = { "$tools/stamp", "$work/stamp" }, inputs = { "watched.txt" } }
return p
LUA
  echo first > "$1/watched.txt"
}

row_watch() {
  mkdir "$work/small"
  echo 'local p = require("ggen").pipeline "small"' > "$work/small/pipeline.lua"
  echo 'return p' >> "$work/small/pipeline.lua"
  add_stamp_task "$work/small"
  write_tree S 100 100 3
  rm -rf "$work/watched"
  cp -r "$work/tree-S" "$work/watched"
  add_stamp_task "$work/watched"
  local taken
  taken=$("$ggen" lua "$here/watch.lua" "$ggen" "$work/small" "$work/stamp")
  row "\`watch\`: a file saved to the start of the task's process, over the pause of 50 ms" "<= 10 ms" \
    "$(in_ms "$taken")" - "$(at_most "$taken" 0.010)"
  taken=$("$ggen" lua "$here/watch.lua" "$ggen" "$work/watched" "$work/stamp")
  row "the same, in a project of 10,000 files and 301 tasks" "<= 10 ms" \
    "$(in_ms "$taken")" - "$(at_most "$taken" 0.010)"
}
