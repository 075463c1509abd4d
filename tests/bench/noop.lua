-- A plugin whose method does no work: what is left is the price of the call (plugin_call.lua).
-- SPDX-License-Identifier: MIT
return {
  name = "noop",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Gives every task the same priority",
  params = {},
  setup = function()
    return { priority = function() return 0 end }
  end,
}
