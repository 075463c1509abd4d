-- Commands of a make.toml that every sh does itself, without starting a program, and whose effect
-- is plain: nothing, an exit code, or a line of text. They are done here: a process for each would
-- take longer than all else in many a run. Whatever is not surely the same goes to the shell.
-- SPDX-License-Identifier: MIT
local M = {}

-- What a word may be made of without meaning anything to a shell. `~`, `#` and `=` do at the
-- beginning of a word only; a backslash does to echo.
local PLAIN = "^[^%s%c|&;<>()$`\\\"'*?%[%]{}!~#=]+"
local SINGLE, DOUBLE = "^'([^'%z\\]*)'", '^"([^"$`%z\\!]*)"'

-- One word from a place of the text: its value and where it ends; nil when it means more than it
-- says.
local function take_word(text, at)
  local parts, first = {}, at
  while at <= #text and not text:find("^[ \t]", at) do
    local piece, stop
    local _, last, quoted = text:find(SINGLE, at)
    if not last then _, last, quoted = text:find(DOUBLE, at) end
    if last then
      piece, stop = quoted, last
    else
      _, stop = text:find(PLAIN, at)
      piece = stop and text:sub(at, stop)
    end
    if not piece then return nil end
    parts[#parts + 1] = piece
    at = stop + 1
  end
  return table.concat(parts), at, at > first
end

local function words_of(text)
  local words, at = {}, 1
  while true do
    at = text:find("[^ \t]", at)
    if not at then return words end
    local word, stop = take_word(text, at)
    if not word then return nil end
    words[#words + 1], at = word, stop
  end
end

local builtins = {}

local function nothing() return 0 end

builtins["true"], builtins[":"] = nothing, nothing
builtins["false"] = function() return 1 end

-- Options of echo differ between shells.
function builtins.echo(words, write)
  if words[2] and words[2]:sub(1, 1) == "-" then return nil end
  write(table.concat(words, " ", 2) .. "\n")
  return 0
end

-- Where sh is bash, the caller can have made something else of them: functions and options come
-- through the environment.
local function is_redefined(name)
  return os.getenv("BASH_FUNC_" .. name .. "%%") or os.getenv("SHELLOPTS") or os.getenv("BASHOPTS")
end

---Does a command, if it is one that needs no process.
---@param text string
---@param write fun(bytes: string) takes what it prints
---@return integer? code nil: it has to be run
function M.run(text, write)
  -- Nearly all commands end here.
  local name = text:match("^[ \t]*([a-z:]*)")
  if name == "" then return text:find("^[ \t\n]*$") and 0 or nil end
  if not builtins[name] or is_redefined(name) then return nil end
  local words = words_of(text)
  -- "tr""ue" is a word as well.
  if not words or words[1] ~= name then return nil end
  return builtins[name](words, write)
end

return M
