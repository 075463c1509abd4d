-- Texts: splitting, filling in, laying out. All of it works on bytes, and nothing is a pattern.
-- SPDX-License-Identifier: MIT

---@class ggen.std.text
local M = {}

---Without the white space at both ends.
---   > text.trim("  a b \n")
---   < "a b"
---@param s string
---@return string
function M.trim(s)
  -- From the end by hand: "^%s*(.-)%s*$" takes quadratic time on a long run of spaces.
  local first = s:find("%S")
  if not first then return "" end
  local last = #s
  while s:find("^%s", last) do last = last - 1 end
  return s:sub(first, last)
end

---The parts between separators.
---   > text.split("a,b,,c", ",")
---   < { "a", "b", "", "c" }
---   > text.split("key=a=b", "=", 1)
---   < { "key", "a=b" }
---@param s string
---@param separator string not empty
---@param times? integer how often to split at most
---@return string[]
function M.split(s, separator, times)
  if separator == "" then error("text.split: the separator is empty", 2) end
  local parts, start = {}, 1
  while not times or #parts < times do
    local first, last = s:find(separator, start, true)
    if not first then break end
    parts[#parts + 1] = s:sub(start, first - 1)
    start = last + 1
  end
  parts[#parts + 1] = s:sub(start)
  return parts
end

---The lines of a text, without their ends ("\n" or "\r\n"). A "\n" at the very end begins no line.
---   > text.lines("one\r\n\ntwo\n")
---   < { "one", "", "two" }
---@param s string
---@return string[]
function M.lines(s)
  local lines = {}
  local start = 1
  while start <= #s do
    local newline = s:find("\n", start, true)
    local last = (newline or #s + 1) - 1
    if newline and s:byte(last) == 13 and last >= start then last = last - 1 end
    lines[#lines + 1] = s:sub(start, last)
    start = (newline or #s) + 1
  end
  return lines
end

---The words of a text: what white space separates.
---   > text.words("  a  b\tc\n")
---   < { "a", "b", "c" }
---@param s string
---@return string[]
function M.words(s)
  local words = {}
  for word in s:gmatch("%S+") do words[#words + 1] = word end
  return words
end

---   > text.starts_with("src/a.c", "src/")
---   < true
---@param s string
---@param start string
---@return boolean
function M.starts_with(s, start) return s:sub(1, #start) == start end

---   > text.ends_with("src/a.c", ".c"), text.ends_with("c", ".c")
---   < true, false
---@param s string
---@param ending string
---@return boolean
function M.ends_with(s, ending)
  return ending == "" or (#s >= #ending and s:sub(-#ending) == ending)
end

---Replaces every occurrence; neither text is a pattern.
---   > text.replace("1.2.3", ".", "-")
---   < "1-2-3"
---@param s string
---@param old string not empty
---@param new string
---@return string
function M.replace(s, old, new)
  if old == "" then error("text.replace: the text to look for is empty", 2) end
  return table.concat(M.split(s, old), new)
end

---   > text.count("banana", "an")
---   < 2
---@param s string
---@param part string not empty
---@return integer
function M.count(s, part)
  if part == "" then error("text.count: the text to look for is empty", 2) end
  return #M.split(s, part) - 1
end

---Fills in `${name}` from a table. "$${" stands for "${" itself.
---   > text.fill("${name}-${version}.tar", { name = "shop", version = 2 })
---   < "shop-2.tar"
---   > text.fill("${nme}", { name = "shop" })
---   < nil, 'no value for ${nme} (did you mean "name"?)'
---@param s string
---@param values table<string, string|number|boolean>
---@return string? text
---@return string? message
function M.fill(s, values)
  local missing
  local result = s:gsub("(%$?)%${([^}]*)}", function(escape, name)
    if escape ~= "" then return "${" .. name .. "}" end
    local value = values[name]
    if value == nil then
      missing = missing or name
      return nil
    end
    return tostring(value)
  end)
  if missing then
    local hint = require("ggen").suggest.hint(missing, values)
    return nil, ("no value for ${%s}%s"):format(missing, hint)
  end
  return result
end

---Puts `prefix` before every line that is not empty.
---   > text.indent("a\n\nb\n", "  ")
---   < "  a\n\n  b\n"
---@param s string
---@param prefix string
---@return string
function M.indent(s, prefix)
  prefix = prefix:gsub("%%", "%%%%")
  return (s:gsub("[^\n]+", prefix .. "%0"))
end

---Takes the white space away that all lines with something in them begin with: for long strings in
---indented code. A first line with nothing in it goes, too.
---   > text.dedent("\n    if x:\n      y\n")
---   < "if x:\n  y\n"
---@param s string
---@return string
function M.dedent(s)
  s = s:gsub("^[ \t]*\n", "")
  local common
  for line in s:gmatch("[^\n]+") do
    local margin = line:match("^[ \t]*")
    if #margin < #line then
      common = common or margin
      while common ~= margin:sub(1, #common) do common = common:sub(1, -2) end
    end
  end
  local width = common and #common or 0
  return (s:gsub("[^\n]+", function(line)
    return line:find("^[ \t]*$") and "" or line:sub(width + 1)
  end))
end

---Breaks a text into lines of at most `width` bytes, between words. A word that is longer gets a
---line of its own. What was a line end counts as a space.
---   > text.wrap("the quick brown fox", 10)
---   < { "the quick", "brown fox" }
---@param s string
---@param width integer
---@return string[]
function M.wrap(s, width)
  local lines, line = {}, nil
  for word in s:gmatch("%S+") do
    if line and #line + 1 + #word <= width then
      line = line .. " " .. word
    else
      lines[#lines + 1] = line
      line = word
    end
  end
  lines[#lines + 1] = line
  return lines
end

---Fills up with spaces behind the text, up to `width` bytes.
---   > text.pad("ab", 4), text.pad("abcde", 4)
---   < "ab  ", "abcde"
---@param s string
---@param width integer
---@return string
function M.pad(s, width) return s .. (" "):rep(width - #s) end

---Shortens a text to `width` bytes; what is left out shows as "...".
---   > text.shorten("a long sentence", 9), text.shorten("short", 9)
---   < "a long...", "short"
---@param s string
---@param width integer 3 or more
---@return string
function M.shorten(s, width)
  if #s <= width then return s end
  return s:sub(1, math.max(width - 3, 0)) .. "..."
end

---The names that are most like a word: for "did you mean".
---   > text.nearest("biuld", { "test", "build", "lint" })
---   < { "build" }
---@param word string
---@param names string[]
---@return string[] names nearest first, three at most
function M.nearest(word, names) return require("ggen").suggest.nearest(word, names, 3) end

return M
