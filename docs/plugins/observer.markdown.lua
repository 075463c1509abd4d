-- $ ggen-lua run && cat report.md
-- > ✓ test
-- > test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.markdown" { path = "report.md", total = "60s" }
p:task "test" { run = "echo all is well", cache = false }

return p
