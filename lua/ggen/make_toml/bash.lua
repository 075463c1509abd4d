-- What bash understands and sh does not, in the text of a command. Looks at the text as a shell
-- splits it (quotes, comments, here-documents), not at what it would do.
-- SPDX-License-Identifier: MIT
local M = {}

-- What is found, in words.
local BRACES = "{a,b} (sh takes it as it is)"
local TEST = "[[ ... ]]"
local PROCESS = "<(...) or >(...)"
local BOTH = "&> (to sh, the & ends the command)"
local PIPE_BOTH = "|&"
local HERE_STRING = "<<<"
local ARRAY = "an array"
local QUOTE = "$'...'"
local EXPANSION = "an expansion of ${...}"
local ARITHMETIC = "((...))"

-- Commands that sh does not have.
local WORDS = { ["function"] = "the word function", source = "source (sh has . instead)" }
for _, word in ipairs({ "declare", "typeset", "shopt", "pushd", "coproc", "let", "mapfile" }) do
  WORDS[word] = "the command " .. word
end

-- Texts in braces are looked at as far as this, so that a text of braces alone stays cheap.
local MOST = 1024

-- `{...}` at `at`, with braces in it.
local function braces(text, at) return text:sub(at, at + MOST):match("^%b{}") end

-- Whether a text in braces is one that bash expands.
local function expands(whole)
  if whole:find("[%s'\"]") then return false end
  return whole:find(",", 1, true) ~= nil or whole:find("^{%-?%w+%.%.%-?%w+") ~= nil
end

-- The end of a here-document that begins in the line of `at`, and where its word ends.
local function here_document(text, at)
  local dash, word, after = text:match("^<<(%-?)%s*[\"'\\]?([%w_.-]+)()", at)
  if not word then return nil end
  local line_end = text:find("\n", after, true)
  if not line_end then return nil end
  local from = line_end
  while true do
    local begin, finish = from + 1, text:find("\n", from + 1, true)
    local line = text:sub(begin, (finish or #text + 1) - 1)
    if dash == "-" then line = line:gsub("^\t+", "") end
    if line == word or not finish then return finish or #text + 1, after end
    from = finish
  end
end

-- Inside of ${...}: what follows the name.
local function bash_expansion(text, at)
  local rest = text:match("^%${[!#]?[%a_][%w_]*()", at)
  if not rest then return nil end
  local sign = text:sub(rest, rest)
  if sign == "[" then return ARRAY end
  if sign == "/" or sign == "^" or sign == "," or sign == "@" then return EXPANSION end
  if sign == ":" and text:find("^:%s*[%d$]", rest) then return EXPANSION end
  if text:sub(at + 2, at + 2) == "!" then return EXPANSION end
  return nil
end

-- Words that only mean something where a command begins.
local function command_word(text, at)
  if text:find("^%[%[%s", at) then return TEST end
  if text:find("^for%s*%(%(", at) then return ARITHMETIC end
  if text:find("^[%a_][%w_]*%+?=%(", at) then return ARRAY end
  if text:find("^set%s+[^\n;&|]*pipefail", at) then return "set -o pipefail" end
  local word = text:match("^(%l+)%s+%S", at)
  return word and WORDS[word]
end

-- Words after which a command begins.
local LEADS = { ["if"] = true, ["then"] = true, ["else"] = true, ["elif"] = true, ["do"] = true,
  ["while"] = true, ["until"] = true, ["!"] = true, ["{"] = true, ["time"] = true }

-- One byte of these makes a look worth it.
local SUSPECT = "[%[{<>&|(]"

local function suspect(text)
  if text:find(SUSPECT) or text:find("$'", 1, true) or text:find("pipefail", 1, true) then
    return true
  end
  for word in pairs(WORDS) do
    if text:find(word, 1, true) then return true end
  end
  return false
end

---@param text string
---@return string? what the first thing in it that needs bash
---@return integer? line of the text, from 1
function M.needs(text)
  if not suspect(text) then return nil end
  local at, size = 1, #text
  local start = true -- a command may begin here
  local documents -- where here-documents of this line end
  local found, begin
  while at <= size and not found do
    begin = at
    local c = text:sub(at, at)
    if c == "\n" then
      if documents then at, documents = documents, nil end
      at, start = at + 1, true
    elseif c == " " or c == "\t" then
      at = at + 1
      if text:sub(at, at) == "#" then at = text:find("\n", at, true) or size + 1 end
    elseif c == "#" and (at == 1 or text:find("^[\n;&|(]", at - 1)) then
      at = text:find("\n", at, true) or size + 1
    elseif c == "\\" then
      at, start = at + 2, false
    elseif c == "'" then
      at, start = (text:find("'", at + 1, true) or size) + 1, false
    elseif c == '"' then
      at, start = at + 1, false
      while at <= size do
        local d = text:sub(at, at)
        if d == '"' then break end
        if d == "$" then found = found or bash_expansion(text, at) end
        at = at + (d == "\\" and 2 or 1)
      end
      at = at + 1
    elseif c == ";" or c == "&" or c == "|" or c == "(" or c == ")" then
      if text:sub(at, at + 1) == "&>" then
        found = BOTH
      elseif text:sub(at, at + 1) == "|&" then
        found = PIPE_BOTH
      end
      at, start = at + 1, true
    elseif c == "<" or c == ">" then
      if text:find("^[<>]%(", at) then
        found = PROCESS
      elseif text:sub(at, at + 2) == "<<<" then
        found = HERE_STRING
      elseif text:sub(at, at + 1) == "<<" then
        local finish, after = here_document(text, at)
        if finish then documents, at = finish, after - 1 end
      elseif text:sub(at + 1, at + 1) == "&" then
        at = at + 1 -- 2>&1
      end
      at = at + 1
    elseif c == "$" then
      if text:sub(at + 1, at + 1) == "'" then
        found = QUOTE
      elseif text:sub(at + 1, at + 1) == "{" then
        found = bash_expansion(text, at)
        at = at + 1 + #(braces(text, at + 1) or "{")
      elseif text:sub(at + 1, at + 1) == "(" then
        at = at + 2
        start = true
        goto continue
      else
        at = at + 1
      end
      start = false
    else
      if start then found = command_word(text, at) end
      local word = text:match("^[^%s;&|()<>'\"\\${]+", at)
      if not found and c == "{" then
        local whole = braces(text, at)
        if whole and expands(whole) then found = BRACES end
        word = whole and not whole:find("%s") and whole or "{"
      end
      start = start and LEADS[word] or false
      at = at + #(word or c)
    end
    ::continue::
  end
  if not found then return nil end
  local _, lines = text:sub(1, begin):gsub("\n", "")
  return found, lines + 1
end

return M
