-- After a task ran: whether its inputs and outputs are what its result says, and whether that is
-- stored. find_result.lua is the other end.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local find_result = require("ggen.find_result")

local M = {}

-- What a hook made of the outputs of its task is in no result: it has to run whenever these are
-- made or restored.
local function altered_by_hooks(cache, task)
  local altered
  for _, host in ipairs(cache._hosts[task.index] or {}) do
    if cache:wait("look_again", host) then altered = "altered" end
  end
  return altered
end

-- What to do about a task that writes among its own inputs.
local function remedy(task)
  local narrow = task.spec.lifecycle and "watch" or "inputs"
  return (" (if the task writes it: declare it in outputs, or narrow %s)"):format(narrow)
end

local function missing(cache, task, after, result)
  cache.files:ended(task.index, nil, nil, "missing")
  local what = #after.missing > 0 and table.concat(after.missing, ", ")
    or table.concat(task.spec.outputs, ", ")
  local text = "declared outputs were not made: " .. what
  if task.spec.missing_outputs == "ok" then return result end
  if task.spec.missing_outputs == "warn" then
    cache.events:note("warning", "not cached: " .. text, task)
    return result
  end
  return { code = 1, message = text, usage = result.usage, reason = result.reason, cache = "miss",
    attempts = result.attempts }
end

local function store(cache, task, entry, action, last, result)
  local usage = result.usage or {}
  local facts = { created = last.created, duration = last.duration, user = usage.user or 0,
    sys = usage.sys or 0, peak_memory = usage.peak_memory or 0 }
  local stored, message, kind = cache:wait("capture", action, entry.recorder, facts)
  if stored then
    cache:record("store", entry.key, task, last.bytes, last.duration)
    cache:count("stored", 1)
    cache:count("stored_bytes", last.bytes)
    cache:count("output_files", action:info().output_count)
    entry.stored = true
    cache.stores:put(action)
  elseif kind == "cancelled" then
    cache.events:note("warning", "not cached: " .. message, task)
  elseif kind == "invalid" then
    -- Said once: the result before was not stored either.
    local before = entry.last
    if not before or require("ggen.compare").stored(cache, before.key) then
      cache.events:note("warning", ("its result is not stored: %s. Declare the outputs where they"
        .. " really are, or say cache = false"):format(message), task)
    end
  else
    cache:record("miss", entry.key, task, last.bytes, last.duration)
    cache:warn_once("store", "results cannot be stored: " .. message)
  end
end

local function settle(cache, task, entry, result, duration, failure)
  result.reason, result.cache = entry.reason, entry.bypass and "bypass" or "miss"
  local after, message = cache:wait("after_run", task.index, entry.marks)
  if result.code ~= 0 then
    -- What needs a task that may fail sees what it left behind.
    cache.files:ended(task.index, nil, after and "failed" or "unknown", failure)
    return result
  end
  if not after then
    cache.events:note("warning", "not cached: " .. message, task)
    cache.files:ended(task.index, nil, "unknown", "unknown")
    return result
  end
  if #after.missing > 0 or (after.none and task.spec.outputs and #task.spec.outputs > 0) then
    return missing(cache, task, after, result)
  end
  if after.moved then
    cache.events:note("warning", ("not cached: %s changed while it ran%s"):format(after.moved,
      remedy(task)), task)
  end
  local altered = altered_by_hooks(cache, task)
  if entry.bypass or after.moved or altered or not after.action then
    cache.files:ended(task.index, nil, nil, after.moved and "moved" or altered)
    return result
  end
  local last = { key = entry.key, outputs = after.outputs, created = clock.unix(),
    duration = duration, bytes = after.bytes, before = find_result.before(entry) }
  local admitted, why = cache._policies:ask("admit", task, last)
  if not admitted then result.not_stored = why end
  if admitted and cache.options.write and cache.stores.writable then
    store(cache, task, entry, after.action, last, result)
  end
  after.action:close()
  cache.files:ended(task.index, last)
  return result
end

---@async
---@param cache ggen.Cache
---@param run ggen.Run
---@param task ggen.Task
---@param entry ggen.CacheEntry of find_result.lua
---@param result ggen.TaskResult
---@param duration number seconds
---@return ggen.TaskResult
function M.keep(cache, run, task, entry, result, duration)
  local waits = run.waits
  local cut_short = not waits.at_end and waits.interrupted
  local outcome = cut_short == "timeout" and "ended" or "interrupted"
  if result.code == 0 and (cut_short or result.left_behind) then
    -- Whoever was asked to end may have stopped half way, whatever the exit code says; so may a
    -- process that was left behind.
    cache.files:something_ran()
    cache.files:ended(task.index, nil, "interrupted", outcome)
    result.cache = "bypass"
  else
    result = settle(cache, task, entry, result, duration, cut_short and outcome or "failed")
  end
  local outputs = task.spec.outputs
  if outputs and #outputs > 0 and result.code == 0 and not entry.stored then
    cache.unmeasured = true
  end
  find_result.unlock(cache, task, entry)
  return result
end

return M
