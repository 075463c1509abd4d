-- Builds bzip2 from its Debian source package; csource.lua is the one of examples/lua54.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local csource = require "csource"

local p = ggen.pipeline "bzip2"
local tree = csource(p, { package = "bzip2", cflags = "-D_FILE_OFFSET_BITS=64" })

tree:library("bz2", {
  "blocksort", "huffman", "crctable", "randtable", "compress", "decompress", "bzlib",
})
tree:program("bzip2", { "bzip2" }, { libs = { "bz2" } })

local sample = "build/source/sample${matrix.n}"

p:task "test" {
  desc = "Compress and decompress upstream's sample ${matrix.n} and compare",
  needs = { "bzip2" },
  matrix = { n = { "1", "2", "3" } },
  run = {
    { sh = "build/bzip2 -${matrix.n} -c " .. sample .. ".ref > build/${matrix.n}.bz2" },
    { sh = "cmp build/${matrix.n}.bz2 " .. sample .. ".bz2" },
    { sh = "build/bzip2 -d -c build/${matrix.n}.bz2 | cmp - " .. sample .. ".ref" },
  },
  inputs = { "build/bzip2", sample .. ".*" },
  outputs = { "build/${matrix.n}.bz2" },
}

return p
