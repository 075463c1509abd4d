-- Holds a run against limits of time, and may fail it.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local params = { gate = { type = "boolean", default = false,
  desc = "A run that misses a required limit ends with exit code 3" } }
for name, param in pairs(ggen.targets.params) do params[name] = param end

---@type ggen.Plugin
return {
  name = "targets",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Limits of how long the run, phases and tasks may take",
  params = params,
  setup = function(own, host)
    if not ggen.targets.any(own) then
      return nil, 'there is no target: { total = "60s", stages = { test = "15s" } }'
    end
    local targets, message = ggen.targets.new(own, host.project)
    if not targets then return nil, message end
    if host.options.dry_run then return {} end

    local function say(run, level, lines)
      for _, line in ipairs(lines) do run.events:note(level, "target missed: " .. line) end
    end

    return {
      on_run_gate = own.gate and function(_, run)
        local required = ggen.targets.missed(targets:judge(run:record()))
        if #required == 0 then return nil end
        local last = table.remove(required)
        say(run, "error", required)
        return "target missed: " .. last
      end or nil,

      on_run_end = function(_, run)
        local record = run:record()
        if record.status == "interrupted" then return end
        local required, stretch = ggen.targets.missed(targets:judge(record))
        if not own.gate then say(run, "warning", required) end
        say(run, "info", stretch)
      end,
    }
  end,
}
