-- What a plugin leaves behind: what is set for the whole program, and what is open after close().
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local globals = require("ggen.contract.globals")
local loop = require("ggen.core.loop")
local process = require("ggen.core.process")
local world = require("ggen.contract.world")

local M = {}

-- What is set for the whole program.
local function harmed(suite)
  local harm = suite.world.harms[1]
  return harm and suite:problem("the plugin", "called " .. harm,
    "what holds for the whole program is the host's to set")
end

---@param suite ggen.contract.Suite
---@return string? problem
function M.globals(suite)
  local modules = globals.now() -- with those of ggen that have been loaded meanwhile
  local instance = suite:set_up()
  if instance then
    suite:exercise(instance, suite:scene(suite:draw("globals")))
    suite:close(instance)
  end
  local harm = harmed(suite)
  if harm then return harm end
  local changed = modules:changed() or suite.globals:changed()
  if changed then
    return suite:problem("the plugin", ("set %s"):format(changed),
      "a plugin writes no global variable, and nothing into the libraries of Lua and into ggen")
  end
end

local function descriptors()
  local list = fs.list("/proc/self/fd")
  return list and #list or 0
end

local function left_open(suite, before)
  world.outside(function() require("ggen.async").sleep(0) end)
  local now = { handles = loop.alive(), children = process.live(), files = descriptors() }
  local timers, live = suite.world:open_timers(), suite.world:live()
  local left = {}
  local function add(count, what) if count > 0 then left[#left + 1] = count .. " " .. what end end
  add(timers, "timer(s)")
  add(live, "process(es) that still run")
  add(now.handles - before.handles, "open handle(s) of the loop")
  add(now.children - before.children, "child process(es)")
  add(now.files - before.files, "open file(s)")
  return #left > 0 and table.concat(left, ", ") or nil
end

---@param suite ggen.contract.Suite
---@return string? problem
function M.open(suite)
  local names
  local function once(round)
    local instance = suite:set_up()
    if not instance then return false end
    names = table.concat(suite:methods_of(instance), ", ")
    suite:exercise(instance, suite:scene(suite:draw("leaks", round)))
    suite:close(instance)
    return true
  end
  if not once(1) then return nil end -- what the host keeps open from its first use on is its own
  world.outside(function() require("ggen.async").sleep(0) end)
  collectgarbage()
  collectgarbage("stop") -- what only the collector closes was left open
  local left
  local before = { handles = loop.alive(), children = process.live(), files = descriptors() }
  local ok, problem = pcall(suite.inside, suite, function()
    once(2)
    left = left_open(suite, before)
  end)
  collectgarbage("restart")
  if not ok then error(problem, 0) end
  if left and not suite.hung then
    return suite:problem(("setup, %s and close"):format(names), "left behind: " .. left,
      "after close() nothing of the plugin is open")
  end
end

return M
