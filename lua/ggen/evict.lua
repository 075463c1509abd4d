-- Making room: when it is due, how much, and what a policy says goes. Policies see the stored
-- results as columns:
--
--   entries = { count = n, now = seconds, key = {...}, task = {...}, bytes = {...},
--               created = {...}, last_access = {...}, hits = {...}, duration = {...} }
--
-- Row i of each column belongs to one result; times are seconds since 1970, durations seconds, and
-- bytes a result's share of what it takes on the disk. Knows no policy by name.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local registry = require("ggen.registry")

local M = {}

---Room is made when this much of the limit is taken, and then down to the second.
M.START, M.TARGET = 0.85, 0.7

---How many bytes have to go.
---@param total number bytes that are taken
---@param limit number? bytes that may be; nil for no limit
---@return number bytes 0 while nothing is due
function M.budget(total, limit)
  if not limit or total < limit * M.START then return 0 end
  return math.ceil(total - limit * M.TARGET)
end

-- Sinks element i of the heap; the lowest score is on top, of equal ones the lower index.
local function sink(heap, score, i, size)
  local index = heap[i]
  local value = score[index]
  while true do
    local child = 2 * i
    if child > size then break end
    local c, right = heap[child], heap[child + 1]
    if child < size and (score[right] < score[c] or (score[right] == score[c] and right < c)) then
      child, c = child + 1, right
    end
    if score[c] > value or (score[c] == value and c > index) then break end
    heap[i] = c
    i = child
  end
  heap[i] = index
end

---The entries with the lowest scores, until their bytes make up the budget: for policies.
---@param entries ggen.CacheEntries
---@param budget number bytes
---@param score number[] one for each entry
---@param reason ggen.EvictReason?
---@return integer[] indices
---@return ggen.EvictReason? reason
function M.lowest(entries, budget, score, reason)
  local heap, size, victims, freed = {}, entries.count, {}, 0
  if budget <= 0 then return victims, reason end
  for i = 1, size do heap[i] = i end
  for i = math.floor(size / 2), 1, -1 do sink(heap, score, i, size) end
  while freed < budget and size > 0 do
    local index = heap[1]
    victims[#victims + 1] = index
    freed = freed + entries.bytes[index]
    heap[1] = heap[size]
    size = size - 1
    if size > 0 then sink(heap, score, 1, size) end
  end
  return victims, reason
end

local REASONS = { size = true, age = true, cost = true, asked = true }

-- What is wrong with the answer of a policy, if anything.
local function problem(entries, victims, reasons)
  if type(victims) ~= "table" then
    return ("must return a list of indices, it returned %s"):format(type(victims))
  end
  local seen = {}
  for i = 1, #victims do
    local index = victims[i]
    if type(index) ~= "number" or index % 1 ~= 0 or index < 1 or index > entries.count then
      return ("returned %s, which is no index of an entry"):format(tostring(index))
    end
    if seen[index] then return ("returned the index %d twice"):format(index) end
    seen[index] = true
    local reason = reasons
    if type(reasons) == "table" then reason = reasons[i] end
    if reason ~= nil and not REASONS[reason] then
      return ("returned the reason %s (known: size, age, cost, asked)"):format(tostring(reason))
    end
  end
end

---What a policy lets go.
---@param instance ggen.Instance a plugin of kind cache
---@param entries ggen.CacheEntries
---@param budget number bytes that should go
---@return integer[]? indices
---@return string[]|string reasons one for each; or the message when the policy failed
function M.choose(instance, entries, budget)
  local ok, victims, reasons = registry.call(instance, "victims", entries, budget)
  if not ok then return nil, victims end
  if victims == nil then return {}, {} end
  local wrong = problem(entries, victims, reasons)
  if wrong then return nil, ("plugin %q, method victims: %s"):format(instance.name, wrong) end
  local list = {}
  for i = 1, #victims do
    list[i] = type(reasons) == "table" and reasons[i] or type(reasons) == "string" and reasons
      or "size"
  end
  return victims, list
end

---The limit of a policy.
---@param instance ggen.Instance
---@return number? bytes nil for none
---@return string? message when the policy failed
function M.limit(instance)
  local ok, limit = registry.call(instance, "limit")
  if not ok then return nil, limit end
  if limit ~= nil and not (type(limit) == "number" and limit >= 0) then
    return nil, ("plugin %q, method limit: must return bytes, it returned %s"):format(instance.name,
      tostring(limit))
  end
  return limit
end

---Surveys a cache and removes what the policy lets go.
---@async
---@param cache userdata of ggen.core.cache
---@param instance ggen.Instance
---@param options { limit: number?, dry_run: boolean?, now: number? }?
---@return { bytes: number, limit: number?, actions: integer, blobs: integer, freed: number }?
---@return string? message
function M.sweep(cache, instance, options)
  local async = require("ggen.async")
  options = options or {}
  local survey, message = async.await(function(resume) return cache:survey(resume) end)
  if not survey then return nil, message end
  local limit = options.limit
  if not limit then
    limit, message = M.limit(instance)
    if message then return nil, message end
  end
  local stats = survey:stats()
  local total = stats.bytes
  local entries = survey:entries(options.now or clock.unix())
  -- Bytes that belong to no result go by themselves when they are old enough: no result has to
  -- make room for them.
  local victims, reasons = M.choose(instance, entries, M.budget(total - stats.orphan_bytes, limit))
  if not victims then return nil, reasons end
  local result = { bytes = total, limit = limit, actions = #victims, blobs = 0, freed = 0 }
  if options.dry_run then
    for _, index in ipairs(victims) do result.freed = result.freed + entries.bytes[index] end
    return result
  end
  local policy = instance.plugin.name
  local swept
  swept, message = async.await(function(resume)
    return survey:sweep(victims, reasons, policy, resume)
  end)
  if not swept then return nil, message end
  result.actions, result.blobs, result.freed = swept.actions, swept.blobs, swept.bytes
  return result
end

return M
