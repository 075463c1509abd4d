-- Inputs count by their content.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "content",
  kind = "fingerprint",
  version = "1.0.0",
  api = 1,
  desc = "Inputs count by their content: a file that is only touched changes nothing",
  setup = function() return { inputs = "content" } end,
}
