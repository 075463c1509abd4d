-- $ ggen-lua run -o none && rm out.txt && ggen-lua run
-- + in.txt: hello
-- > ✓ build  restored
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "store.memory" { max_size = "32MiB" } -- asked before the disk, gone with the run
p:use "store.disk"
p:task "build" { run = "cp in.txt out.txt", inputs = { "in.txt" }, outputs = { "out.txt" } }

return p
