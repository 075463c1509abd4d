-- $ ggen-lua run -o none && rm out.txt && ggen-lua run
-- + in.txt: hello
-- > ✓ build  restored
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "cache.ttl" { ttl = "12h" } -- what is older is made again
p:task "build" { run = "cp in.txt out.txt", inputs = { "in.txt" }, outputs = { "out.txt" } }

return p
