-- $ sh at-work.sh
-- + notes.txt: one\n
-- + at-work.sh: mkfifo said; ggen-lua watch > said & pid=$!; exec 3< said\nshow() { while read -r line; do echo "$line"; case $line in waiting*) break; esac; done; }\nshow <&3; echo two > notes.txt; show <&3; kill -INT $pid; wait $pid; true\n
-- > ✓ count
-- > waiting for changes
-- > notes.txt changed
-- > ✓ count
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "notes"

p:use "watch.all" -- whatever is saved is a reason to run again
p:task "count" { run = "wc -l notes.txt", inputs = { "notes.txt" } }

return p
