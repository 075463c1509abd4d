-- What a task that has to run is compared with, to say what moved: what this checkout made last,
-- or, where it made nothing or that is gone, the stored result that is nearest to its key.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local reasons = require("ggen.reasons")

local M = {}

---Stored results that are looked at for the nearest one: by a run and by those who have time.
M.FEW, M.MANY = 16, 1000

-- The stored result of a key, if it is still there.
function M.stored(cache, key)
  return key and cache.stores.directory and cache:wait("get", key) or nil
end

local function nearest(cache, task, limit)
  return cache.stores.directory and cache:wait("nearest", task.index, limit) or nil
end

local MOST_LOOKS = 100

---What moved since a result was made. An input that is a directory by now has no part in the key,
---and so would be taken for one that is gone.
---@async
---@param cache ggen.Cache
---@param task ggen.Task
---@param action userdata? nil for all parts of the key as they are now
---@return table[] changes { kind=, name=, before=, after= }
function M.changes(cache, task, action)
  local changes = cache:wait("changes", task.index, action)
  local looks = 0
  for _, change in ipairs(action and changes or {}) do
    if change.kind == "input" and not change.after and looks < MOST_LOOKS then
      looks = looks + 1
      local name = change.name
      local path = name:sub(1, 1) == "/" and name or cache.project.dir .. "/" .. name
      local info = fs.stat(path)
      if info and info.type == "directory" then change.after = "d" end
    end
  end
  return changes
end

---Why a task has to run that judge() or assess() found to be stale.
---@async
---@param cache ggen.Cache
---@param task ggen.Task
---@param found table of assess()
---@param limit integer of stored results to look at
---@param reason_of ggen.ReasonOf
---@return ggen.Reason
---@return userdata? action that it was compared with
function M.with_last(cache, task, found, limit, reason_of)
  local last = found.last
  if last and last.key == found.key then return reasons.outputs_moved(cache, found) end
  local before = M.stored(cache, last and (last.key or last.before))
  if last and last.outcome then return reasons.not_kept(last.outcome), before end
  local elsewhere = not before and nearest(cache, task, limit) or nil
  local action = before or elsewhere
  local changes = action and M.changes(cache, task, action)
  if not changes or #changes == 0 then
    return last and reasons.forgotten() or reasons.first_run()
  end
  local reason = reasons.of(changes, reason_of)
  reason.against = action:info().key
  if elsewhere then
    local where = last and "%s (compared with the nearest stored result)" or "first run here: %s"
    reason.text = where:format(reason.text)
  end
  return reason, action
end

return M
