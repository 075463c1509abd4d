-- Completion scripts for bash, zsh and fish, made from the tables of options. The names of tasks
-- are asked of the pipeline that lies there at the time (`ggen-lua list --names`).
-- SPDX-License-Identifier: MIT
local command_table = require("ggen.command_table")

local M = {}

-- What completes a value, by the name that its option gives it.
local BASH_VALUES = { DIR = "-d", FILE = "-f" }
local ZSH_VALUES = { DIR = "_directories", FILE = "_files" }

local function words(rows, field)
  local result = {}
  for _, row in ipairs(rows) do
    if type(row[field]) == "table" then
      for _, name in ipairs(row[field]) do result[#result + 1] = name end
    else
      result[#result + 1] = row[field]
    end
  end
  return table.concat(result, " ")
end

-- The last word of a command's name: "new" of "plugin new".
local function last_word(command) return command.name:match("%S+$") end

local function subcommand_names(command)
  local names = {}
  for i, sub in ipairs(command.subcommands) do names[i] = last_word(sub) end
  return names
end

-- All options of all commands that take a value, by kind of value.
local function value_options(commands, globals)
  local result, seen = {}, {}
  local function take(option)
    local key = table.concat(option.names, "|")
    if option.value and not seen[key] then
      seen[key] = true
      result[#result + 1] = option
    end
  end
  for _, option in ipairs(globals) do take(option) end
  for _, command in ipairs(commands) do
    for _, option in ipairs(command.options) do take(option) end
  end
  return result
end

-- What a command's arguments are: fixed words, tasks, files or nothing.
local function argument_kind(command)
  local first = command.arguments[1]
  if first and first.choices then return table.concat(first.choices, " ") end
  if first and first.name == "TASK" then return "TASK" end
  if first and first.name == "FILE" then return "FILE" end
  if command.name == "lua" or command.name == "diff" then return "FILE" end
  if command.name == "help" then return "COMMAND" end
  return nil
end

-- A list of lines, and the function that adds to it: formatted only when there are values.
local function writer()
  local out = {}
  return out, function(text, ...)
    out[#out + 1] = select("#", ...) > 0 and text:format(...) or text
  end
end

---@return string script
function M.bash()
  local commands, globals = command_table.commands(), command_table.globals()
  local flat = command_table.all()
  local out, add = writer()
  local all = words(globals, "names")
  add([=[# bash completion for ggen-lua, made by: ggen-lua completion bash
_ggen_lua_tasks() {
  local directory=() word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -C || $word == --directory ]]; then directory=(-C "${COMP_WORDS[i + 1]}"); fi
  done
  # A task's name may have ":" in it, where bash breaks words: complete what follows the last one.
  local prefix=${cur_whole%"$cur"}
  ggen-lua "${directory[@]}" list --names 2>/dev/null | while IFS= read -r word; do
    [[ $word == "$cur_whole"* ]] && printf '%s\n' "${word#"$prefix"}"
  done
}

_ggen_lua_paths() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
  compopt -o filenames
}

_ggen_lua() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command="" i
  local line=${COMP_LINE:0:COMP_POINT}
  local cur_whole=${line##*[[:space:]]}
  COMPREPLY=()
  if [[ $cur == [:=] ]]; then cur=""; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in]=])
  for _, command in ipairs(commands) do
    add("      %s) command=%s; break ;;", command.name, command.name)
  end
  add("    esac\n  done\n  case $command in")
  for _, command in ipairs(commands) do
    if command.subcommands then
      add("    %s)\n      for ((i++; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in",
        command.name)
      add('          %s) command+=" ${COMP_WORDS[i]}"; break ;;\n        esac\n      done ;;',
        table.concat(subcommand_names(command), " | "))
    end
  end
  add("  esac\n  case $prev in")
  for _, option in ipairs(value_options(flat, globals)) do
    local names = table.concat(option.names, " | ")
    if option.choices then
      add('    %s) mapfile -t COMPREPLY < <(compgen -W "%s" -- "$cur"); return ;;', names,
        table.concat(option.choices, " "))
    elseif BASH_VALUES[option.value] then
      add("    %s) _ggen_lua_paths %s; return ;;", names, BASH_VALUES[option.value])
    else
      add("    %s) return ;;", names)
    end
  end
  add('  esac\n  case $command in\n    "")\n      if [[ $cur == -* ]]; then')
  add('        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$cur")', all)
  add('      else')
  add('        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$cur"; _ggen_lua_tasks)',
    words(commands, "name"))
  add('      fi ;;')
  for _, command in ipairs(flat) do
    add('    "%s")', command.name)
    add('      if [[ $cur == -* ]]; then')
    add('        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$cur")',
      words(command.options, "names") .. " " .. all)
    local kind = argument_kind(command)
    if kind then
      add('      else')
      if kind == "TASK" then
        add('        mapfile -t COMPREPLY < <(_ggen_lua_tasks)')
      elseif kind == "FILE" then
        add('        _ggen_lua_paths -f')
      else
        add('        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$cur")',
          kind == "COMMAND" and words(commands, "name") or kind)
      end
    end
    add('      fi ;;')
  end
  add("  esac\n}\n\ncomplete -F _ggen_lua ggen-lua\n")
  return table.concat(out, "\n")
end

local function zsh_text(text) return (text:gsub("'", "'\\''"):gsub("[%[%]:]", "\\%0")) end

local function zsh_option(option)
  local action = ""
  if option.choices then
    action = (":%s:(%s)"):format(option.value, table.concat(option.choices, " "))
  elseif option.value then
    action = (":%s:%s"):format(option.value, ZSH_VALUES[option.value] or " ")
  end
  local lines = {}
  for i, name in ipairs(option.names) do
    local others = option.repeats and "*" or ("(%s)"):format(table.concat(option.names, " "))
    lines[i] = ("'%s%s[%s]%s'"):format(others, name, zsh_text(option.desc), action)
  end
  return lines
end

---@return string script
function M.zsh()
  local commands, globals = command_table.commands(), command_table.globals()
  local out, add = writer()
  local function add_options(rows, indent)
    for _, row in ipairs(rows) do
      for _, line in ipairs(zsh_option(row)) do add("%s%s", indent, line) end
    end
  end
  add([[#compdef ggen-lua
# zsh completion for ggen-lua, made by: ggen-lua completion zsh

_ggen_lua_tasks() {
  local -a directory tasks
  # $words begins at the command by now.
  local i=${typed[(I)(-C|--directory)]}
  (( i )) && directory=(-C ${(Q)typed[i + 1]})
  tasks=(${(f)"$(_call_program tasks ggen-lua $directory list --names 2>/dev/null)"})
  compadd -a tasks
}

_ggen_lua_first() {
  local -a commands
  commands=(]])
  for _, command in ipairs(commands) do
    add("    '%s:%s'", command.name, zsh_text(command.summary))
  end
  add("  )\n  _describe -t commands command commands\n  _ggen_lua_tasks\n}\n")
  for _, command in ipairs(commands) do
    if command.subcommands then
      add("_ggen_lua_%s() {\n  local -a commands\n  commands=(", command.name)
      for _, sub in ipairs(command.subcommands) do
        add("    '%s:%s'", last_word(sub), zsh_text(sub.summary))
      end
      add("  )\n  _describe -t commands subcommand commands\n}\n")
    end
  end
  add("_ggen_lua() {\n  local -a globals options typed\n  local state line\n"
    .. '  typed=("${words[@]}")\n  globals=(')
  add_options(globals, "    ")
  add([=[  )
  _arguments -C -s -S $globals '(-): :_ggen_lua_first' '*:: :->command'
  [[ $state == command ]] || return
  case $line[1] in]=])
  local function add_case(command, indent)
    add("%s%s)\n%s  options=(", indent, last_word(command), indent)
    add_options(command.options, indent .. "    ")
    local kind = argument_kind(command)
    if kind == "TASK" then
      add("%s    '*: :_ggen_lua_tasks'", indent)
    elseif kind == "FILE" then
      add("%s    '*: :_files'", indent)
    elseif kind == "COMMAND" then
      add("%s    ':command:(%s)'", indent, words(commands, "name"))
    elseif kind then
      add("%s    ': :(%s)'", indent, kind)
    end
    add("%s  ) ;;", indent)
  end
  for _, command in ipairs(commands) do
    if command.subcommands then
      add("    %s)", command.name)
      add("      _arguments -C -s -S $globals '(-): :_ggen_lua_%s' '*:: :->sub'", command.name)
      add("      [[ $state == sub ]] || return\n      case $line[1] in")
      for _, sub in ipairs(command.subcommands) do add_case(sub, "        ") end
      add("        *) options=() ;;\n      esac ;;")
    else
      add_case(command, "    ")
    end
  end
  add("    *) options=('*: :_ggen_lua_tasks') ;;\n  esac")
  add("  _arguments -s -S $globals $options\n}\n\n_ggen_lua \"$@\"\n")
  return table.concat(out, "\n")
end

local function fish_text(text) return "'" .. text:gsub("\\", "\\\\"):gsub("'", "\\'") .. "'" end

local function fish_option(option, condition)
  local parts = { "complete -c ggen-lua" }
  if condition then parts[#parts + 1] = ("-n '%s'"):format(condition) end
  for _, name in ipairs(option.names) do
    parts[#parts + 1] = name:sub(1, 2) == "--" and "-l " .. name:sub(3) or "-s " .. name:sub(2)
  end
  if option.choices then
    parts[#parts + 1] = ("-x -a '%s'"):format(table.concat(option.choices, " "))
  elseif option.value == "DIR" then
    parts[#parts + 1] = "-x -a '(__fish_complete_directories)'"
  elseif option.value then
    parts[#parts + 1] = option.value == "FILE" and "-r -F" or "-x"
  end
  parts[#parts + 1] = "-d " .. fish_text(option.desc)
  return table.concat(parts, " ")
end

---@return string script
function M.fish()
  local commands, globals = command_table.commands(), command_table.globals()
  local out, add = writer()
  local names = words(commands, "name")
  add([[# fish completion for ggen-lua, made by: ggen-lua completion fish
function __ggen_lua_tasks
  set -l directory (string match -rg -- '(?:-C|--directory)[ =](\S+)' (commandline -c))
  if test -n "$directory"
    ggen-lua -C $directory list --names 2>/dev/null
  else
    ggen-lua list --names 2>/dev/null
  end
end
complete -c ggen-lua -f]])
  local no_command = "not __fish_seen_subcommand_from " .. names
  for _, option in ipairs(globals) do add("%s", fish_option(option)) end
  for _, command in ipairs(commands) do
    add("complete -c ggen-lua -n '%s' -a %s -d %s", no_command, command.name,
      fish_text(command.summary))
  end
  add("complete -c ggen-lua -n '%s' -a '(__ggen_lua_tasks)' -d task", no_command)
  local function add_command(command, condition)
    for _, option in ipairs(command.options) do add("%s", fish_option(option, condition)) end
    local kind = argument_kind(command)
    if kind == "TASK" then
      add("complete -c ggen-lua -n '%s' -a '(__ggen_lua_tasks)' -d task", condition)
    elseif kind == "FILE" then
      add("complete -c ggen-lua -n '%s' -F", condition)
    elseif kind then
      add("complete -c ggen-lua -n '%s' -a '%s'", condition, kind == "COMMAND" and names or kind)
    end
  end
  -- A word may be a command here and a subcommand there: "list" and "plugin list".
  local heads = {}
  for _, command in ipairs(commands) do
    if command.subcommands then heads[#heads + 1] = command.name end
  end
  local seen = "__fish_seen_subcommand_from "
  for _, command in ipairs(commands) do
    if command.subcommands then
      local condition, subs = seen .. command.name, subcommand_names(command)
      for i, sub in ipairs(command.subcommands) do
        add("complete -c ggen-lua -n '%s; and not %s%s' -a %s -d %s", condition, seen,
          table.concat(subs, " "), subs[i], fish_text(sub.summary))
        add_command(sub, ("%s; and %s%s"):format(condition, seen, subs[i]))
      end
    else
      add_command(command, ("%s%s; and not %s%s"):format(seen, command.name, seen,
        table.concat(heads, " ")))
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return M
