-- The man page ggen-lua(1), made from the tables of options (`ggen-lua help --man`).
-- SPDX-License-Identifier: MIT
local command_table = require("ggen.command_table")

local M = {}

local HEAD = [[
.\" Made by: ggen-lua help --man
.TH GGEN\-LUA 1 "" "ggen\-lua @VERSION@" "User Commands"
.SH NAME
ggen\-lua \- run the tasks of a pipeline, in parallel where it can
.SH SYNOPSIS
.B ggen\-lua
.RI [\-C\  DIR ]\ [ COMMAND ]\ [ OPTIONS ]
.br
.B ggen\-lua
.I TASK...
.SH DESCRIPTION
.B ggen\-lua
reads
.I pipeline.lua
and runs the tasks that it declares, each after the tasks that it needs, as many at a time as the
machine has processors. Without a command it runs the pipeline's default tasks; a word that is no
command is taken as the name of a task.
.PP
A smallest pipeline:
.PP
.nf
.RS
local ggen = require "ggen"
local p = ggen.pipeline "hello"
p:task "hello" { run = "echo hello" }
return p
.RE
.fi
.PP
.B ggen\-lua init
writes one to begin with.
]]

local FOOT = [[
.SH EXIT STATUS
.TP
.B 0
all done
.TP
.B 1
a task failed; of diff, something differs
.TP
.B 2
the command line or the pipeline is wrong
.TP
.B 3
a gate said no: perf check, or an observer of the pipeline
.TP
.B 124
the run took longer than its time-out
.TP
.B 130
interrupted
.SH ENVIRONMENT
.TP
.B NO_COLOR
When set and not empty, nothing is coloured.
.TP
.B GITHUB_ACTIONS
When it is "true", output is grouped and failures are annotated for GitHub Actions.
.TP
.B GGEN_CACHE_DIR
The directory of stored results; must be absolute.
.TP
.B GGEN_LUA_PATH
For work on ggen\-lua itself: a source tree whose Lua files replace those inside the binary.
.SH FILES
.TP
.I pipeline.lua
the pipeline: in the current directory or the nearest one above it
.TP
.I .ggen/
beside it: what runs remember of files and tasks; can be deleted at any time
.TP
.I .gitignore, .git/info/exclude, .ggenignore
what inputs leave out
.TP
.I ~/.cache/ggen\-lua/
the results of tasks; $XDG_CACHE_HOME/ggen\-lua, or $GGEN_CACHE_DIR
]]

-- A leading dot or quote would be a command of troff, a backslash an escape.
local function text(value)
  value = value:gsub("\\", "\\e"):gsub("%-", "\\-")
  return (value:gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

-- Says what may be chosen, unless the description has said it.
local function one_of(choices, desc)
  if not choices or desc:find(choices[1], 1, true) then return "" end
  return " One of: " .. table.concat(choices, ", ") .. "."
end

local function add_option(out, option)
  local names = {}
  for i, name in ipairs(option.names) do
    local value = ""
    if option.value then
      local joint = name:sub(1, 2) == "--" and "=" or " "
      value = joint .. "\\fI" .. text(option.value) .. "\\fR"
    end
    names[i] = "\\fB" .. text(name) .. "\\fR" .. value
  end
  out[#out + 1] = ".TP\n" .. table.concat(names, ", ")
  local desc = option.desc .. one_of(option.choices, option.desc)
  if option.default then desc = desc .. " Default: " .. tostring(option.default) .. "." end
  out[#out + 1] = text(desc)
end

---@return string page
function M.render()
  local out = { (HEAD:gsub("@VERSION@", (text(require("ggen.version"))))) }
  out[#out + 1] = ".SH COMMANDS"
  for _, command in ipairs(command_table.all()) do
    out[#out + 1] = ".SS " .. text(command.name)
    if command.usage then out[#out + 1] = "\\fB" .. text(command.usage) .. "\\fR\n.PP" end
    out[#out + 1] = text(command.desc)
    for _, argument in ipairs(command.arguments) do
      local many = argument.many and "..." or ""
      out[#out + 1] = ".TP\n\\fI" .. text(argument.name) .. "\\fR" .. many
      out[#out + 1] = text(argument.desc .. one_of(argument.choices, argument.desc))
    end
    for _, option in ipairs(command.options) do add_option(out, option) end
  end
  out[#out + 1] = ".SH OPTIONS OF EVERY COMMAND"
  for _, option in ipairs(command_table.globals()) do add_option(out, option) end
  out[#out + 1] = FOOT
  return (table.concat(out, "\n"):gsub("\n\n+", "\n"))
end

return M
