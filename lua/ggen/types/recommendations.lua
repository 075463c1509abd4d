---@meta
-- The types of what ggen-lua knows to recommend about a run.
-- SPDX-License-Identifier: MIT

---What would make a run faster.
---@class ggen.recommendations
local recommendations = {}

---What would make a run faster, the greatest gain first.
---@param record table of a run, as `run:record()` has it
---@param lines? table[] of the history, to tell what is usual
---@param targets? table of ggen.targets
---@return ggen.Recommendation[]
function recommendations.of(record, lines, targets) end

---One thing to do, and why.
---@class ggen.Recommendation
---@field kind string which rule it is from: "workers", "misses" and so on
---@field text string what to do
---@field evidence string why
---@field gain number? seconds that the run would have been shorter by, where that can be told
