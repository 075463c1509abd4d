-- Runs the steps of a task on this machine, in order, until one fails.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "process",
  kind = "executor",
  version = "1.0.0",
  api = 1,
  desc = "Run tasks as processes of this machine",
  permissions = { "process" },
  setup = function()
    return {
      run = function(_, _, ctx)
        local result, left_behind
        for _, step in ipairs(ctx.steps) do
          result = ctx:step(step)
          left_behind = left_behind or result.left_behind
          if result.code ~= 0 then break end
        end
        if not result then return { code = 0 } end -- a task that only orders others
        result.left_behind = left_behind
        return result
      end,
    }
  end,
}
