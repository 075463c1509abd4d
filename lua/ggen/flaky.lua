-- Flaky tasks: those that failed and then passed when they were tried again, as far as the records
-- of the last runs tell (timings.lua).
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.Flaky
---@field runs integer how many runs of the task are known
---@field flaky integer of these, how many passed after a retry
---@field failed integer how many failed for good
---@field samples { ended: number, wall: number, attempts: integer, failed: boolean }[] oldest first

---@param history userdata of ggen.core.timings
---@param id string of a task
---@return ggen.Flaky? found nil for one that is not flaky
function M.of(history, id)
  local found = { runs = 0, flaky = 0, failed = 0, samples = {} }
  for i, sample in ipairs(history:samples(id)) do
    found.runs = i
    if sample.failed then
      found.failed = found.failed + 1
    elseif sample.attempts > 1 then
      found.flaky = found.flaky + 1
    end
    found.samples[i] = { ended = sample.ended, wall = sample.wall, attempts = sample.attempts,
      failed = sample.failed }
  end
  return found.flaky > 0 and found or nil
end

---@param found ggen.Flaky
---@return string "passed on a retry in 2 of its last 5 runs, failed in 1"
function M.describe(found)
  return ("passed on a retry in %d of its last %d run%s%s"):format(found.flaky, found.runs,
    found.runs == 1 and "" or "s", found.failed > 0 and ", failed in " .. found.failed or "")
end

---The line at the end of a run.
---@param list { id: string, attempts: integer }[]
---@return string "flaky: e2e (3 attempts), api#test (2 attempts)"
function M.line(list)
  local names = {}
  for i, entry in ipairs(list) do
    if i > 8 then
      names[i] = ("and %d more"):format(#list - i + 1)
      break
    end
    names[i] = ("%s (%d attempts)"):format(entry.id, entry.attempts)
  end
  return "flaky: " .. table.concat(names, ", ")
end

return M
