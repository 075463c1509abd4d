-- What bash understands and sh does not, in the text of a command. Looks at the text as a shell
-- splits it (quotes, comments, here-documents), not at what it would do.
-- SPDX-License-Identifier: MIT
local M = {}

-- What is found, in words.
local BRACES = "brace expansion (sh makes one word of it)"
local TEST = "[[ ... ]]"
local PROCESS = "a process substitution"
local BOTH = "&> (sh takes & for the end of the command)"
local PIPE_BOTH = "|&"
local HERE_STRING = "<<<"
local FUNCTION = "the word function"
local ARRAY = "an array"
local QUOTE = "$'...'"
local EXPANSION = "an expansion that sh does not have"
local SOURCE = "source (sh has .)"
local PIPEFAIL = "set -o pipefail"

-- Whether `{...}` at `at` of a word is one that bash expands.
local function expands(text, at)
  local inner = text:match("^{([^%s{}'\"]*)}", at)
  if inner then
    return inner:find(",", 1, true) ~= nil or inner:find("^%-?%w+%.%.%-?%w+") ~= nil
  end
  -- Braces in braces: a/{b/{c,d},e}
  local whole = text:match("^%b{}", at)
  return whole ~= nil and not whole:find("[%s'\"]") and whole:find(",", 1, true) ~= nil
end

-- The end of a here-document that begins in the line of `at`, and whether its text is expanded.
local function here_document(text, at)
  local dash, quote, word, after = text:match("^<<(%-?)%s*([\"'\\]?)([%w_.-]+)()", at)
  if not word then return nil end
  local line_end = text:find("\n", after, true)
  if not line_end then return nil end
  local from = line_end
  while true do
    local begin, finish = from + 1, text:find("\n", from + 1, true)
    local line = text:sub(begin, (finish or #text + 1) - 1)
    if dash == "-" then line = line:gsub("^\t+", "") end
    if line == word then return finish or #text + 1, after, quote end
    if not finish then return nil end
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
  if text:find("^function%s+[%w_:.-]+", at) then return FUNCTION end
  if text:find("^source%s+%S", at) then return SOURCE end
  if text:find("^set%s+[^\n;&|]*pipefail", at) then return PIPEFAIL end
  if text:find("^[%a_][%w_]*%+?=%(", at) or text:find("^declare%s", at) then return ARRAY end
  return nil
end

-- Words after which a command begins.
local LEADS = { ["if"] = true, ["then"] = true, ["else"] = true, ["elif"] = true, ["do"] = true,
  ["while"] = true, ["until"] = true, ["!"] = true, ["{"] = true, ["time"] = true }

-- One byte of these makes a look worth it.
local SUSPECT = "[%[{<>&|(]"

---@param text string
---@return string? what the first thing in it that needs bash
---@return integer? line of the text, from 1
function M.needs(text)
  if not (text:find(SUSPECT) or text:find("$'", 1, true) or text:find("source", 1, true)
    or text:find("function", 1, true) or text:find("pipefail", 1, true)) then
    return nil
  end
  local at, size = 1, #text
  local start = true -- a command may begin here
  local documents -- where here-documents of this line end
  local found
  while at <= size and not found do
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
        at = (select(2, text:find("^%b{}", at + 1)) or at + 1) + 1
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
        if expands(text, at) then found = BRACES end
        local _, finish = text:find("^%b{}", at)
        word = finish and not text:sub(at, finish):find("%s") and text:sub(at, finish) or "{"
      end
      start = start and LEADS[word] or false
      at = at + #(word or c)
    end
    ::continue::
  end
  if not found then return nil end
  local _, lines = text:sub(1, math.min(at, size)):gsub("\n", "")
  return found, lines + 1
end

return M
