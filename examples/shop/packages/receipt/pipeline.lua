-- The program that prints receipts and books sales.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local c = require "tools.c"

local w = ggen.workspace "receipt" { depends_on = { "store" } }

c.program(w, "receipt", { "src/main.c", "src/sell.c", "src/layout.c" })

w:task "test" {
  desc = "Compare the receipts and the journal with what they should be",
  needs = { "build" },
  run = "sh tests/run.sh",
  inputs = { "build/receipt", "tests/*", "../../tools/expect.sh" },
  tags = { "quick" },
}

return w
