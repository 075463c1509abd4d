-- ggen-lua plugin SUBCOMMAND: plugins that people write, test, share and install. Each subcommand
-- is a module of its own, lua/ggen/plugin/<name>_command.lua, read only when it is asked for.
-- SPDX-License-Identifier: MIT

local M = {
  summary = "Make, test, share, install and look at plugins",
  description = "Plugins decide what ggen-lua leaves open: the order of tasks, where results are"
    .. " kept, what is reported. new makes a repository with one to begin with, test proves it"
    .. " against the contract of its kind, pack makes a rock of it; add installs one into this"
    .. " project and locks it in ggen-lock.json.",
  -- In the order of a plugin's life: made, tested, described, packed; then those of its users.
  subcommands = { "new", "test", "info", "doc", "pack", "add", "remove", "sync", "update", "audit",
    "list" },
}

---@param name string one of M.subcommands
---@return ggen.Command
function M.subcommand(name) return require("ggen.plugin." .. name .. "_command") end

return M
