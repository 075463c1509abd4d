-- Makes the phases of a make.toml to tasks: of the dialects with [lifecycle.X], [phases.X] and
-- [tasks.X]. What the file means is in ggen.make_toml.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local make_toml = ggen.make_toml

---@type ggen.Plugin
return {
  name = "make-toml",
  kind = "frontend",
  version = "1.0.0",
  api = 1,
  desc = "Take the phases, hooks and scripts of a make.toml as tasks",
  permissions = { "fs:.:ro" },
  setup = function(_, host)
    local file = host.file or "make.toml"
    return {
      detect = function(_, dir) return make_toml.exists(dir .. "/" .. file) end,
      load = function(_, dir, pipeline)
        make_toml.load(pipeline, dir, file, host)
      end,
    }
  end,
}
