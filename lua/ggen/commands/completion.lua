-- ggen-lua completion SHELL: a completion script, made from the option tables of the commands.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {
  summary = "Print the completion script of a shell",
  description = "Prints a completion script. For bash: source <(ggen-lua completion bash)",
}

function M.configure(parser)
  parser:argument("shell", "The shell to complete in."):choices({ "bash", "zsh", "fish" })
end

---@param args table
---@return integer
function M.run(args)
  local completion = require("ggen.completion")
  local render = completion[args.shell]
  if not render then fault.raise("no completion for " .. args.shell) end
  io.write(render())
  return 0
end

return M
