-- $ ggen-lua run
-- > "event":"run_end"
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.json" -- as run --json, beside the lines for people
p:task "test" { run = "echo all is well", cache = false }

return p
