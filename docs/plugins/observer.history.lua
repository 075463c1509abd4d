-- $ ggen-lua run -o none && ggen-lua perf history
-- > the whole run
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.history" { runs = 50, age = "30d" } -- less than it keeps by itself
p:task "test" { run = "echo all is well", cache = false }

return p
