-- What `ggen-lua help COMMAND` and `ggen-lua COMMAND --help` print: made from the option tables.
-- SPDX-License-Identifier: MIT
local command_table = require("ggen.command_table")

local M = {}

local WIDTH = 92
local MARGIN = 28 -- where descriptions begin

---Breaks a text into lines of at most `width` characters.
---@param text string
---@param width integer?
---@return string[] lines
function M.wrap(text, width)
  width = width or WIDTH
  local lines, line = {}, nil
  for word in text:gmatch("%S+") do
    if not line then
      line = word
    elseif #line + 1 + #word <= width then
      line = line .. " " .. word
    else
      lines[#lines + 1] = line
      line = word
    end
  end
  lines[#lines + 1] = line
  return lines
end

---Adds the lines of an option, or of something like it, with what it is beside it.
---@param out string[]
---@param left string
---@param desc string
function M.add_row(out, left, desc)
  local lines = M.wrap(desc, WIDTH - MARGIN)
  local first = table.remove(lines, 1) or ""
  if #left + 4 > MARGIN then
    out[#out + 1] = "  " .. left
    if first ~= "" then out[#out + 1] = (" "):rep(MARGIN) .. first end
  else
    out[#out + 1] = (("  %-" .. (MARGIN - 2) .. "s%s"):format(left, first):gsub("%s+$", ""))
  end
  for _, line in ipairs(lines) do out[#out + 1] = (" "):rep(MARGIN) .. line end
end

local function add_options(out, title, options)
  if #options == 0 then return end
  out[#out + 1] = "\n" .. title
  for _, option in ipairs(options) do
    local names = table.concat(option.names, ", ")
    if option.names[1]:sub(1, 2) == "--" then names = "    " .. names end
    if option.value then names = names .. " " .. option.value end
    local desc = option.desc
    if option.default then desc = desc .. " Default: " .. tostring(option.default) .. "." end
    M.add_row(out, names, desc)
  end
end

---@param name string
---@param command ggen.Command
---@param parser table? of argparse
---@return string page without a newline at its end
function M.render(name, command, parser)
  local row = command_table.command(name, command, parser)
  local usage = "Usage: ggen-lua " .. name .. (#row.options > 0 and " [OPTIONS]" or "")
  for _, argument in ipairs(row.arguments) do
    local text = argument.choices and table.concat(argument.choices, "|") or argument.name
    if argument.many then text = text .. "..." end
    usage = usage .. " " .. (argument.required and text or "[" .. text .. "]")
  end
  local out = { usage, "" }
  for _, line in ipairs(M.wrap(row.desc)) do out[#out + 1] = line end
  if row.subcommands then
    out[#out + 1] = "\nSubcommands:"
    for i, sub in ipairs(row.subcommands) do
      M.add_row(out, command.subcommands[i], sub.summary)
    end
    out[#out + 1] = ("\nggen-lua %s SUBCOMMAND --help shows the options of one."):format(name)
    return table.concat(out, "\n")
  end
  if #row.arguments > 0 then
    out[#out + 1] = "\nArguments:"
    for _, argument in ipairs(row.arguments) do M.add_row(out, argument.name, argument.desc) end
  end
  add_options(out, "Options:", row.options)
  add_options(out, "Options of every command:", command_table.globals())
  return table.concat(out, "\n")
end

return M
