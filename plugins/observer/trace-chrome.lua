-- Leaves a trace of each run, for Perfetto and chrome://tracing.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "trace-chrome",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Write a Chrome trace of each run, as --trace does",
  permissions = { "fs:$path" },
  params = {
    path = { type = "string", default = ".ggen/trace.json",
      desc = "The file, relative to the project's directory" },
  },
  setup = function(params, host)
    -- Commands that only ask of results set the plugins up as well.
    if host.options.dry_run ~= false then return { writes = { params.path } } end
    ggen.trace.start()
    return {
      writes = { params.path },
      on_run_end = function(_, run)
        ggen.report.write(run, "observer.trace-chrome", params.path, ggen.trace.write)
      end,
    }
  end,
}
