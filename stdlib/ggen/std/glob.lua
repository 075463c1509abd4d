-- Globs over paths: `*` and `?` within a name, `**` over any number of directories, `[a-z]`,
-- `[!a-z]`, `{a,b}`, and `\` before a character that is to stand for itself.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local ggen = require("ggen")

---@class ggen.std.glob
local M = {}

local MAX_EXPANSIONS = 10000

---Whether a path matches a pattern.
---   > glob.match("src/**/*.{c,h}", "src/a/b.c"), glob.match("*.c", "src/a.c")
---   < true, false
---   > glob.match("src/[ab", "src/a")
---   < nil, 'glob "src/[ab", character 5: "[" is not closed (write "\\[" for the character itself)'
---@param pattern string
---@param path string
---@return boolean? matches
---@return string? message what is wrong with the pattern
function M.match(pattern, path)
  local matches, message = fs.match(pattern, path)
  if matches == nil then return nil, message end
  return matches
end

---The files that match, sorted. A pattern that begins with "!" takes out again what those before it
---took in. Directories are not listed, links are not followed, and `.git` and `.ggen` are left out.
---
---Called while a pipeline loads, it looks in the directory of the file that calls it, and a new
---file that matches makes the pipeline be loaded anew; otherwise in the current directory, unless
---`root` says where.
---   > glob.list({ "s*.lua", "!semver.lua" }, "stdlib/ggen/std")[1]
---   < "sh.lua"
---@param patterns string|string[]
---@param root? string
---@return string[]? paths relative to the root
---@return string? message
function M.list(patterns, root)
  local loading = ggen.loading()
  local base = loading and loading.dir or "."
  if root and root:sub(1, 1) ~= "/" then
    root = base .. "/" .. root
  end
  local paths, message
  if loading then
    paths, message = loading:files(root or base, patterns)
  else
    paths, message = fs.glob(root or base, patterns)
  end
  if not paths then return nil, message end
  return paths
end

-- Where the group that opens at `open` closes, and its commas; nothing when it does not close.
local function find_group(pattern, open)
  local depth, commas, i = 0, {}, open
  while i <= #pattern do
    local c = pattern:sub(i, i)
    if c == "\\" then
      i = i + 1
    elseif c == "{" then
      depth = depth + 1
    elseif c == "," and depth == 1 then
      commas[#commas + 1] = i
    elseif c == "}" then
      depth = depth - 1
      if depth == 0 then return i, commas end
    end
    i = i + 1
  end
  return nil
end

-- The first "{" that is not escaped.
local function find_open(pattern)
  local i = 1
  while i <= #pattern do
    local c = pattern:sub(i, i)
    if c == "\\" then
      i = i + 1
    elseif c == "{" then
      return i
    end
    i = i + 1
  end
  return nil
end

---Writes out the braces of a text: one text for each choice, in their order.
---   > glob.expand("src/{a,b}.{c,h}")
---   < { "src/a.c", "src/a.h", "src/b.c", "src/b.h" }
---   > glob.expand("a{b")
---   < nil, '"{" at character 2 is not closed (write "\\{" for the character itself)'
---@param pattern string
---@return string[]? texts 10,000 at most
---@return string? message
function M.expand(pattern)
  local done, pending = {}, { pattern }
  while #pending > 0 do
    local text = table.remove(pending)
    local open = find_open(text)
    if not open then
      done[#done + 1] = text
    else
      local close, commas = find_group(text, open)
      if not close then
        return nil, ('"{" at character %d is not closed (write "\\{" for the character itself)')
          :format(open)
      end
      -- The last choice first, because `pending` is taken from its end.
      commas[#commas + 1] = close
      for i = #commas, 1, -1 do
        local first = (commas[i - 1] or open) + 1
        pending[#pending + 1] = text:sub(1, open - 1) .. text:sub(first, commas[i] - 1)
          .. text:sub(close + 1)
      end
    end
    if #done + #pending > MAX_EXPANSIONS then
      return nil, ("the braces stand for more than %d texts"):format(MAX_EXPANSIONS)
    end
  end
  return done
end

return M
