-- Run it with: LUA_PATH="./lua/?.lua;;" ggen-lua -C example run
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "example"

p:use "cache.gdsf" { limit = "200kB" }

-- Large and made at once, and small and slow: there is not room for many of the first.
p:task "photo" {
  run = "head -c 100000 /dev/zero > photo.txt && echo $EDITION >> photo.txt",
  inputs = {}, outputs = { "photo.txt" }, key_env = { "EDITION" },
}
p:task "index" {
  run = "sleep 0.2 && echo $EDITION > index.txt",
  inputs = {}, outputs = { "index.txt" }, key_env = { "EDITION" },
}

return p
