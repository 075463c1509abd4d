-- The records of the shop, and the script that makes C of them.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

local w = ggen.workspace "schema"

w:task "build" {
  desc = "Generate the C of the shop's records",
  run = {
    { "mkdir", "-p", "build" },
    "awk -v part=header -f generate.awk shop.schema > build/records.h",
    "awk -v part=source -f generate.awk shop.schema > build/records.c",
  },
  inputs = { "shop.schema", "generate.awk" },
  outputs = { "build/records.h", "build/records.c" },
}

w:task "test" {
  desc = "Compare what the generator writes with what it should write",
  run = "sh tests/run.sh",
  inputs = { "generate.awk", "tests/*" },
  tags = { "quick" },
}

return w
