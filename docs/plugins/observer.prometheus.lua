-- $ ggen-lua run && cat shop.prom
-- > ggen_tasks_total{
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.prometheus" { file = "shop.prom", labels = { team = "core" } }
p:task "test" { run = "echo all is well", cache = false }

return p
