-- $ ggen-lua run -j1
-- + web/a.txt: x
-- + api/a.txt: x
-- > 4 tasks: 4 ok
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "scheduler.fair" -- one of web, one of api, and so on
p:use "workspaces.list" { web = "web", api = "api" }
p:each_workspace(function(w)
  w:task "lint" { run = "echo lint", cache = false }
  w:task "test" { run = "echo test", cache = false }
end)

return p
