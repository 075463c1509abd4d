-- $ ggen-lua run
-- + Cargo.toml: [workspace]\nmembers = ["web", "core"]\n
-- + web/Cargo.toml: [package]\nname = "web"\n[dependencies]\ncore = { path = "../core" }\n
-- + core/Cargo.toml: [package]\nname = "core"\n
-- > ✓ core#build
-- > ✓ web#build
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "workspaces.cargo"
p:each_workspace(function(w)
  w:task "build" { run = "echo build", needs = { "^build" }, cache = false }
end)

return p
