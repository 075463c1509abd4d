-- A scheduler that draws lots: each task that becomes ready gets a number by chance.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "random_order",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Start ready tasks in an order drawn by lot",
  setup = function()
    return { priority = function() return math.random() end }
  end,
}
