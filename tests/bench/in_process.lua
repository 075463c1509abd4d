-- The plugin of plugin_tiers.lua that has a process of its own.
-- SPDX-License-Identifier: MIT
return {
  name = "in-process",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Look at the task and at the view, in a process of its own",
  trust = "process",
  setup = function()
    return {
      priority = function(_, task, view)
        assert(task.id and task.dir)
        return task.index + view.jobs
      end,
    }
  end,
}
