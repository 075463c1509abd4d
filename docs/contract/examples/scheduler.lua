-- The tasks that ask for the most processors first; never two of those that ask for more than one.
-- SPDX-License-Identifier: MIT

local function processors(task) return task.spec.weight and task.spec.weight.cpu or 1 end

---@type ggen.Plugin
return {
  name = "heavy-first",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Start heavy tasks first, one of them at a time",
  setup = function()
    return {
      priority = function(_, task) return processors(task) end,
      admit = function(_, task, view)
        if processors(task) <= 1 then return true end
        for _, running in ipairs(view.running) do
          if processors(running.task) > 1 then return false end
        end
        return true
      end,
    }
  end,
}
