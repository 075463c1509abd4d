-- Starts first what is expected to end first: most results soonest, for who looks at them one by
-- one. The whole run may take longer than with critical-path.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "shortest-first",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Start first what is expected to end first",
  setup = function()
    return {
      priorities = function(_, view)
        local priorities = {}
        for index, seconds in ipairs((view:durations())) do priorities[index] = -seconds end
        return priorities
      end,
    }
  end,
}
