-- What a cache policy would have done: replays the accesses of past runs against it. An access to a
-- result that is there is a hit and saves the time that it took to make; any other one is a miss,
-- which puts the result there. Knows no file.
-- SPDX-License-Identifier: MIT
local evict = require("ggen.evict")
local policies = require("ggen.policies")
local registry = require("ggen.registry")
local units = require("ggen.units")

local M = {}

local OVER = "plugin %q keeps %s where the limit is %s: its victims are too few"

---@class ggen.SimulateResult
---@field name string
---@field limit number?
---@field accesses integer
---@field hits integer
---@field misses integer
---@field stale integer misses because the policy did not serve what was there
---@field hit_rate number 0 to 1
---@field bytes_served number of the hits
---@field saved number seconds
---@field spent number seconds
---@field evictions integer
---@field peak_bytes number
---@field warning string? why its figures are those of another limit

local COLUMNS = { "key", "task", "bytes", "created", "last_access", "hits", "duration" }

local function new_entries()
  local entries = { count = 0, now = 0 }
  for _, column in ipairs(COLUMNS) do entries[column] = {} end
  return entries
end

-- Takes rows out: the last one moves into the place of each. `at` tells where a key's row is.
local function remove(entries, victims, at, number_of)
  table.sort(victims, function(a, b) return a > b end)
  local freed = 0
  for _, row in ipairs(victims) do
    local last = entries.count
    freed = freed + entries.bytes[row]
    at[number_of[row]] = nil
    if row ~= last then
      for _, column in ipairs(COLUMNS) do entries[column][row] = entries[column][last] end
      number_of[row] = number_of[last]
      at[number_of[row]] = row
    end
    for _, column in ipairs(COLUMNS) do entries[column][last] = nil end
    number_of[last] = nil
    entries.count = last - 1
  end
  return freed
end

local function check(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

---@param accesses table of cache:accesses()
---@param instance ggen.Instance a plugin of kind cache
---@param limit number? bytes, instead of the policy's own limit
---@return ggen.SimulateResult? result
---@return string? message when the policy failed
function M.run(accesses, instance, limit)
  local impl = instance.impl
  local message
  if not limit then
    limit, message = evict.limit(instance)
    if message then return nil, message end
  end
  local entries, at, number_of = new_entries(), {}, {}
  local left = 0 -- the most that it held after it was asked to make room
  local total, peak, hits, stale, served, saved, spent, evictions = 0, 0, 0, 0, 0, 0, 0, 0
  local keys, times, sizes, durations = accesses.key, accesses.time, accesses.bytes,
    accesses.duration
  local entry, task = {}, {}

  local function yes(method, ...)
    local answer = check(registry.call(instance, method, ...))
    if answer ~= nil and type(answer) ~= "boolean" then
      error(policies.no_boolean(instance, method, answer), 0)
    end
    return answer ~= false
  end

  local function is_served(row)
    if not impl.lookup then return true end
    entry.key, entry.created = entries.key[row], entries.created[row]
    entry.age, entry.duration = entries.now - entry.created, entries.duration[row]
    entry.bytes, entry.last_access = entries.bytes[row], entries.last_access[row]
    task.id = entries.task[row]
    return yes("lookup", task, entry)
  end

  local function is_admitted(name, bytes, duration)
    if not impl.admit then return true end
    task.id = name
    local result = { status = "ok", bytes = bytes, duration = duration }
    return yes("admit", task, result)
  end

  local function put(row, number, i, name)
    local key, bytes, now = tostring(number), sizes[i], times[i]
    if row then
      total = total - entries.bytes[row]
    else
      row = entries.count + 1
      entries.count, at[number], number_of[row] = row, row, number
    end
    entries.key[row], entries.task[row], entries.bytes[row] = key, name, bytes
    entries.created[row], entries.last_access[row], entries.hits[row] = now, now, 0
    entries.duration[row] = durations[i]
    total = total + bytes
    peak = math.max(peak, total)
  end

  local function make_room()
    local budget = evict.budget(total, limit)
    if budget == 0 then return end
    local victims, reasons = evict.choose(instance, entries, budget)
    if not victims then error(reasons, 0) end
    evictions = evictions + #victims
    total = total - remove(entries, victims, at, number_of)
    left = math.max(left, total)
  end

  local function replay()
    for i = 1, accesses.count do
      local number = keys[i]
      local row = at[number]
      entries.now = times[i]
      local there = row ~= nil
      if there and is_served(row) then
        hits, served = hits + 1, served + entries.bytes[row]
        saved = saved + entries.duration[row]
        entries.last_access[row], entries.hits[row] = times[i], entries.hits[row] + 1
      else
        if there then stale = stale + 1 end
        spent = spent + durations[i]
        local name = tostring(accesses.task[i])
        if is_admitted(name, sizes[i], durations[i]) then
          put(row, number, i, name)
          make_room()
        end
      end
    end
  end

  local ok, wrong = pcall(replay)
  if not ok then return nil, wrong end
  return {
    name = instance.name, limit = limit, accesses = accesses.count, hits = hits,
    misses = accesses.count - hits, stale = stale,
    hit_rate = accesses.count > 0 and hits / accesses.count or 0,
    bytes_served = served, saved = saved, spent = spent, evictions = evictions, peak_bytes = peak,
    -- One without the method keeps everything on purpose.
    warning = limit and left > limit and impl.victims and OVER:format(instance.name,
      units.format_size(left), units.format_size(limit)) or nil,
  }
end

return M
