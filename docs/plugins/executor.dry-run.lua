-- $ ggen-lua run
-- > 3 tasks
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "executor.dry-run" -- as run --dry-run, for whoever has this pipeline
p:task "lint" { run = "echo lint", cache = false }
p:task "build" { run = "echo build", cache = false }
p:task "test" { run = "echo test", needs = { "build" }, cache = false }

return p
