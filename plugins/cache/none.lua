-- No policy: whatever is stored is served, and nothing goes. What the others are measured against,
-- and the test double.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "none",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Serve and keep everything, without a limit",
  setup = function() return {} end,
}
