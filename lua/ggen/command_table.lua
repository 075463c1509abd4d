-- What the command line offers, as plain data: for the completions and the man page. Reads the
-- option tables that argparse keeps; knows no shell and no page format.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")

local M = {}

---@class ggen.OptionRow
---@field names string[] as typed: { "-j", "--jobs" }
---@field value string? what the value is called, nil for a flag: "N", "DIR"
---@field choices string[]?
---@field default string?
---@field desc string
---@field repeats boolean

---@class ggen.CommandRow
---@field name string
---@field summary string
---@field desc string
---@field options ggen.OptionRow[] without those of every command
---@field arguments { name: string, desc: string, choices: string[]?, many: boolean, required:
---boolean }[]
---@field subcommands ggen.CommandRow[]? each with its whole name: "plugin new"

local function option_row(option)
  local argname = option._argname
  if type(argname) == "table" then argname = argname[1] end
  local takes_value = (option._maxargs or 0) > 0
  local names = {}
  for i, name in ipairs(option._aliases) do names[i] = name end
  return {
    names = names, value = takes_value and (argname or "VALUE") or nil,
    choices = option._choices, default = takes_value and option._default or nil,
    desc = option._description or "", repeats = (option._maxcount or 1) > 1,
  }
end

local function rows_of(options, skip)
  local rows, seen = {}, {}
  for _, option in ipairs(options) do
    local row = option_row(option)
    local name = row.names[#row.names]
    if not option._hidden and not seen[name] and not (skip and skip[name]) then
      seen[name] = true
      rows[#rows + 1] = row
    end
  end
  return rows
end

---@return ggen.OptionRow[] the options that every command has
function M.globals()
  local parser = require("argparse")("ggen-lua")
  cli.add_globals(parser)
  return rows_of(parser._options)
end

---@param name string
---@param command ggen.Command
---@param parser table? of argparse
---@return ggen.CommandRow
function M.command(name, command, parser)
  local row = {
    name = name, summary = command.summary, desc = command.description or command.summary .. ".",
    options = {}, arguments = {}, usage = command.usage,
  }
  if command.raw then return row end
  if command.subcommands then
    row.subcommands = {}
    for i, word in ipairs(command.subcommands) do
      row.subcommands[i] = M.command(name .. " " .. word, command.subcommand(word))
    end
    row.arguments[1] = { name = "SUBCOMMAND", desc = "What to do.", required = true, many = false,
      choices = command.subcommands }
    return row
  end
  local skip = {}
  for _, option in ipairs(M.globals()) do skip[option.names[#option.names]] = true end
  parser = parser or cli.parser(name, command)
  row.options = rows_of(parser._options, skip)
  for i, argument in ipairs(parser._arguments) do
    local argname = argument._argname
    row.arguments[i] = {
      name = type(argname) == "table" and argname[1] or argname or argument._name,
      desc = argument._description or "", choices = argument._choices,
      many = argument._maxargs > 1, required = argument._minargs > 0,
    }
  end
  return row
end

---@return ggen.CommandRow[] the commands, and those with subcommands followed by these
function M.all()
  local rows = {}
  for _, row in ipairs(M.commands()) do
    rows[#rows + 1] = row
    for _, sub in ipairs(row.subcommands or {}) do rows[#rows + 1] = sub end
  end
  return rows
end

---@return ggen.CommandRow[]
function M.commands()
  local rows = {}
  for i, name in ipairs(cli.COMMANDS) do rows[i] = M.command(name, cli.command(name)) end
  return rows
end

return M
