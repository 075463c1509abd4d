-- Run it with: LUA_PATH="./lua/?.lua;;" ggen-lua -C example run
-- It tells somebody when SLACK_WEBHOOK_URL is the address of a webhook.
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "example"

p:use "observer.slack" { on = "change", mention = "@here" }

p:task "build" { run = "true" }
p:task "test" { run = "echo all is well", needs = "build" }

return p
