-- The contract of watching: which of the changes that the file system told of count.
-- SPDX-License-Identifier: MIT
local values = require("ggen.contract.values")

local M = { order = { "batch" }, needs = { "batch" } }

local KINDS = { "changed", "created", "removed" }
local FOLDERS = { "", "src/", "src/deep/er/", ".git/", "node_modules/x/", "out put/" }
local NAMES = { "main.c", "a~", ".main.c.swp", "4913", "#notes#", "pipeline.lua", "é.txt", "x y" }

local function events_of(draw, count)
  local list, now = {}, 1.8e9
  for i = 1, count do
    now = now + draw:int(0, 50) / 1000
    list[i] = { path = draw:pick(FOLDERS) .. draw:pick(NAMES), kind = draw:pick(KINDS), time = now }
  end
  return list
end

function M.scene(_, draw, size)
  return { events = events_of(draw, size == "large" and 2000 or draw:int(0, 12)) }
end

M.calls = { batch = function(scene) return { scene.events } end }

local function count_of(list)
  local counts = {}
  for _, event in ipairs(list) do
    local text = values.text(event)
    counts[text] = (counts[text] or 0) + 1
  end
  return counts
end

M.answers = {
  batch = function(results, args)
    local list = results[1]
    if type(list) ~= "table" then return "a list of changes" end
    for key in pairs(list) do
      if type(key) ~= "number" or key < 1 or key > #list then return "a list of changes" end
    end
    local given = count_of(args[1])
    for text, count in pairs(count_of(list)) do
      if count > (given[text] or 0) then
        return "changes of those that it was given, each as often as it came at most: not " .. text
      end
    end
  end,
}

-- What has happened later does not take an earlier change back, whoever else is looked at.
local function forgets_nothing_beside(suite)
  for round = 1, 50 do
    local draw = suite:draw("beside", round)
    local instance = suite:set_up_otherwise(draw)
    if not instance or not instance.impl.batch then return nil end
    local first = suite:call(instance, "batch", { n = 1, events_of(draw, 6) })
    local empty = suite:call(instance, "batch", { n = 1, {} })
    suite:close(instance)
    if first.ok and empty.ok and type(empty.results[1]) == "table" and #empty.results[1] > 0 then
      return suite:problem("batch({})", suite:came(empty), "of no events no changes come")
    end
  end
end

M.laws = { { name = "nothing of nothing", run = forgets_nothing_beside } }

return M
