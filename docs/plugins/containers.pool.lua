-- $ ggen-lua list
-- > test
-- SPDX-License-Identifier: MIT
local p = require("ggen").pipeline "shop"

p:use "containers.pool" { db = { image = "postgres:16", ports = { 5432 }, size = 2,
  env = { POSTGRES_PASSWORD = "x" }, ready = { cmd = "pg_isready" } } }
p:task "test" { run = "pytest", services = { "db" } } -- DB_HOST and DB_PORT lead to one of them

return p
