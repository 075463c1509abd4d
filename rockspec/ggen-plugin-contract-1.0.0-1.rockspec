rockspec_format = "3.0"
package = "ggen-plugin-contract"
version = "1.0.0-1"
source = {
  url = "git+https://git.example.org/ggen-lua.git",
}
description = {
  summary = "The contract suite of ggen-lua's plugins, for their own CI",
  detailed = [[
Brings what proves a plugin: ggen-lua itself, busted, and the module ggen_plugin_contract, which
makes a test of each check of the suite. The suite runs inside ggen-lua.
]],
  homepage = "https://git.example.org/ggen-lua",
  license = "MIT",
  labels = { "ggen-lua", "test" },
}
dependencies = {
  "lua == 5.1",
  "ggen-api >= 1, < 2",
  "ggen-lua",
  "busted >= 2.0",
}
build = {
  type = "builtin",
  modules = {
    ggen_plugin_contract = "rockspec/ggen_plugin_contract.lua",
  },
}
