rockspec_format = "3.0"
package = "ggen-lua"
version = "scm-1"
source = {
  url = "git+https://git.example.org/ggen-lua.git", -- where you have its source from
}
description = {
  summary = "A programmable pipeline runner: mechanism in C++, policy in Lua",
  detailed = [[
Runs the tasks of a pipeline.lua in parallel, keeps their results, and lets plugins decide the rest.
CMake builds the program; what that needs is in README.md. `luarocks make` in the source tree uses
what `./dev build` has built already.
]],
  homepage = "https://git.example.org/ggen-lua",
  license = "MIT",
  labels = { "build", "pipeline", "cli" },
}
dependencies = {
  "lua == 5.1",
}
build = {
  type = "command",
  build_command = "sh rockspec/build.sh",
  install_command = "cmake --install build/release --prefix '$(PREFIX)'",
}
