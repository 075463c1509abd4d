-- Before a task runs: whether there is anything to run. Its result may be in place, or a stored one
-- is restored; otherwise why it runs, and what its inputs are before that. keep_result.lua is the
-- other end.
-- SPDX-License-Identifier: MIT
local lanes = require("ggen.lanes")

local M = {}

local FIRST_PAUSE, LONGEST_PAUSE, TELL_AFTER = 0.005, 0.1, 1 -- seconds, of waiting for another run

---@class ggen.CacheEntry what find() learned about a task
---@field result ggen.TaskResult? there is nothing to run: this is the result
---@field key string? hexadecimal; nil for a task without a key
---@field reason string? why it runs, one line
---@field bypass boolean? it is never served
---@field package missed boolean? it could have been served, had there been something
---@field package marks userdata? of the inputs, from before the run
---@field package recorder userdata? sink of what it prints
---@field package locked boolean? no other run makes its outputs meanwhile
---@field package stored boolean? its result is
---@field package last table? what this checkout made last

local function up_to_date(last)
  return { status = "ok", code = 0, attempts = 1, cache = "fresh", saved = last and last.duration
    or 0 }
end

-- Makes the outputs of a stored result; nil and why when that did not work.
local function restore(cache, task, action, info)
  local present, message = cache:wait("present", task.index)
  if not present then return nil, message end
  local restored, kind
  restored, message, kind = cache:wait("restore", action, present)
  if not restored then
    if kind ~= "not_found" and kind ~= "invalid" then
      cache:warn_once("restore", "a stored result could not be restored: " .. message)
    end
    return nil, kind == "invalid" and "its stored result was damaged"
      or "its stored result is not whole: " .. message
  end
  local outputs
  outputs, message = cache:wait("learn", task.index, restored.written)
  if not outputs then return nil, message end
  if outputs ~= info.outputs and info.output_count > 0 then
    return nil, "what was restored is not what was stored"
  end
  return restored
end

---The key of the result that this one takes the place of, for `why`: making the same once more
---does not make its history forgotten.
---@param entry ggen.CacheEntry
---@return string? key
function M.before(entry)
  local last = entry.last
  if not last then return entry.changes and entry.changes.against end
  if not last.key or last.key == entry.key then return last.before end
  return last.key
end

local function serve(cache, run, task, entry, action, tier)
  local serves, why, info = cache:serves(task, action)
  if not serves then
    entry.reason = why
    return nil
  end
  local restored
  restored, why = restore(cache, task, action, info)
  if not restored then
    entry.reason = why
    return nil
  end
  if info.log and not cache.files:replay(action, run.account:log_of(task)) then
    entry.reason = "its stored output is not whole"
    return nil
  end
  info.before = M.before(entry)
  cache.files:ended(task.index, info)
  cache:record("hit", info.key, task, info.bytes, info.duration)
  cache:count("restored_bytes", info.bytes)
  cache:count("output_files", info.output_count)
  cache:count("copied", restored.bytes)
  return { status = "ok", code = 0, attempts = 1, cache = "restored", saved = info.duration,
    files = restored.files, tier = tier }
end

-- Another run in this checkout that makes the same outputs is waited for. Asked again and again: a
-- lock that is waited for in the system could not be given up when this run is interrupted.
local function lock(cache, run, task)
  if not cache.files:info(task.index).has_outputs then return false end
  local pause, waited = FIRST_PAUSE, 0
  while not cache.files:lock(task.index) do
    run.waits:sleep(pause, lanes.of(task))
    waited = waited + pause
    pause = math.min(pause * 2, LONGEST_PAUSE)
    if waited > TELL_AFTER and waited - pause <= TELL_AFTER then
      cache.events:note("info", "waits: another run is making its outputs", task)
    end
  end
  if waited > 0 then cache.files:something_ran() end
  return true
end

local function look(cache, run, task)
  local facts = cache.files:info(task.index)
  local entry = {}
  for _ = 1, 3 do -- inputs that keep changing are not waited for longer
    local found, message = cache:wait("assess", task.index)
    if not found then
      entry.bypass, entry.reason = true, message
      return entry
    end
    entry.key, entry.last = found.key, found.last
    if not found.key then
      entry.bypass = true
      entry.reason = cache:unkeyed(task.index) and
        ('not cached: %s (give the task a version = "..." to cache it)'):format(
          cache:unkeyed(task.index)) or require("ggen.reasons").without_key(found.problem)
      return entry
    end
    if facts.runs_nothing then
      entry.result = { status = "ok", code = 0, attempts = 1,
        cache = not cache._ran and "fresh" or nil }
      return entry
    end
    if not facts.cached then
      entry.bypass = true
      return entry
    end
    local refused = cache:refusal(task.index)
    if cache.options.read then
      if found.standing == "fresh" and not refused then
        cache:record("hit", found.key, task, found.last.bytes, found.last.duration)
        entry.result = up_to_date(found.last)
        return entry
      end
      local action, tier = cache.stores:get(found.key)
      if action then
        entry.result = serve(cache, run, task, entry, action, tier)
        if entry.result then return entry end
      end
    end
    entry.changes = entry.changes or (cache.options.read and cache:changes(task, found))
      or { text = "forced" }
    entry.missed = true
    entry.reason = entry.reason or refused or entry.changes.text
    cache._causes[task.id] = entry.changes.first
    local marks = cache:wait("mark", task.index)
    if marks then
      entry.marks = marks
      break
    end
  end
  if not entry.marks then entry.reason = "its inputs keep changing" end
  if entry.missed then cache:count("misses", 1) end
  if cache.options.write and cache.stores.writable then
    local recorder = cache.files:recorder()
    entry.recorder = recorder
    run.account:record(task, recorder)
  end
  return entry
end

---@async
---@param cache ggen.Cache
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.CacheEntry
function M.find(cache, run, task)
  local locked = lock(cache, run, task)
  local entry = look(cache, run, task)
  entry.locked = locked
  if entry.result then M.unlock(cache, task, entry) end
  return entry
end

---Other runs may make its outputs again.
---@param cache ggen.Cache
---@param task ggen.Task
---@param entry ggen.CacheEntry
function M.unlock(cache, task, entry)
  if entry.locked then cache.files:unlock(task.index) end
  entry.locked = false
end

return M
