-- $ ggen-lua run && test -s out/trace.json && echo written
-- > written
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.trace-chrome" { path = "out/trace.json" } -- for ui.perfetto.dev
p:task "test" { run = "echo all is well", cache = false }

return p
