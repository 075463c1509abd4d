-- $ ggen-lua run
-- > ✓ test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.status" { shown = 8 } -- on a terminal: what runs, and the time that is left
p:task "test" { run = "echo all is well", cache = false }

return p
