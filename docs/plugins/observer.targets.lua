-- $ ggen-lua run
-- > ✓ test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

-- A run that takes longer ends with exit code 3.
p:use "observer.targets" { total = "60s", stages = { test = "10s" }, gate = true }
p:task "test" { run = "echo all is well", cache = false }

return p
