-- $ ggen-lua run
-- + go.work: use ./web\nuse ./core\n
-- + web/go.mod: module example.org/web\nrequire example.org/core v1.0.0\n
-- + core/go.mod: module example.org/core\n
-- > 2 tasks: 2 ok
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "workspaces.go-work"
p:each_workspace(function(w)
  w:task "build" { run = "echo build", needs = { "^build" }, cache = false }
end)

return p
