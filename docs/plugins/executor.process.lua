-- $ ggen-lua run
-- > 3 tasks: 3 ok
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "executor.process" -- the default: processes of this machine
p:task "lint" { run = "echo lint", cache = false }
p:task "build" { run = "echo build", cache = false }
p:task "test" { run = "echo test", needs = { "build" }, cache = false }

return p
