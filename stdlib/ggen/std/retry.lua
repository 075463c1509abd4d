-- Tries again, after a pause that grows. Part of the pause is left to chance, so that many that
-- failed together do not come back together.
--
-- Within a task, give `sleep = ctx.sleep`: then Ctrl-C ends the pause.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@class ggen.std.retry
local M = {}

---@class ggen.std.retry.Options
---@field tries? integer how often to try at most (3)
---@field delay? ggen.Duration the first pause ("1s")
---@field factor? number what each pause is multiplied with (2)
---@field max_delay? ggen.Duration the longest pause ("60s")
---@field jitter? number how much of a pause is left to chance, 0 to 1 (0.5)
---@field when? fun(problem: any): boolean whether to try again after this; always without it
---@field on_retry? fun(attempt: integer, seconds: number, problem: any) called before each pause
---@field sleep? fun(seconds: number) how to wait
---@field random? fun(): number from 0 to below 1

local DEFAULTS = { tries = 3, delay = 1, factor = 2, max_delay = 60, jitter = 0.5 }

-- The options with defaults filled in and durations in seconds.
local function settle(options)
  options = options or {}
  local settled = {}
  for name, default in pairs(DEFAULTS) do
    local value = options[name]
    if value == nil then value = default end
    if name == "delay" or name == "max_delay" then
      local seconds, message = ggen.units.duration(value)
      if not seconds then error(("retry: %s: %s"):format(name, message), 3) end
      value = seconds
    elseif type(value) ~= "number" or value ~= value then
      error(("retry: %s: a number expected, got %s"):format(name, tostring(value)), 3)
    end
    settled[name] = value
  end
  if settled.tries < 1 then error("retry: tries: 1 or more expected", 3) end
  if settled.factor < 1 then error("retry: factor: 1 or more expected", 3) end
  if settled.jitter < 0 or settled.jitter > 1 then error("retry: jitter: 0 to 1 expected", 3) end
  settled.random = options.random or math.random
  return settled
end

local function pause_after(attempt, settled)
  local seconds = 0 -- and not 0 * inf, however often it is doubled
  if settled.delay > 0 then
    seconds = math.min(settled.delay * settled.factor ^ (attempt - 1), settled.max_delay)
  end
  return seconds * (1 - settled.jitter * settled.random())
end

---The pause after attempt number `attempt` has failed.
---   > retry.delay(3, { delay = "1s", factor = 2, jitter = 0 })
---   < 4
---   > retry.delay(1, { delay = "10s", jitter = 0.5, random = function() return 0.5 end })
---   < 7.5
---@param attempt integer from 1
---@param options? ggen.std.retry.Options
---@return number seconds
function M.delay(attempt, options) return pause_after(attempt, settle(options)) end

local function pack(...) return { n = select("#", ...), ... } end

---Calls `fn` until it works: until it does not raise, and does not return nil or false as its first
---value. Returns what the last call returned, or raises what it raised.
---   > retry.run(function(attempt) return attempt == 3, attempt end, { delay = 0 })
---   < true, 3
---   > retry.run(function() return nil, "busy" end, { tries = 2, delay = 0 })
---   < nil, "busy"
---@async
---@param fn fun(attempt: integer): ...
---@param options? ggen.std.retry.Options
---@return ... what fn returned
function M.run(fn, options)
  local settled = settle(options)
  options = options or {}
  local attempt = 1
  while true do
    local results = pack(pcall(fn, attempt))
    local raised = not results[1]
    if not raised and (results.n == 1 or results[2]) then return unpack(results, 2, results.n) end
    local problem = results[raised and 2 or 3]
    -- A task that was cancelled does not try again.
    if raised and problem == ggen.async.CANCELLED then error(problem, 0) end
    if attempt >= settled.tries or (options.when and not options.when(problem)) then
      if raised then error(problem, 0) end
      return unpack(results, 2, results.n)
    end
    local seconds = pause_after(attempt, settled)
    if options.on_retry then options.on_retry(attempt, seconds, problem) end
    local sleep = options.sleep or ggen.async.sleep
    sleep(seconds)
    attempt = attempt + 1
  end
end

return M
