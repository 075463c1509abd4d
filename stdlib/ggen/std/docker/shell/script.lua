-- What a resident shell is sent: the texts, for any POSIX shell. Pure.
-- SPDX-License-Identifier: MIT
local keys = require("ggen.std.list").keys

local M = {}

-- Traits, what kind of shell it is:
--   setsid   path of the program that gives a command a process group of its own, or nil
--   env      path of env, or nil
--   clean    what it exports is all that its commands get (bash adds `_`)
--   orphans  the children of process 1 can be read

-- Descriptors 8 and 9 are the streams; its own complaints (that a command was killed) are nobody's
-- output. Subshells know their own number only by /proc.
local HELLO = [[
exec 8>&1 9>&2 2>/dev/null
_b(){ printf '\030%s+%s\n' "$1" "$_p";printf '\030%s+\n' "$1" >&2;}
_o(){ _c=;read -r _c </proc/1/task/1/children;}
_f(){ _u= _s=;read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _u _s _ </proc/self/stat;_o
printf '\030%s=%s %s %s %s\n' "$1" "$2" "${_u:--}" "${_s:--}" "$_c" >&8
printf '\030%s=\n' "$1" >&9;}
_e(){ printf '\030%s=%s\n' "$1" "$_a" >&8;printf '\030%s=\n' "$1" >&9;}
_t(){ _l=;read -r _l <"$1"&&set -- ${_l##*") "}&&_g=$3&&[ "$1" != Z ];}
]]

local TRAITS = [[
_r=;[ -r /proc/1/task/1/children ]&&_r=1;_o
_a="s=$(command -v setsid) e=$(command -v env) b=$BASH_VERSION r=$_r o=$_c"
]]

---The children of process 1 that have not ended. (Not every first process asks for the ends of
---those that it did not start.)
M.ORPHANS = 'for _x in $_c;do _t /proc/$_x/stat&&_a="$_a $_x";done'

---How the shell is started: with an empty environment, and the search path of the container.
---@param program string
---@return string[] argv
function M.start(program)
  return { program, "-c", 'e=$(command -v env)&&exec "$e" -i PATH="$PATH" "$0";exec "$0"', program }
end

---@param text string without NUL
---@return string one word for a shell, whatever is in it
function M.quote(text)
  if text:find("^[%w_/.,:=@%%+-]+$") then return text end
  return "'" .. text:gsub("'", [['\'']]) .. "'"
end

local quote = M.quote

---A script that gives an answer: what it has put into the variable _a.
---@param mark string
---@param text string
---@return string
function M.question(mark, text) return ("_a=;_o\n%s\n_e %s\n"):format(text, mark) end

---The first that it is sent; traits() understands the answer.
---@param mark string
---@return string
function M.hello(mark) return HELLO .. M.question(mark, TRAITS) end

---@param answer string to hello()
---@return table traits
---@return string orphans
function M.traits(answer)
  local found = {}
  found.s, found.e, found.b, found.r, found.o =
    answer:match("^s=(.-) e=(.-) b=(.-) r=(.-) o=(.*)$")
  local function path(text) return text ~= "" and text or nil end
  return { setsid = path(found.s), env = path(found.e), clean = found.b == "",
    orphans = found.r == "1" }, found.o or ""
end

---@param signal string
---@param pid string
---@param traits table
---@return string
function M.kill(signal, pid, traits)
  -- Before setsid has done its work there is no group.
  local alone = ("kill -%s %s"):format(signal, pid)
  return traits.setsid and ("kill -%s -%s 2>/dev/null||%s"):format(signal, pid, alone) or alone
end

---Whether there is a process in a group that has not ended; the answer is 1.
---@param pid string
---@return string
function M.group_is_there(pid)
  return ('kill -0 -%s&&for _x in /proc/[0-9]*/stat;do _t "$_x"&&[ "$_g" = %s ]&&_a=1'
    .. "&&break;done"):format(pid, pid)
end

-- Variables that mean something to a shell, so that it cannot just export any value of them.
local SPECIAL = { _ = true, OPTIND = true, OPTARG = true, LINENO = true, PPID = true, PWD = true,
  OLDPWD = true, IFS = true, RANDOM = true, SECONDS = true, EPOCHSECONDS = true, SHLVL = true,
  EPOCHREALTIME = true, UID = true, EUID = true, GROUPS = true, FUNCNAME = true, HISTFILE = true,
  CDPATH = true, ENV = true, PS1 = true, PS2 = true, PS4 = true }

-- Whether the shell can make this environment itself, without a program more.
local function can_export(env, traits)
  if not traits.clean or not env.PATH then return false end
  for name in pairs(env) do
    if SPECIAL[name] or not name:find("^[%a_][%w_]*$") or name:find("^_%l?$") then return false end
  end
  return true
end

local function assignments(env)
  local names, list = keys(env), {}
  for i, name in ipairs(names) do
    list[i] = quote(name .. "=" .. env[name])
  end
  return table.concat(list, " "), names
end

local function exports(env)
  local _, names = assignments(env)
  for i, name in ipairs(names) do names[i] = name .. "=" .. quote(env[name]) end
  return table.concat(names, " ")
end

-- In the subshell: becomes the program, with exactly this environment.
local function become(mark, argv, env, traits)
  local words = {}
  for i, word in ipairs(argv) do words[i] = quote(word) end
  local rest = table.concat(words, " ")
  local group = traits.setsid and quote(traits.setsid) .. " " or ""
  -- env takes a program with "=" in its name for one more variable.
  if argv[1]:find("=", 1, true) then rest = [[/bin/sh -c 'exec "$0" "$@"' ]] .. rest end
  if can_export(env, traits) and not argv[1]:find("^-") then
    return ("unset PWD OLDPWD SHLVL;export %s;command -v %s >/dev/null||{ printf '\\030%s?\\n';"
      .. "exit 127;};exec %s%s"):format(exports(env), quote(argv[1]), mark, group, rest)
  end
  return ("exec %s%s -i -- %s %s"):format(group, quote(traits.env or "env"),
    (assignments(env)), rest)
end

-- What is safe within the format of printf and single quotes as it is.
local UNSAFE = "[^%w%s_/.,:;=@+*(){}%[%]<>|&!?\"#$^~`-]"
local PIECE = 16384 -- bytes for one printf: it may be a program, whose arguments are limited

local function escaped(piece)
  return (piece:gsub(UNSAFE, function(c) return ("\\%03o"):format(c:byte()) end))
end

-- Writes bytes into a pipe. In the background, so that nobody waits for it: a command may end
-- without reading, and leave the pipe to somebody who does not read either.
local function writer(bytes)
  local pieces = {}
  for from = 1, #bytes, PIECE do
    pieces[#pieces + 1] = "printf '" .. escaped(bytes:sub(from, from + PIECE - 1)) .. "'"
  end
  return "{ { " .. table.concat(pieces, "\n") .. "\n} 8>&- 9>&- & }|"
end

---A command, and what tells how it ended.
---@param mark string
---@param command { argv: string[], env: table<string, string>, cwd: string, stdin: string? }
---@param traits table
---@return string
function M.command(mark, command, traits)
  local bytes = command.stdin or ""
  return ("%s(cd -P /proc/self;_p=${PWD##*/};_b %s;cd %s||{ printf '\\030%s!\\n';exit 126;};%s)"
    .. "%s >&8 2>&9 8>&- 9>&-\n_f %s $?\n"):format(bytes ~= "" and writer(bytes) or "", mark,
    quote(command.cwd), mark, become(mark, command.argv, command.env, traits),
    bytes == "" and " </dev/null" or "", mark)
end

return M
