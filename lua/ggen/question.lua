-- Asks the user something, on the terminal that both the input and the errors go to.
-- SPDX-License-Identifier: MIT
local M = {}

---@return boolean whether there is somebody to ask
function M.possible()
  local is_tty = require("ggen.core.fs").is_tty
  return is_tty(0) and is_tty(2)
end

---Asks and waits for a line: whoever says nothing says no.
---@param question string
---@return boolean
function M.yes(question)
  io.stderr:write(question, " [y/N] ")
  io.stderr:flush()
  local line = io.read("*l")
  -- Whoever ended the input has left the cursor behind the question.
  if not line then io.stderr:write("\n") end
  local answer = (line or ""):lower():match("^%s*(%a*)")
  return answer == "y" or answer == "yes"
end

return M
