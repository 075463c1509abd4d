-- $ ggen-lua run release
-- > 3 tasks: 3 ok
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "hooks.sequential" -- the default: lint, then types, and the first failure ends it
p:task "lint" { run = "echo lint", cache = false }
p:task "types" { run = "echo types", cache = false }
p:task "release" { run = "echo release", cache = false }
p:before "release" { "lint", "types" }

return p
