-- A small shop: C generated from a schema, a library, two programs. Each folder in packages/ is a
-- workspace with a pipeline.lua of its own; here is what concerns all of them.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"

local p = ggen.pipeline "shop" { desc = "A C library, two programs that link it, and their tests" }

p:workspaces "packages/*"
p:pool("link", 1)

p:task "lint" {
  desc = "Look at the form of every source file",
  run = "sh tools/lint.sh",
  inputs = { "tools/*", "tests/*", "packages/*/*.awk", "packages/*/{include,src,tests}/*" },
  tags = { "quick" },
}

p:task "test" {
  desc = "Play a day in the shop with both programs",
  needs = { "stock#build", "receipt#build" },
  run = "sh tests/day.sh",
  inputs = {
    "data/**", "tests/day.sh", "tools/expect.sh",
    "packages/stock/build/stock", "packages/receipt/build/receipt",
  },
}

local LIMIT = 256 * 1024

p:task "size" {
  desc = "Report how large the programs are, and fail if one has grown too much",
  needs = { "stock#build", "receipt#build" },
  run = function(ctx)
    for _, program in ipairs { "stock", "receipt" } do
      local size = assert(ctx.fs.stat(("packages/%s/build/%s"):format(program, program))).size
      ctx.log.info(("%s: %.1f KiB"):format(program, size / 1024))
      if size > LIMIT then error(("%s is larger than %d KiB"):format(program, LIMIT / 1024)) end
    end
  end,
  inputs = { "packages/stock/build/stock", "packages/receipt/build/receipt" },
}

p:task "clean" {
  desc = "Remove everything that was built",
  run = "rm -rf build packages/*/build",
  cache = false,
}

p:phase "ci" { "lint", "^build", "^test", "test", "size" }
p:default "ci"

return p
