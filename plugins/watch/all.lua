-- The plain policy: whatever changes is a reason to run again. What the host leaves out by itself
-- (declared outputs, what git ignores) does not come here.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "all",
  kind = "watch",
  version = "1.0.0",
  api = 1,
  desc = "Run again whatever has changed",
  setup = function()
    return {
      batch = function(_, events) return events end,
    }
  end,
}
