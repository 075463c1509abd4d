-- $ ggen-lua run -j4
-- > 2 tasks: 2 ok
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "scheduler.resource" { memory = "4GiB", cpu = 2 }
p:task "link" { run = "echo link", weight = { cpu = 2, memory = "3GiB" }, cache = false }
p:task "pack" { run = "echo pack", weight = { memory = "2GiB" }, cache = false } -- not beside link

return p
