-- Says at the end which task failed most often before it passed.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "stubborn",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Name the task that was tried most often",
  params = { least = { type = "integer", min = 1, default = 2, desc = "Attempts worth a word" } },
  setup = function(params)
    local worst, attempts = nil, 0
    return {
      on_task_end = function(_, task, result)
        if result.attempts >= params.least and result.attempts > attempts then
          worst, attempts = task.id, result.attempts
        end
      end,
      on_run_end = function(_, run)
        if worst then
          run.events:note("info", ("%s needed %d attempts"):format(worst, attempts))
        end
      end,
    }
  end,
}
