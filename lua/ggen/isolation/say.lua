-- What `print` of an isolated plugin does, in both tiers: a line that can move no cursor, where
-- whoever reads the output of the run looks for texts.
-- SPDX-License-Identifier: MIT
local harmless = require("ggen.harmless")

---@param text string
return function(text)
  -- With --json the standard output is for programs.
  local out = require("ggen.cli").for_programs and io.stderr or io.stdout
  out:write(harmless.text(text), "\n")
  out:flush()
end
