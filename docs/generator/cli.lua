-- The page of the command line, from the option tables of the commands.
-- SPDX-License-Identifier: MIT
local markdown = require("markdown")

local M = {}

local function option_row(option, where, problem)
  if option.desc == "" then
    problem(("%s %s: no description"):format(where, table.concat(option.names, " ")))
  end
  local names = {}
  for i, name in ipairs(option.names) do
    names[i] = markdown.code(option.value and name .. " " .. option.value or name)
  end
  local desc = option.desc
  if option.choices then desc = desc .. " One of: " .. table.concat(option.choices, ", ") .. "." end
  local default = option.default and markdown.code(tostring(option.default)) or ""
  return { table.concat(names, ", "), default, desc }
end

local function option_table(options, where, problem)
  local rows = {}
  for i, option in ipairs(options) do rows[i] = option_row(option, where, problem) end
  return markdown.table({ "option", "default", "" }, rows)
end

local function usage(command)
  if command.usage then return command.usage end
  local words = { "ggen-lua " .. command.name }
  if #command.options > 0 then words[#words + 1] = "[OPTIONS]" end
  for _, argument in ipairs(command.arguments) do
    local name = argument.choices and table.concat(argument.choices, "|") or argument.name
    words[#words + 1] = argument.many and ("[%s...]"):format(name) or name
  end
  return table.concat(words, " ")
end

---@param command_table table the module ggen.command_table
---@param problem fun(text: string)
---@return string page
function M.page(command_table, problem)
  local out = { markdown.made_by("the option tables in lua/ggen/commands/"), [[
# The command line

`ggen-lua [-C DIR] [COMMAND] [OPTIONS]`

Without a command, ggen-lua runs the default tasks of the pipeline; with a word that is no command,
it runs the task of that name: `ggen-lua build` is `ggen-lua run build`. A plugin of kind `command`
that the pipeline uses is a command, too.

| exit code | |
| --- | --- |
| 0 | all done |
| 1 | a task failed |
| 2 | the command line or the pipeline is wrong; nothing was run |
| 3 | a gate said no: `perf check`, or an observer of the pipeline |
| 124 | the run took longer than `--timeout` |
| 130 | interrupted |

## Options of every command
]] }
  out[#out + 1] = option_table(command_table.globals(), "ggen-lua", problem)
  for _, command in ipairs(command_table.all()) do
    out[#out + 1] = "## " .. command.name .. "\n"
    out[#out + 1] = markdown.code(usage(command)) .. "\n"
    if command.desc == "" then problem(("command %s: no description"):format(command.name)) end
    out[#out + 1] = command.desc .. "\n"
    local rows = {}
    for i, argument in ipairs(command.arguments) do
      if argument.desc == "" then
        problem(("%s %s: no description"):format(command.name, argument.name))
      end
      rows[i] = { markdown.code(argument.name), argument.desc }
    end
    if #rows > 0 then out[#out + 1] = markdown.table({ "argument", "" }, rows) end
    if #command.options > 0 then
      out[#out + 1] = option_table(command.options, command.name, problem)
    end
  end
  return table.concat(out, "\n")
end

return M
