-- Batches of changes, as they came: what they are together. Plain values.
-- SPDX-License-Identifier: MIT
local M = {}

-- What two changes of a file are together; nil for nothing.
local function together(first, second)
  if first.kind == "created" and second.kind == "removed" then return nil end
  local kind = first.kind == "created" and "created"
    or first.kind == "removed" and second.kind == "created" and "changed" or second.kind
  return { path = second.path, kind = kind, time = second.time, ignored = second.ignored,
    directory = second.directory }
end

---Each file once, as within a batch.
---@param batches ggen.FileEvent[][]
---@return ggen.FileEvent[]
function M.merged(batches)
  if #batches == 1 then return batches[1] end
  local order, by_path = {}, {}
  for _, batch in ipairs(batches) do
    for _, event in ipairs(batch) do
      local path = event.path
      local before = by_path[path]
      if before == nil then order[#order + 1] = path end
      if before then event = together(before, event) or false end
      by_path[path] = event
    end
  end
  local events = {}
  for _, path in ipairs(order) do events[#events + 1] = by_path[path] or nil end
  return events
end

---@param batches ggen.FileEvent[][]
---@return number time of the last change, in seconds since 1970
function M.newest(batches)
  local time = 0
  for _, batch in ipairs(batches) do
    for _, event in ipairs(batch) do time = math.max(time, event.time) end
  end
  return time
end

return M
