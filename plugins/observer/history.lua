-- Keeps what a run did: its record, and a line in the history.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "history",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Keep a record of each run in .ggen/runs, and a line in .ggen/history.jsonl",
  params = {
    record = { type = "boolean", default = true, desc = "false: keep nothing" },
    runs = { type = "integer", min = 1, default = 200, desc = "Records to keep; what is too much"
      .. " goes now and then, so that there may be as many again (and at most 64 KiB of lines)" },
    lines = { type = "integer", min = 1, default = 10000, desc = "Lines to keep, in the same way" },
    age = { type = "duration", default = "90d", desc = "What is older goes" },
  },
  setup = function(params, host)
    -- run --performance-track: this run all the same.
    if not params.record and not host.options.track then return {} end
    return {
      on_run_end = function(_, run) run:keep_record(params) end,
    }
  end,
}
