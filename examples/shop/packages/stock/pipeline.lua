-- The program that looks at the catalog and changes the stock.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local c = require "tools.c"

local w = ggen.workspace "stock" { depends_on = { "store" } }

c.program(w, "stock", { "src/main.c", "src/commands.c", "src/table.c" })

w:task "test" {
  desc = "Compare what the program prints with what it should print",
  needs = { "build" },
  run = "sh tests/run.sh",
  inputs = { "build/stock", "tests/*", "../../tools/expect.sh" },
  tags = { "quick" },
}

return w
