-- Inputs count by size and modification time, as make and ninja have it: nothing is read.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "mtime",
  kind = "fingerprint",
  version = "1.0.0",
  api = 1,
  desc = "Inputs count by size and time: nothing is read, results are of use in this checkout",
  setup = function() return { inputs = "mtime" } end,
}
