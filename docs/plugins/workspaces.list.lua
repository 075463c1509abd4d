-- $ ggen-lua run
-- + apps/web/a.txt: x
-- + libs/core/a.txt: x
-- > ✓ core#build
-- > ✓ web#build
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "workspaces.list" { web = { path = "apps/web", depends_on = "core" },
  core = "libs/core" }
p:each_workspace(function(w)
  w:task "build" { run = "echo build", needs = { "^build" }, cache = false }
end)

return p
