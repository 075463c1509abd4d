-- $ ggen-lua run
-- + package.json: { "workspaces": ["apps/*", "libs/*"] }
-- + apps/web/package.json: { "name": "web", "dependencies": { "core": "1" } }
-- + libs/core/package.json: { "name": "core" }
-- > ✓ core#build
-- > ✓ web#build
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "workspaces.package-json"
p:each_workspace(function(w)
  w:task "build" { run = "echo build", needs = { "^build" }, cache = false }
end)

return p
