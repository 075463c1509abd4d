-- The contract suite by the kind observer.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of observers", function()
  local GOOD = [[
    local ended = {}
    local self = {
      writes = { "report.txt" },
      on_task_end = function(_, task, result)
        ended[#ended + 1] = task.id .. " " .. result.status
      end,
      on_run_gate = function(_, run)
        if run:record().totals.failed > 1000 then return "too many" end
      end,
      on_run_end = function(_, run)
        ggen.report.write(run, "wrong", "report.txt", table.concat(ended, "\n"))
      end,
    }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("observer", with(""))
  wrong_plugins.example("observer")
  wrong_plugins.builtin("observer", {
    ["observer.alerts"] = { rules = { { name = "slow", condition = "wall > 1ms", run = "tell it",
      webhook = "http://127.0.0.1:9/hook" } } },
    ["observer.otlp"] = { endpoint = "http://127.0.0.1:9" },
    ["observer.prometheus"] = { file = "metrics.prom", push = "http://127.0.0.1:9" },
    ["observer.targets"] = { total = "1s", gate = true },
  })
  wrong_plugins.describe("observer", {
    { "marks results", "arguments", with([[
      self.on_task_end = function(_, task, result)
        result.reported = true
        ended[#ended + 1] = task.id
      end]]), "set argument 2.reported = true" },
    { "sorts the tasks of the record", "arguments", with([[
      self.on_run_end = function(_, run)
        local tasks = run:record().tasks
        table.sort(tasks, function(a, b) return a.duration > b.duration end)
        ggen.report.write(run, "wrong", "report.txt", tasks[1] and tasks[1].id or "")
      end]]), "set run:record().tasks[" },
    { "has a note for each note", "makes no notes of notes", with([[
      self.on_note = function(_, _, text) host.note("info", "noted: " .. text) end]]),
      "a note about each note never ends" },
    { "gives a number as the reason of its gate", "answers", with([[
      self.on_run_gate = function() return 3 end]]), "as a text" },
    { "waits in the midst of a run", "waits", with([[
      self.on_task_start = function() ggen.async.sleep(1) end]]), "it must not wait" },
    { "knows only so many tasks", "bears every run", with([[
      local count = 0
      self.on_task_start = function()
        count = count + 1
        if count > 6 then error("more than 6") end
      end]]), "an observer bears what happens in a run" },
    { "takes the output of programs for text", "answers", with([[
      self.on_task_skip = function(_, task, reason)
        if reason:find("%z") then error("what is this?") end
      end]]), "a method does not raise" },
    { "divides by the count of tasks", "bears an empty run", with([[
      self.on_run_start = function() ended.started = true end
      self.on_run_end = function(_, run)
        local record = run:record()
        if #record.tasks + #record.fresh == 0 then error("no task at all") end
        ggen.report.write(run, "wrong", "report.txt", "x")
      end]]), "a run in which nothing happens" },
    { "does not say what it writes", "says what it writes", with("self.writes = nil"),
      'left the file "report.txt"' },
    { "loses what cannot be written", "errors", with([[
      self.on_run_end = function(_, run)
        ggen.files.write(run.project.dir .. "/report.txt", "x")
      end]]), "is not passed over in silence" },
    { "has one list for all", "instances", with([[
      state.list = state.list or {}
      self.on_task_end = function(_, task) state.list[task.id] = true end
      self.on_run_end = function(_, run)
        local count = 0
        for _ in pairs(state.list) do count = count + 1 end
        run.events:note("info", count .. " tasks")
        state.list = {}
      end]]), "beside an instance with other options" },
  })
end)
