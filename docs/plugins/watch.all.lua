-- $ ggen-lua watch | sh at-work.sh
-- + notes.txt: one\n
-- + until.sh: while read -r line; do echo "$line"; case $line in waiting*) break; esac; done
-- + edits.sh: echo two >> notes.txt
-- + at-work.sh: . ./until.sh; . ./edits.sh; . ./until.sh; exec < /dev/null; . ./edits.sh
-- > ✓ count
-- > waiting for changes
-- > notes.txt changed
-- > ✓ count
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "notes"

p:use "watch.all" -- whatever is saved is a reason to run again
p:task "count" { run = "wc -l notes.txt", inputs = { "notes.txt" } }

return p
