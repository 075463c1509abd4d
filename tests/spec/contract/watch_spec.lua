-- The contract suite by the kind watch.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of watching", function()
  local GOOD = [[
    local self = { batch = function(_, events)
      local list = {}
      for _, event in ipairs(events) do
        if not event.path:find("~$") then list[#list + 1] = event end
      end
      return list
    end }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("watch", with(""))
  wrong_plugins.example("watch")
  wrong_plugins.builtin("watch")
  wrong_plugins.describe("watch", {
    { "decides nothing", "setup", "return {}", "a plugin of kind watch has the method batch" },
    { "sorts the events of all", "arguments", with([[
      self.batch = function(_, events)
        table.sort(events, function(a, b) return a.path < b.path end)
        return events
      end]]), "set argument 1[" },
    { "returns a path", "answers", with("self.batch = function() return 'main.c' end"),
      "a list of changes" },
    { "makes changes up", "answers", with([[
      self.batch = function() return { { path = "all", kind = "changed", time = 1 } } end]]),
      "changes of those that it was given" },
    { "says one twice", "answers", with([[
      self.batch = function(_, events) return { events[1], events[1] } end]]),
      "each as often as it came at most" },
    { "remembers what has come", "purity", with([[
      local seen = {}
      self.batch = function(_, events)
        local list = {}
        for _, event in ipairs(events) do
          if not seen[event.path] then list[#list + 1] = event end
          seen[event.path] = true
        end
        return list
      end]]), "it is pure" },
    { "keeps changes for later", "nothing of nothing", with([[
      local kept = {}
      self.batch = function(_, events)
        if #events > 0 then kept = { events[1] } return events end
        return kept
      end]]), "of no events no changes come" },
  })
end)
