-- Lets the workspaces take turns: of the tasks that are ready, the first of each workspace come
-- before the second of any. A workspace with a thousand tasks does not keep one with ten waiting.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "fair",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Let the workspaces take turns",
  setup = function()
    local last, now, turn_of = {}, 0, {}
    return {
      priority = function(_, task, view)
        local workspace = view:workspace(task) or ""
        -- Who had nothing to do for a while begins where the others are: turns that were not taken
        -- are not kept.
        local turn = math.max(last[workspace] or 0, now) + 1
        last[workspace], turn_of[task.index] = turn, turn
        return -turn
      end,

      observe = function(_, task) now = math.max(now, (turn_of[task.index] or 1) - 1) end,
    }
  end,
}
