-- $ ggen-lua run
-- > stage
-- > test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.profiler" { rows = 5, stages = { test = "10s" } }
p:task "test" { run = "echo all is well", cache = false }

return p
