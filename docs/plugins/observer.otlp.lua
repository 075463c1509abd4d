-- $ ggen-lua run
-- > ✓ test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.otlp" { service_name = "shop" } -- to OTEL_EXPORTER_OTLP_ENDPOINT, if that is set
p:task "test" { run = "echo all is well", cache = false }

return p
