rockspec_format = "3.0"
package = "ggen-observer-slack"
version = "0.1.0-1"
source = {
  url = "git+https://github.com/YOU/ggen-observer-slack.git",
  tag = "v0.1.0",
}
description = {
  summary = "Tell a Slack channel when a run fails, and when it is well again",
  detailed = [[
An observer of ggen-lua: p:use "observer.slack" { on = "change", mention = "@here" }
]],
  homepage = "https://github.com/YOU/ggen-observer-slack",
  license = "MIT",
  labels = { "ggen-lua", "ggen-lua-plugin", "observer" },
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
    ["ggen.plugins.observer.slack"] = "lua/ggen/plugins/observer/slack.lua",
  },
}
