-- ggen-lua plugin SUBCOMMAND: plugins that people write, test, share and install. Each subcommand
-- is a module of its own, lua/ggen/plugin/<name>_command.lua, read only when it is asked for.
-- SPDX-License-Identifier: MIT

-- In the order of a plugin's life: made, tested, described, packed; then those of its users.
local NAMES = { "new", "test", "info", "doc", "pack", "add", "remove", "sync", "update", "audit",
  "list" }

local function module_of(name) return "ggen.plugin." .. name .. "_command" end

local function is_there(name)
  for _, loader in ipairs(package.loaders) do
    if type(loader(module_of(name))) == "function" then return true end
  end
  return false
end

local M = {
  summary = "Make, test, share, install and look at plugins",
  description = "Plugins decide what ggen-lua leaves open: the order of tasks, where results are"
    .. " kept, what is reported. new makes a repository with one to begin with, test proves it"
    .. " against the contract of its kind, pack makes a rock of it; add installs one into this"
    .. " project and locks it in ggen-lock.json.",
  subcommands = {},
}

for _, name in ipairs(NAMES) do
  if is_there(name) then M.subcommands[#M.subcommands + 1] = name end
end

---@param name string one of M.subcommands
---@return ggen.Command
function M.subcommand(name) return require(module_of(name)) end

return M
