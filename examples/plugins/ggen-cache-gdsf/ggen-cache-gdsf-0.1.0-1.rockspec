rockspec_format = "3.0"
package = "ggen-cache-gdsf"
version = "0.1.0-1"
source = {
  url = "git+https://github.com/YOU/ggen-cache-gdsf.git",
  tag = "v0.1.0",
}
description = {
  summary = "Keep what is used often, saves much and takes little room",
  detailed = [[
A cache policy of ggen-lua: Greedy-Dual-Size-Frequency, p:use "cache.gdsf" { limit = "5GiB" }
]],
  homepage = "https://github.com/YOU/ggen-cache-gdsf",
  license = "MIT",
  labels = { "ggen-lua", "ggen-lua-plugin", "cache" },
}
dependencies = {
  "lua == 5.1",
  "ggen-api >= 1, < 2", -- the level of the plugin contract; ggen-lua itself has it
}
test_dependencies = {
  "busted >= 2.0",
}
test = {
  type = "busted",
}
build = {
  type = "builtin",
  modules = {
    ["ggen.plugins.cache.gdsf"] = "lua/ggen/plugins/cache/gdsf.lua",
  },
}
