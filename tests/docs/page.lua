-- Reads a page of the docs: its fenced blocks and the markers above them. Runs nothing.
--
-- A marker is an HTML comment on the line above a block:
--   <!-- in: NAME -->            on a line of its own: from here on in the folder NAME
--   <!-- file: PATH -->          the block is this file
--   <!-- add: PATH -->           the block goes into this file, before its last line "return ..."
--   <!-- run -->                 the block is a session: "$ command" lines and what each prints
--   <!-- run: exit 1, any order -->   the last command ends with 1; lines in any order
--   <!-- run: any numbers -->    numbers, sizes, ids of runs and runs of spaces are not compared
--   <!-- run: with containers -->     only where a container engine is (tests/containers)
--   <!-- shown: REASON -->       the block is not run, because of this
-- In a session "..." alone on a line stands for any number of lines. Durations, digests and the
-- like are not compared. A block without a marker is an
-- error, so that nothing in the docs goes untested by accident. A page with "not run" in its first
-- line, as the generated ones, is left out.
-- SPDX-License-Identifier: MIT
local M = {}

---@class docs.Block
---@field kind "in"|"file"|"add"|"run"|"shown"
---@field value string what stands behind the colon
---@field lines string[]
---@field first integer line of the page that the block's text begins at
---@field line integer line of the marker

local KINDS = { ["in"] = true, file = true, add = true, run = true, shown = true }

local function marker_of(line)
  local kind, value = line:match("^%s*<!%-%- (%a+):?%s*(.-)%s*%-%->%s*$")
  if kind and KINDS[kind] then return { kind = kind, value = value } end
end

---@param text string
---@return docs.Block[]? blocks, string? message, integer? line
function M.blocks(text)
  local blocks, marker, fence, number = {}, nil, nil, 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if fence then
      if line == fence.close then
        blocks[#blocks + 1], fence = fence, nil
      else
        fence.lines[#fence.lines + 1] = line
      end
    elseif line:find("^```") then
      if not marker then return nil, "this block has no marker", number end
      fence = marker
      fence.lines, fence.first, fence.close = {}, number + 1, "```"
      marker = nil
    else
      if marker then return nil, "a block must follow this marker", number - 1 end
      marker = marker_of(line)
      if marker then marker.line = number end
      if marker and marker.kind == "in" then
        blocks[#blocks + 1] = marker
        marker = nil
      end
    end
  end
  if fence then return nil, "this block does not end", fence.first - 1 end
  return blocks
end

---@class docs.Command
---@field command string
---@field expected string[]
---@field first integer line of the page that the expected output begins at

---@param block docs.Block of kind run
---@return docs.Command[]
function M.session(block)
  local commands = {}
  for i, line in ipairs(block.lines) do
    local command = line:match("^%$ (.*)$")
    if command then
      commands[#commands + 1] = { command = command, expected = {}, first = block.first + i }
    else
      local last = commands[#commands]
      if not last then error(("line %d: a session begins with $"):format(block.first), 0) end
      last.expected[#last.expected + 1] = line
    end
  end
  return commands
end

-- Digests, whole and as `why` shows them: a key has the programs of the machine in it.
local DIGEST = "%f[%w]" .. ("%x"):rep(64) .. "%f[%W]"
local SHORT_DIGEST = "%f[%w]" .. ("%x"):rep(12) .. "%f[%W]"

-- What differs from run to run, in what is expected and in what came out.
local function plain(line)
  return (line:gsub(DIGEST, "DIGEST"):gsub(SHORT_DIGEST, "DIGEST")
    :gsub("%d+ m %d%d s", "TIME"):gsub("%d+%.%d+ s", "TIME"):gsub("; saved TIME$", "")
    :gsub("%d[%d.]* [mu]s%f[%W]", "TIME"):gsub("%f[%d]0 s%f[%W]", "TIME")
    :gsub("%d+T%d+%.%d+%-%x+", "ID"):gsub("[%d-]+ %d+:%d+:%d+ UTC", "DATE")
    :gsub("%d+ %% over", "PERCENT over"):gsub('( time=")%d+%.%d+', "%1TIME")
    :gsub('("[%w_]+":%s?)%-?%d+%.%d[%de-]*', "%1TIME")
    :gsub('("peak_memory":%s?)%d+', "%1TIME")
    :gsub('("[%w_]+":%s?)%-?%d[%d.]*e%-%d+', "%1TIME")
    -- A whole number of seconds is still a time.
    :gsub('("time":%s?)%d+([,}])', "%1TIME%2"):gsub('("sys":%s?)%d+([,}])', "%1TIME%2")
    :gsub('("user":%s?)%d+([,}])', "%1TIME%2"):gsub('("share":%s?)%d+([,}])', "%1TIME%2")
    -- Which tasks are on the longest way is a matter of what they took.
    :gsub('"path":%b[]', '"path":[]'))
end

-- Measurements: neither what they are nor how wide that makes a table. Names keep their digits.
local function without_numbers(line)
  return (line:gsub("%d+T%d+%.%d+%-%x+", "RUN"):gsub("%d+%-%d+%-%d+ %d+:%d+:%d+", "TIME")
    :gsub("[+-]?%f[%w]%d[%d.]*%f[^%w.]", "N"):gsub("N [KMG]?i?B%f[%W]", "SIZE")
    :gsub("N [mu]?s%f[%W]", "TIME")
    :gsub("%s+", " "))
end

local function fits_from(expected, i, actual, j)
  while expected[i] do
    if expected[i] == "..." then
      for k = j, #actual + 1 do
        if fits_from(expected, i + 1, actual, k) then return true end
      end
      return false
    end
    if actual[j] == nil or plain(expected[i]) ~= plain(actual[j]) then return false end
    i, j = i + 1, j + 1
  end
  return actual[j] == nil
end

-- Every expected line came out, and nothing else unless there is a "...".
local function fits_any_order(expected, actual)
  local left, open, count = {}, false, #actual
  for _, line in ipairs(actual) do
    line = plain(line)
    left[line] = (left[line] or 0) + 1
  end
  for _, line in ipairs(expected) do
    if line == "..." then
      open = true
    else
      line = plain(line)
      if (left[line] or 0) == 0 then return false end
      left[line], count = left[line] - 1, count - 1
    end
  end
  return open or count == 0
end

---@param expected string[]
---@param actual string[]
---@param any_order boolean
---@param any_numbers boolean?
---@return boolean
function M.fits(expected, actual, any_order, any_numbers)
  if any_numbers then
    local lists = { expected, actual }
    for i, list in ipairs(lists) do
      local plainer = {}
      for k, line in ipairs(list) do plainer[k] = without_numbers(line) end
      lists[i] = plainer
    end
    expected, actual = lists[1], lists[2]
  end
  if any_order then return fits_any_order(expected, actual) end
  return fits_from(expected, 1, actual, 1)
end

return M
