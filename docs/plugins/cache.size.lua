-- $ ggen-lua run -o none && ggen-lua run
-- + in.txt: hello
-- > 1 task: 1 up to date
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "cache.size" { limit = "500MiB" }
p:task "build" { run = "cp in.txt out.txt", inputs = { "in.txt" }, outputs = { "out.txt" } }

return p
