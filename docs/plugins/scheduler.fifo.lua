-- $ ggen-lua run -j1
-- > ✓ lint
-- > ✓ build
-- > ✓ test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "scheduler.fifo" -- the order in which they are declared
p:task "lint" { run = "echo lint", cache = false }
p:task "build" { run = "echo build", cache = false }
p:task "test" { run = "echo test", needs = { "build" }, cache = false }

return p
