-- The plain scheduler: ready tasks start in the order in which they are declared. That is what the
-- host does without priorities, so there is nothing to add.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "fifo",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Start ready tasks in the order of their declaration",
  setup = function() return {} end,
}
