-- Compares an expectation with what came out, and shows where they differ. An expectation is
-- literal but for its placeholders:
--
--   {{any}}   any text, also none        {{word}}  letters, digits, - and _
--   {{num}}   a number                   {{time}}  a duration, as 12 ms, 0.3s or 1m 02s
--   {{path}}  an absolute path           {{id}}    an identifier of digits, letters and dashes
--   {{dir}} {{home}} {{tmp}}             the folders of the case
--   {{bin}}                              the folder of the binary
--   {{0x1b}}                             one byte
--   {{...}}   alone on a line: any number of lines, also none
-- SPDX-License-Identifier: MIT
local M = {}

local patterns = {
  any = ".*", num = "%-?%d+%.?%d*[eE]?[-+]?%d*", time = "%d[%d%. hmsu]*[hms]",
  path = "/[%w%._/+-]*", id = "[%w-]+", word = "[%w_-]+", ["..."] = ".*",
}

local function literal(text)
  return (text:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("%z", "%%z"))
end

---@param line string an expected line
---@param folders table<string, string> dir, home, tmp
---@return string pattern a Lua pattern, not anchored
function M.pattern(line, folders)
  local result, at = {}, 1
  while true do
    local first, last, name = line:find("{{([%w.]+)}}", at)
    if not first then break end
    result[#result + 1] = literal(line:sub(at, first - 1))
    local byte = name:match("^0x(%x%x)$")
    local found = patterns[name] or (folders[name] and literal(folders[name]))
      or (byte and literal(string.char(tonumber(byte, 16))))
    if not found then error(("unknown placeholder {{%s}}"):format(name), 0) end
    result[#result + 1] = found
    at = last + 1
  end
  result[#result + 1] = literal(line:sub(at))
  return table.concat(result)
end

-- Whether one expected line fits one line of output; patterns are made once a line.
local function matcher(expected, folders)
  local cache = {}
  return function(i, line)
    if not expected[i]:find("{{", 1, true) then return expected[i] == line end
    cache[i] = cache[i] or "^" .. M.pattern(expected[i], folders) .. "$"
    return line:find(cache[i]) ~= nil
  end
end

---@param output string
---@return string[] lines; the last one says so when it has no newline
function M.output_lines(output)
  if output == "" then return {} end
  local lines = {}
  for line in output:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  local rest = output:match("([^\n]*)$")
  if rest ~= "" then lines[#lines + 1] = rest .. "{{no newline}}" end
  return lines
end

-- The marker of a missing newline is compared as text, so it is taken out of the placeholders.
local function protect(lines)
  local result = {}
  for i, line in ipairs(lines) do
    result[i] = line:gsub("{{no newline}}$", "\1no newline")
  end
  return result
end

-- {{...}} as the star of a glob over lines: remembers the last one and lets it take one more.
local function sequence_fits(expected, actual, fits)
  local i, j, star, mark = 1, 1, nil, nil
  while j <= #actual do
    if expected[i] == "{{...}}" then
      star, mark = i, j
      i = i + 1
    elseif expected[i] and fits(i, actual[j]) then
      i, j = i + 1, j + 1
    elseif star then
      mark = mark + 1
      i, j = star + 1, mark
    else
      return false
    end
  end
  while expected[i] == "{{...}}" do i = i + 1 end
  return i > #expected
end

local function set_fits(expected, actual, fits)
  if #expected ~= #actual then return false end
  local used = {}
  -- Lines without a placeholder first: they have one partner only.
  for pass = 1, 2 do
    for i, line in ipairs(expected) do
      if (line:find("{{", 1, true) == nil) == (pass == 1) then
        local partner
        for j, other in ipairs(actual) do
          if not used[j] and fits(i, other) then partner = j break end
        end
        if not partner then return false end
        used[partner] = true
      end
    end
  end
  return true
end

-- A list of { mark, text }: " " in both, "-" only expected, "+" only in the output. Longest common
-- subsequence over the part between the common head and tail.
local function diff(expected, actual, fits)
  local head = 0
  while expected[head + 1] and actual[head + 1] and fits(head + 1, actual[head + 1]) do
    head = head + 1
  end
  local n, m = #expected, #actual
  while n > head and m > head and fits(n, actual[m]) do n, m = n - 1, m - 1 end
  local limit = 600
  local rows, columns = math.min(n - head, limit), math.min(m - head, limit)
  local best = {}
  for i = rows, 0, -1 do
    best[i] = {}
    for j = columns, 0, -1 do
      if i == rows or j == columns then
        best[i][j] = 0
      elseif fits(head + i + 1, actual[head + j + 1]) then
        best[i][j] = best[i + 1][j + 1] + 1
      else
        best[i][j] = math.max(best[i + 1][j], best[i][j + 1])
      end
    end
  end
  local result = {}
  local function add(mark, text) result[#result + 1] = { mark, text } end
  for k = 1, head do add(" ", actual[k]) end
  -- After {{...}} lines of the output are in both.
  local i, j = 0, 0
  local function extra() return expected[head + i] == "{{...}}" and " " or "+" end
  while i < rows or j < columns do
    if i < rows and j < columns and fits(head + i + 1, actual[head + j + 1]) then
      add(" ", actual[head + j + 1])
      i, j = i + 1, j + 1
    elseif i < rows and (j == columns or best[i + 1][j] >= best[i][j + 1]) then
      add("-", expected[head + i + 1])
      i = i + 1
    else
      add(extra(), actual[head + j + 1])
      j = j + 1
    end
  end
  if rows < n - head or columns < m - head then add("!", "... and more (the diff is cut here)") end
  for k = 1, #actual - m do add(" ", actual[m + k]) end
  return result
end

-- Only the changes, with three lines around each.
local function show_diff(entries)
  local near, text = {}, {}
  for i, entry in ipairs(entries) do
    if entry[1] ~= " " then
      for k = i - 3, i + 3 do near[k] = true end
    end
  end
  for i, entry in ipairs(entries) do
    if near[i] then
      if not near[i - 1] and i > 1 then text[#text + 1] = "      ..." end
      local line = entry[2]
      if #line > 400 then line = line:sub(1, 400) .. (" ... (%d bytes)"):format(#line) end
      text[#text + 1] = "    " .. entry[1] .. " " .. line
    end
  end
  return table.concat(text, "\n")
end

local function part_of_some_line(wanted, actual, folders)
  local pattern = M.pattern(wanted, folders)
  for _, line in ipairs(actual) do
    if line:find(pattern) then return line end
  end
end

---@param check golden.Block with `how` and `lines`
---@param output string
---@param folders table<string, string>
---@return string? problem nil when it fits
function M.compare(check, output, folders)
  if check.how == "any" then return nil end
  local actual = M.output_lines(output)
  if check.how == "contains" or check.how == "no" then
    local problems = {}
    for _, wanted in ipairs(check.lines) do
      local found = part_of_some_line(wanted, actual, folders)
      if check.how == "contains" and not found then
        problems[#problems + 1] = "    - missing: " .. wanted
      elseif check.how == "no" and found then
        problems[#problems + 1] = "    + unwanted: " .. found
      end
    end
    if #problems == 0 then return nil end
    for i = 1, math.min(#actual, 60) do problems[#problems + 1] = "      " .. actual[i] end
    return table.concat(problems, "\n")
  end
  local expected, got = protect(check.lines), protect(actual)
  local fits = matcher(expected, folders)
  local compare = check.how == "unordered" and set_fits or sequence_fits
  if compare(expected, got, fits) then return nil end
  if check.how == "unordered" then
    table.sort(got)
    table.sort(expected)
    fits = matcher(expected, folders)
  end
  return show_diff(diff(expected, got, fits))
end

-- What varies from run to run, written as placeholders by --update.
local varying = {
  { "%f[%w]%d+ m %d%d s%f[%W]", "{{time}}" },
  { "%f[%w]%d+%.%d+ s%f[%W]", "{{time}}" },
  { '("peak_memory":%s?)%d+', "%1{{num}}" },
  { '("time":%s?)%d+%.?%d*', "%1{{num}}" },
  { '("duration":%s?)%d+%.?%d*', "%1{{num}}" },
  { '("sys":%s?)%d+%.?%d*', "%1{{num}}" },
  { '("user":%s?)%d+%.?%d*', "%1{{num}}" },
  { '("wall":%s?)%d+%.?%d*', "%1{{num}}" },
}

---For --update: the output as a block, keeping the old lines (and their placeholders) that fit.
---@param check golden.Block? the old block
---@param output string
---@param folders table<string, string>
---@param escape fun(line: string): string
---@return string[]
function M.updated(check, output, folders, escape)
  local actual = M.output_lines(output)
  local old = check and check.lines or {}
  local expected, got = protect(old), protect(actual)
  local fits = matcher(expected, folders)
  local result, at = {}, 1
  for j, line in ipairs(got) do
    local kept
    for i = at, #expected do
      if expected[i] ~= "{{...}}" and fits(i, line) then
        kept, at = old[i], i + 1
        break
      end
    end
    if not kept then
      local ends = actual[j]:find("{{no newline}}$") and "{{no newline}}" or ""
      kept = escape((actual[j]:gsub("{{no newline}}$", "")))
      for _, name in ipairs({ "dir", "home", "tmp", "bin" }) do
        kept = kept:gsub(literal(folders[name]), "{{" .. name .. "}}")
      end
      for _, entry in ipairs(varying) do kept = kept:gsub(entry[1], entry[2]) end
      kept = kept .. ends
    end
    result[j] = kept
  end
  return result
end

return M
