-- $ ggen-lua run test
-- + make.toml: [lifecycle.test]\ncommand = "echo test"\n
-- > ✓ test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:import "make.toml" -- the frontend is found by the name of the file

return p
