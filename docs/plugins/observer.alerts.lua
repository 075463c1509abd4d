-- $ ggen-lua run
-- > alert any run: wall > 0s
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.alerts" {
  { name = "any run", condition = "wall > 0s", severity = "info",
    run = "echo $GGEN_ALERT_NAME >> alerts.txt" },
}
p:task "test" { run = "echo all is well", cache = false }

return p
