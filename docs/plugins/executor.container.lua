-- $ ggen-lua list
-- > test
-- > pack
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "executor.container" { pull = "missing", memory = "2GiB" }
p:task "test" { run = "pytest", container = "python:3.12" } -- in a container that stays warm
p:task "pack" { run = "tar czf dist.tgz src" } -- on this machine

return p
