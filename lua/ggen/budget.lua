-- What the time of plugins is held against: how long a call may be busy, and after how long a
-- plugin that does not come back ends the run. The clock itself is the engine's
-- (engine/lua/bind_plugin_clock.cpp).
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.plugin_clock")

local M = {}

-- The environment's word in place of what is usual: a time, or "off".
local BUDGET, LIMIT = "GGEN_PLUGIN_BUDGET", "GGEN_PLUGIN_LIMIT"

local DEFAULT_LIMIT = 10 -- seconds
local OTHERS = 0.1 -- seconds, of the methods that every kind has
local NEVER = 1e9

local function from_environment(name, default)
  local text = os.getenv(name)
  if not text or text == "" then return default end
  if text == "off" then return NEVER end
  local seconds, message = require("ggen.units").duration(tonumber(text) or text)
  if seconds == 0 then message = 'must be above zero, or "off"' end
  if message then require("ggen.fault").raise(("%s: %s"):format(name, message)) end
  return seconds
end

local told -- what the environment says of all budgets; false: nothing

local function told_budget()
  if told == nil then told = from_environment(BUDGET, false) end
  return told
end

---A method for the clock.
---@param name string of the plugin, as users write it
---@param method string
---@param known ggen.KindMethod? what may be expected of it
---@return integer slot
function M.slot(name, method, known)
  local all = told_budget()
  return clock.slot(name, "method " .. method, all or known and known.budget or OTHERS,
    all or OTHERS, known and known.each and "longest" or nil, known and not known.waits)
end

---`setup` for the clock. It has a limit of its own; what it hands over is held against the time.
---@param name string of the plugin
---@return integer slot
function M.slot_of_setup(name)
  return clock.slot(name, "setup", 0, told_budget() or OTHERS, "nothing")
end

---The slot of what belongs to no plugin, though it runs within a call of one.
M.OUTSIDE = 0

local enter, leave = clock.enter, clock.leave

local function back(call, ok, ...)
  leave(call)
  if not ok then error((...), 0) end
  return ...
end

---Calls a function that a plugin passes on: the host's, or one of the pipeline. Neither its time
---nor that it does not end is the plugin's.
---@async
---@param fn function
---@param ... any
---@return ...
function M.outside(fn, ...)
  return back(enter(M.OUTSIDE), pcall(fn, ...))
end

---From now on a plugin that does not come back ends the program.
function M.watch()
  local limit = from_environment(LIMIT, DEFAULT_LIMIT)
  if limit == NEVER then return end
  clock.watch(limit, (": it has not come back for %g s, so the run ends here (%s=TIME or off"
    .. " changes the limit)"):format(limit, LIMIT))
end

---Says which calls took longer than they may, as notes of the run; nothing is said twice.
---@param events ggen.Events
function M.report(events)
  local over = clock.over()
  if not over then return end
  for _, text in ipairs(require("ggen.over_budget").texts(over)) do events:note("warning", text) end
end

---Says what nobody will be told as a note: what came after the end of the run, when the record was
---written and shown, and what a command did.
function M.say_rest()
  for _, text in ipairs(require("ggen.over_budget").texts(clock.over() or {})) do
    io.stderr:write("ggen-lua: warning: ", require("ggen.harmless").text(text), "\n")
  end
end

return M
