-- busted's helper file for our specs: counts, and checks after each spec that it left nothing open:
-- no handle of the loop, no child. Knows busted's events and nothing of what the specs test.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local busted = require("busted")
local loop = require("ggen.core.loop")
local process = require("ggen.core.process")

local counts = require("counts")

local MOST_TURNS = 100

local handles_before

busted.subscribe({ "test", "start" }, function()
  handles_before = loop.alive()
  return nil, true
end)

local function left_open()
  -- What is being closed is gone after a turn of the loop or a few; what was left open never is.
  local handles, children
  for _ = 1, MOST_TURNS do
    async.sleep(0)
    handles, children = loop.alive() - handles_before, process.live()
    if handles <= 0 and children <= 0 then return nil end
  end
  local left = {}
  if handles > 0 then left[#left + 1] = handles .. " open handle(s) of the loop" end
  if children > 0 then left[#left + 1] = children .. " child(ren)" end
  return #left > 0 and table.concat(left, ", ") or nil
end

busted.subscribe({ "test", "end" }, function(element, parent, status)
  local left = left_open()
  if left then
    busted.publish({ "failure", element.descriptor }, element, parent, "left behind: " .. left, {})
    counts.failed = counts.failed + 1
  elseif status == "success" then
    counts.passed = counts.passed + 1
  elseif status ~= "pending" then
    counts.failed = counts.failed + 1
  end
  return nil, true
end)

for _, kind in ipairs({ "error", "failure" }) do
  for _, descriptor in ipairs({ "file", "describe" }) do
    busted.subscribe({ kind, descriptor }, function()
      counts.failed = counts.failed + 1
      return nil, true
    end)
  end
end
