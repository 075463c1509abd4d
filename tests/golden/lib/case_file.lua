-- Reads and rewrites *.case files. Knows the format and nothing of running anything.
--
-- A case file is prose with blocks in it. A keyword stands at the beginning of a line, its block is
-- the indented lines (four spaces) after it; everything else is prose.
--
--   == CASE name            starts a case: a fresh folder
--   FILE path [mode]        a file in it; the block is its text
--   RUN [command]           runs the command, or the block as a script, by sh in the folder
--   TIMEOUT seconds         of the RUN above it (default 30)
--   STDOUT | STDERR         the whole output, exactly; without this block it must be empty
--   STDOUT UNORDERED        the same lines in any order
--   STDOUT CONTAINS         each line of the block is part of some line of the output
--   STDOUT NOT              no line of the block is part of any line of the output
--   STDOUT ANY              not looked at
--   EXIT n                  the exit code (default 0)
--
-- What may vary is written {{time}}, {{num}} and so on (lib/match.lua). The first and last blank
-- lines of a block do not count; {{blank}} is one that does, and {{no newline}} ends an output (or
-- a FILE) whose last line has none.
-- SPDX-License-Identifier: MIT
local M = {}

local INDENT = "    "

---@class golden.Block
---@field first integer line of the keyword
---@field last integer last line of the block (== first when it is empty)
---@field lines string[]

local function split_lines(text)
  local lines = {}
  for line in (text:sub(-1) == "\n" and text or text .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end
M.split_lines = split_lines

-- The indented lines after line `first`.
local function read_block(lines, first)
  local last, content = first, {}
  local blanks = 0
  for i = first + 1, #lines do
    local line = lines[i]
    if line:find("^%s*$") then
      blanks = blanks + 1
    elseif line:sub(1, #INDENT) == INDENT then
      if #content > 0 then
        for _ = 1, blanks do content[#content + 1] = "" end
      end
      blanks = 0
      content[#content + 1] = line:sub(#INDENT + 1)
      last = i
    else
      break
    end
  end
  for i, line in ipairs(content) do
    if line == "{{blank}}" then content[i] = "" end
  end
  return { first = first, last = last, lines = content }
end

-- What stands for what varies in outputs, as a hasty replacement leaves it in a program.
local function marked(lines)
  for _, line in ipairs(lines) do
    local mark = line:match("{{time}}") or line:match("{{num}}") or line:match("{{any}}")
    if mark then return mark end
  end
end

local checks = {
  [""] = "exact", UNORDERED = "unordered", CONTAINS = "contains", NOT = "no", ANY = "any",
}

---@param path string for messages
---@param text string
---@return table[]? cases each { name, line, steps, file } where a step is a file or a run
---@return string? message
function M.parse(path, text)
  local lines = split_lines(text)
  local cases, case, run, names = {}, nil, nil, {}

  local function fail(number, message) return nil, ("%s:%d: %s"):format(path, number, message) end

  for number, line in ipairs(lines) do
    local word, rest = line:match("^(%u+)%f[%s%z]%s*(.-)%s*$")
    local name = line:match("^== CASE%s+(.-)%s*$")
    if name then
      if names[name] then return fail(number, ("a second case %q"):format(name)) end
      names[name] = true
      case, run = { name = name, line = number, steps = {}, file = path }, nil
      cases[#cases + 1] = case
    elseif line:find("^== ") then
      return fail(number, "expected: == CASE name")
    elseif word == "FILE" then
      local file, mode = rest:match("^(%S+)%s*(%d*)$")
      if not case or not file then return fail(number, "expected, in a case: FILE path [mode]") end
      local block = read_block(lines, number)
      local mark = marked(block.lines)
      if mark then
        return fail(number, ("a file has the mark %s, which is for outputs"):format(mark))
      end
      block.file, block.mode = file, mode ~= "" and mode or nil
      case.steps[#case.steps + 1] = block
    elseif word == "RUN" then
      if not case then return fail(number, "RUN outside a case") end
      local block = read_block(lines, number)
      if rest == "" and #block.lines == 0 then return fail(number, "RUN has no command") end
      run = {
        run = rest ~= "" and rest or table.concat(block.lines, "\n"), line = number, checks = {},
        last = rest ~= "" and number or block.last, timeout = 30, source = path,
      }
      case.steps[#case.steps + 1] = run
    elseif word == "TIMEOUT" or word == "EXIT" then
      local value = tonumber(rest)
      if not run or not value then
        return fail(number, ("expected, after RUN: %s number"):format(word))
      end
      if word == "EXIT" then
        run.exit, run.exit_line = value, number
      else
        run.timeout = value
      end
      run.last = number
    elseif word == "STDOUT" or word == "STDERR" then
      local how = checks[rest]
      if not run or not how then
        return fail(number, ("expected, after RUN: %s [UNORDERED|CONTAINS|NOT|ANY]"):format(word))
      end
      local block = read_block(lines, number)
      block.stream, block.how = word:lower(), how
      run.checks[#run.checks + 1] = block
      run.last = math.max(run.last, block.last)
    end
  end
  for _, each in ipairs(cases) do
    local runs = 0
    for _, step in ipairs(each.steps) do runs = runs + (step.run and 1 or 0) end
    if runs == 0 then return fail(each.line, ("the case %q runs nothing"):format(each.name)) end
  end
  return cases
end

-- One line of output as it is written in a case file.
local function escape(line)
  line = line:gsub("{{", "{{0x7b}}{{0x7b}}")
  line = line:gsub("[%z\1-\8\11-\31\127]", function(c) return ("{{0x%02x}}"):format(c:byte()) end)
  return (line:gsub(" $", "{{0x20}}"):gsub("\t$", "{{0x09}}"))
end

---@param lines string[] of output (or kept from the old block)
---@return string[] for the file
local function indented(lines)
  local result = {}
  for i, line in ipairs(lines) do
    if line == "" then
      result[i] = (i == 1 or i == #lines) and INDENT .. "{{blank}}" or ""
    else
      result[i] = INDENT .. line
    end
  end
  return result
end

---Rewrites expectations.
---@param text string of the whole file
---@param edits table[] each { run = run, stream = "stdout"|"stderr", lines = string[] } or
---{ run = run, exit = integer }
---@return string text
function M.rewrite(text, edits)
  local lines = split_lines(text)
  local replace, insert_after = {}, {}
  for _, edit in ipairs(edits) do
    local new = {}
    local first, last
    if edit.exit then
      if edit.exit ~= 0 then new = { "EXIT " .. edit.exit } end
      first, last = edit.run.exit_line, edit.run.exit_line
    else
      if #edit.lines > 0 then
        new = indented(edit.lines)
        local how = edit.how == "unordered" and " UNORDERED" or ""
        table.insert(new, 1, edit.stream:upper() .. how)
      end
      for _, block in ipairs(edit.run.checks) do
        if block.stream == edit.stream and (block.how == "exact" or block.how == "unordered") then
          first, last = block.first, block.last
        end
      end
    end
    if first then
      replace[first] = { last = last, lines = new }
    else
      local at = insert_after[edit.run.last] or {}
      for _, line in ipairs(new) do at[#at + 1] = line end
      insert_after[edit.run.last] = at
    end
  end
  local result, i = {}, 1
  while i <= #lines do
    local edit = replace[i]
    local last = i
    if edit then
      for _, line in ipairs(edit.lines) do result[#result + 1] = line end
      last = edit.last
    else
      result[#result + 1] = lines[i]
    end
    for at = i, last do
      for _, line in ipairs(insert_after[at] or {}) do result[#result + 1] = line end
    end
    i = last + 1
  end
  return table.concat(result, "\n") .. "\n"
end

M.escape = escape
return M
