-- ggen-lua help [COMMAND]: the list of commands, or the options of one.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")

local M = {
  summary = "Show this help, or the help of a command",
  usage = "ggen-lua help [COMMAND [SUBCOMMAND]]",
  raw = true,
}

local HEAD = [[
ggen-lua runs the tasks of pipeline.lua, in parallel where it can.

Usage: ggen-lua [-C DIR] [COMMAND] [OPTIONS]
       ggen-lua TASK...              the same as: ggen-lua run TASK...
       ggen-lua                      runs the default tasks

Commands:
]]

local FOOT = [[

Options of every command:
  -C DIR            work as if started in this directory
  --color WHEN      auto, always or never
  --load-timeout T  give up loading pipeline.lua after this long (default 10s)
  --reload          evaluate pipeline.lua even if its snapshot is valid
  -v, --verbose     show more

ggen-lua help COMMAND shows the options of a command.
Exit codes: 0 done, 1 a task failed, 2 usage or configuration, 3 a gate said no, 124 time-out of
the run, 130 interrupted.
]]

-- The commands that plugins of the pipeline here add. Help must work beside a broken pipeline, too.
local function plugin_commands()
  local rows = {}
  pcall(function()
    local project = require("ggen.session").try_open({})
    for _, entry in ipairs(project and project.loaded.root.uses or {}) do
      local plugin = require("ggen.registry").load(entry.name, entry)
      if plugin.kind == "command" then rows[#rows + 1] = plugin end
    end
  end)
  return rows
end

local function print_page(name, command)
  if command.raw then return command.run({ "--help" }) end
  io.write(cli.parser(name, command):get_help(), "\n")
  return 0
end

-- The page of a command, or of one of its subcommands.
local function page_of(name, word)
  local command = cli.command(name)
  if not command.subcommands or not word then return print_page(name, command) end
  for _, known in ipairs(command.subcommands) do
    if known == word then return print_page(name .. " " .. word, command.subcommand(word)) end
  end
  fault.raise(("%s: no subcommand %q%s"):format(name, word, require("ggen.suggest").hint(word,
    command.subcommands)))
end

---@param args string[]
---@return integer
function M.run(args)
  local name = args[1]
  if name == "--man" then
    io.write(require("ggen.man").render())
    return 0
  end
  if not name or name == "--help" then
    io.write(HEAD)
    for _, command in ipairs(cli.COMMANDS) do
      io.write(("  %-11s %s\n"):format(command, cli.command(command).summary))
    end
    for _, row in ipairs(plugin_commands()) do
      io.write(("  %-11s %s (of this pipeline)\n"):format(row.name, row.desc))
    end
    io.write(FOOT)
    return 0
  end
  for _, command in ipairs(cli.COMMANDS) do
    if command == name then return page_of(name, args[2]) end
  end
  local session = require("ggen.session")
  local project = session.try_open({})
  local command = project and session.plugin_command(project, name)
  if command then return print_page(name, command) end
  fault.raise(("no command %q%s"):format(name, require("ggen.suggest").hint(name, cli.COMMANDS)))
end

return M
