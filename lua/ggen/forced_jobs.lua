-- Finds commands that leave the shared slots: GNU make obeys a -jN on its command line, whatever
-- its MAKEFLAGS say ("forced in submake: resetting jobserver mode"). Looks at texts alone; what a
-- script or a Makefile calls is not seen.
-- SPDX-License-Identifier: MIT
local steps = require("ggen.steps")

local M = {}

local MAKES = { make = true, gmake = true }
-- What may stand before the program in a command.
local PREFIXES = { exec = true, env = true, time = true, nice = true, command = true, ["!"] = true }
-- Flags of one letter without a value, which may be written together with -j: make -kj8.
local FLAGS = "[BdeikLnpqrRsStvw]*"

-- The option that asks for more than one job, as it is written.
local function option_in(words, first)
  local found
  for i = first, #words do
    local word = words[i]
    if word == "--" then break end
    local count = word:match("^%-" .. FLAGS .. "j(%d*)$") or word:match("^%-%-jobs=(%d+)$")
    if word == "--jobs" then count = "" end
    if count == "" and (words[i + 1] or ""):match("^%d+$") then
      count, word = words[i + 1], word .. " " .. words[i + 1]
    end
    -- The last one counts. One job is the first one, which needs no slot.
    if count then found = tonumber(count) ~= 1 and word or nil end
  end
  return found
end

local function forced_in(words)
  for i, word in ipairs(words) do
    if MAKES[word:match("[^/]*$")] then
      local option = option_in(words, i + 1)
      return option and word .. " " .. option
    end
    if not PREFIXES[word] and not word:match("^[%a_][%w_]*=") then return nil end
  end
end

---@param text string of a shell
---@return string? command "make -j8"
function M.in_text(text)
  for part in text:gsub("\\\n", " "):gmatch("[^;&|()\n]+") do
    local words = {}
    for word in part:gmatch("%S+") do words[#words + 1] = word end
    local found = forced_in(words)
    if found then return found end
  end
end

-- The first command of a task that does so.
local function in_task(spec)
  if spec.jobserver == false then return nil end
  for _, step in ipairs(steps.of(spec)) do
    local found = step.shell and M.in_text(step.shell) or step.argv and forced_in(step.argv)
    if found then return found end
  end
end

---What `check` says of them, once for each declaration.
---@param project ggen.Project
---@return string[] lines
function M.notes(project)
  local lines, told = {}, {}
  for index = 1, project:count() do
    local task = project:task(index)
    local declared = task.declaration
    local found = not task.phase and declared and declared.file and in_task(task.spec)
    local place = found and ("%s:%d"):format(declared.file, declared.line)
    if found and not told[place] then
      told[place] = true
      lines[#lines + 1] = ("%s: task %q: `%s` does not share the slots of the run; without -j it"
        .. " takes what is free (jobserver = false: it is meant so)"):format(place, declared.name,
        found)
    end
  end
  return lines
end

return M
