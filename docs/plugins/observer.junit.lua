-- $ ggen-lua run && cat junit.xml
-- > <testcase name="test"
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "observer.junit" { path = "junit.xml" }
p:task "test" { run = "echo all is well", cache = false }

return p
